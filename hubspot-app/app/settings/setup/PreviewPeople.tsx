import { useMemo, useState } from 'react';
import {
  Flex,
  Heading,
  LoadingButton,
  LoadingSpinner,
  Select,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Tag,
  Text,
} from '@hubspot/ui-extensions';
import type { Fields, Preview, PreviewPerson, Side } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { showValue } from '../shared/show-value.js';
import { useLoad } from '../shared/use-load.js';
import { usePages } from '../shared/use-pages.js';

const text = words.preview;
const mostChanges = 6;

/** Person by person, before and after: a few of each kind, or all of one kind. */
export function PreviewPeople(props: { connectionId: string; accountId: string; preview: Preview }) {
  const { api } = usePlatform();
  const { connectionId, preview } = props;
  // Names of fields are a comfort: without them the rows show the internal names.
  const fields = useLoad(`fields ${props.accountId}`, () => api.fields(props.accountId)).data;
  const known = useMemo(() => namesOf(fields, preview), [fields, preview]);
  const [action, setAction] = useState('all');
  const rows = usePages(`preview rows ${preview.id} ${action}`, async (cursor) =>
    action === 'all'
      ? { results: preview.samples, next: null }
      : api.previewRows(connectionId, preview.id, action, cursor),
  );
  return (
    <Flex direction="column" gap="small">
      <Heading>{text.samplesTitle}</Heading>
      <Select
        name="preview-filter"
        label={text.filter}
        value={action}
        options={[
          { value: 'all', label: words.common.all },
          ...Object.entries(text.actions).map(([value, label]) => ({ value, label })),
        ]}
        onChange={(value) => setAction(String(value))}
      />
      <ProblemAlert problem={rows.problem} />
      {rows.rows === null && rows.problem === null ? (
        <LoadingSpinner label={words.common.loading} showLabel />
      ) : rows.rows?.length === 0 ? (
        <Text>{action === 'all' ? text.noSamples : words.common.none}</Text>
      ) : (
        <Table density="condensed" bordered>
          <TableHead>
            <TableRow>
              <TableHeader>{text.columns.person}</TableHeader>
              <TableHeader>{text.columns.what}</TableHeader>
              <TableHeader>{text.columns.change}</TableHeader>
            </TableRow>
          </TableHead>
          <TableBody>
            {(rows.rows ?? []).map((person, at) => (
              <PersonRow key={at} person={person} known={known} />
            ))}
          </TableBody>
        </Table>
      )}
      {rows.more === null ? null : (
        <Flex>
          <LoadingButton size="sm" loading={rows.busy} onClick={rows.more}>
            {words.common.more}
          </LoadingButton>
        </Flex>
      )}
    </Flex>
  );
}

const tags = { issue: 'error', skip: 'warning', unchanged: 'default' } as const;

interface Names {
  field(side: Side, name: string): string;
  reason(code: string): string;
}

function namesOf(fields: Fields | null, preview: Preview): Names {
  const labels = new Map<string, string>([
    ...(fields?.hubspot ?? []).map((one): [string, string] => [`hubspot ${one.name}`, one.label]),
    ...(fields?.klaviyo ?? []).map((one): [string, string] => [`klaviyo ${one.name}`, one.label]),
  ]);
  const reasons = new Map(preview.skipped.map(({ reason, message }) => [reason, message]));
  return {
    field: (side, name) => labels.get(`${side} ${name}`) ?? name,
    reason: (code) => reasons.get(code) ?? code,
  };
}

function PersonRow({ person, known }: { person: PreviewPerson; known: Names }) {
  const variant = Object.hasOwn(tags, person.action) ? tags[person.action as keyof typeof tags] : 'success';
  const besides = [
    ...(person.lists.length > 0 ? [text.joins(person.lists.length)] : []),
    ...(person.subscribe ? [text.subscribes] : []),
    ...person.optOut.map((side) => text.optsOut(words.common.side[side])),
  ];
  const shown = person.changes.slice(0, mostChanges);
  const nothing = shown.length === 0 && besides.length === 0 && person.issues.length === 0 && person.skipped === null;
  return (
    <TableRow>
      <TableCell>
        <Text truncate={{ maxWidth: 240, tooltipText: person.email ?? words.common.noEmail }}>
          {person.email ?? words.common.noEmail}
        </Text>
      </TableCell>
      <TableCell>
        <Tag variant={variant}>{text.action(person.action)}</Tag>
      </TableCell>
      <TableCell>
        <Flex direction="column" gap="flush">
          {shown.map((change) => (
            <Text key={`${change.side} ${change.field}`} variant="microcopy">
              {`${words.common.side[change.side]} · ${known.field(change.side, change.field)}: ${showValue(change.before)} → ${showValue(change.after)}`}
            </Text>
          ))}
          {person.changes.length > shown.length ? (
            <Text variant="microcopy">{`+ ${person.changes.length - shown.length}`}</Text>
          ) : null}
          {besides.map((sentence) => (
            <Text key={sentence} variant="microcopy">
              {sentence}
            </Text>
          ))}
          {person.skipped === null ? null : <Text variant="microcopy">{known.reason(person.skipped)}</Text>}
          {person.issues.map((issue) => (
            <Text key={`${issue.code} ${issue.field}`} variant="microcopy">
              {issue.detail}
            </Text>
          ))}
          {nothing ? <Text variant="microcopy">{text.nothingChanges}</Text> : null}
        </Flex>
      </TableCell>
    </TableRow>
  );
}

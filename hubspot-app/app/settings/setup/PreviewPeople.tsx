import { useMemo, useState } from 'react';
import {
  Button,
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
import type { Preview, PreviewPerson } from '../api-types.js';
import { words } from '../words.js';
import { useNames } from '../shared/names.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { showValue } from '../shared/show-value.js';
import { usePages } from '../shared/use-pages.js';

const text = words.preview;
const mostChanges = 6;
/** Of each kind at first, so that what comes after the examples is in reach. */
const firstOfEach = 2;

/** Person by person, before and after: a few of each kind, or all of one kind. */
export function PreviewPeople(props: { connectionId: string; preview: Preview }) {
  const { api } = usePlatform();
  const { connectionId, preview } = props;
  const reasons = useMemo(() => new Map(preview.skipped.map(({ reason, message }) => [reason, message])), [preview]);
  const [all, setAll] = useState(false);
  const [action, setAction] = useState('all');
  const rows = usePages(`preview rows ${preview.id} ${action}`, async (cursor) =>
    action === 'all'
      ? { results: preview.samples, next: null }
      : api.previewRows(connectionId, preview.id, action, cursor),
  );
  const people = rows.rows ?? [];
  const shown = action === 'all' && !all ? someOfEach(people) : people;
  if (preview.samples.length === 0) return <Text>{text.noSamples}</Text>;
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
        <Text>{words.common.none}</Text>
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
            {shown.map((person, at) => (
              <PersonRow key={at} person={person} reasons={reasons} />
            ))}
          </TableBody>
        </Table>
      )}
      {shown.length === people.length ? null : (
        <Flex>
          <Button size="sm" onClick={() => setAll(true)}>
            {text.allSamples(people.length)}
          </Button>
        </Flex>
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

/** The first few of each kind, in their order. */
function someOfEach(people: readonly PreviewPerson[]): PreviewPerson[] {
  const seen = new Map<string, number>();
  return people.filter(({ action }) => {
    const count = (seen.get(action) ?? 0) + 1;
    seen.set(action, count);
    return count <= firstOfEach;
  });
}

function PersonRow({ person, reasons }: { person: PreviewPerson; reasons: ReadonlyMap<string, string> }) {
  const names = useNames();
  const variant = Object.hasOwn(tags, person.action) ? tags[person.action as keyof typeof tags] : 'success';
  const besides = [
    ...(person.lists.length > 0 ? [text.joins(person.lists.map((id) => names.list(id)).join('”, “'))] : []),
    ...(person.subscribe ? [text.subscribes] : []),
    ...person.optOut.map((side) => text.optsOut(words.common.side[side])),
  ];
  const shown = person.changes.slice(0, mostChanges);
  const more = person.changes.length - shown.length + person.moreChanges;
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
              {`${words.common.side[change.side]} · ${names.field(change.side, change.field)}: ${showValue(change.before)} → ${showValue(change.after)}`}
            </Text>
          ))}
          {more === 0 ? null : <Text variant="microcopy">{text.moreChanges(more)}</Text>}
          {besides.map((sentence) => (
            <Text key={sentence} variant="microcopy">
              {sentence}
            </Text>
          ))}
          {person.skipped === null ? null : (
            <Text variant="microcopy">{reasons.get(person.skipped) ?? person.skipped}</Text>
          )}
          {person.issues.map((issue) => (
            <Text key={`${issue.code} ${issue.field}`} variant="microcopy">
              {text.issue(issue)}
            </Text>
          ))}
          {nothing ? <Text variant="microcopy">{text.nothingChanges}</Text> : null}
        </Flex>
      </TableCell>
    </TableRow>
  );
}

import {
  Alert,
  Button,
  EmptyState,
  Flex,
  Heading,
  LoadingButton,
  LoadingSpinner,
  Table,
  TableBody,
  TableHead,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import type { IssueGroup } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useAction } from '../shared/use-action.js';
import { usePages } from '../shared/use-pages.js';
import { IssueLine } from './IssueLine.js';

const text = words.issues;

/** The contacts that have one cause in common, a page at a time. */
export function IssuesOfCause({ cause, onBack }: { cause: IssueGroup; onBack(): void }) {
  const { api, copy, tell } = usePlatform();
  const { connectionId, code } = cause;
  const issues = usePages(`issues ${connectionId} ${code}`, (cursor) => api.issues({ connectionId, code }, cursor));
  const copying = useAction(async () => {
    await copy(await api.issuesCsv({ connectionId, code }));
    tell('success', text.copied);
  });
  return (
    <Flex direction="column" gap="medium">
      <Flex>
        <Button variant="transparent" size="sm" onClick={onBack}>
          {text.backToCauses}
        </Button>
      </Flex>
      <Heading>{cause.title}</Heading>
      <Alert title={text.fix} variant="info">
        <Text>{cause.fix}</Text>
      </Alert>
      <Flex>
        <LoadingButton size="sm" loading={copying.busy} onClick={() => copying.start()}>
          {text.copyCsv}
        </LoadingButton>
      </Flex>
      <ProblemAlert problem={copying.problem ?? issues.problem} />
      {issues.rows === null ? (
        issues.problem === null ? (
          <LoadingSpinner label={words.common.loading} showLabel layout="centered" />
        ) : (
          <Flex>
            <Button onClick={issues.reload}>{words.common.retry}</Button>
          </Flex>
        )
      ) : issues.rows.length === 0 ? (
        <EmptyState title={text.none} layout="vertical" imageName="task">
          <Text>{text.noneText}</Text>
        </EmptyState>
      ) : (
        <Table density="condensed">
          <TableHead>
            <TableRow>
              <TableHeader>{text.columns.contact}</TableHeader>
              <TableHeader>{text.columns.detail}</TableHeader>
              <TableHeader>{text.columns.since}</TableHeader>
              <TableHeader>{text.columns.actions}</TableHeader>
            </TableRow>
          </TableHead>
          <TableBody>
            {issues.rows.map((issue) => (
              <IssueLine key={issue.id} issue={issue} onChanged={issues.reload} />
            ))}
          </TableBody>
        </Table>
      )}
      {issues.more === null ? null : (
        <Flex>
          <LoadingButton size="sm" loading={issues.busy} onClick={issues.more}>
            {words.common.more}
          </LoadingButton>
        </Flex>
      )}
    </Flex>
  );
}

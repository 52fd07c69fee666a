import {
  Alert,
  Button,
  EmptyState,
  Flex,
  Heading,
  Link,
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
import { usePages } from '../shared/use-pages.js';
import { DownloadIssues } from './DownloadIssues.js';
import { IssueLine } from './IssueLine.js';

const text = words.issues;

/** The contacts that have one cause in common, a page at a time. */
export function IssuesOfCause({ cause, onBack }: { cause: IssueGroup; onBack(): void }) {
  const { api, number } = usePlatform();
  const { connectionId, code } = cause;
  const issues = usePages(`issues ${connectionId} ${code}`, (cursor) => api.issues({ connectionId, code }, cursor));
  return (
    <Flex direction="column" gap="medium">
      <Link href="#" preventDefault onClick={onBack}>
        {text.backToCauses}
      </Link>
      <Flex direction="column" gap="flush">
        <Heading>{cause.title}</Heading>
        <Text variant="microcopy">{text.contacts(number(cause.count), cause.count === 1)}</Text>
      </Flex>
      <Alert title={text.fix} variant="info">
        <Text>{cause.fix}</Text>
      </Alert>
      <DownloadIssues filter={{ connectionId, code }} />
      <ProblemAlert problem={issues.problem} />
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

import { Alert, Flex, LoadingButton, Text } from '@hubspot/ui-extensions';
import type { OpenIssue } from '../card-types.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useAction } from '../shared/use-action.js';
import { words } from '../words.js';

/** A card has room for so many; the settings page has them all. */
const shown = 2;

/** What stands in the way of this contact, each with what to do. */
export function OpenIssues({ issues, onRetried }: { issues: OpenIssue[]; onRetried(): void }) {
  return (
    <>
      {issues.slice(0, shown).map((issue) => (
        <IssueAlert key={issue.id} issue={issue} onRetried={onRetried} />
      ))}
      {issues.length > shown ? <Text variant="microcopy">{words.moreIssues(issues.length - shown)}</Text> : null}
    </>
  );
}

function IssueAlert({ issue, onRetried }: { issue: OpenIssue; onRetried(): void }) {
  const { api, tell } = usePlatform();
  const retrying = useAction(async () => {
    await api.retryIssue(issue.id);
    tell('success', words.retried);
    onRetried();
  });
  return (
    <Alert title={issue.title} variant="danger" testId={`issue-${issue.id}`}>
      <Flex direction="column" gap="extra-small" align="start">
        <Text>{issue.detail}</Text>
        <Text>
          <Text inline format={{ fontWeight: 'demibold' }}>
            {words.fix}
          </Text>{' '}
          {issue.fix}
        </Text>
        <LoadingButton size="xs" loading={retrying.busy} onClick={() => retrying.start()}>
          {words.retryIssue}
        </LoadingButton>
        <ProblemAlert problem={retrying.problem} />
      </Flex>
    </Alert>
  );
}

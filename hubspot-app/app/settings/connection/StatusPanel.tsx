import {
  Alert,
  Button,
  DescriptionList,
  DescriptionListItem,
  Flex,
  Statistics,
  StatisticsItem,
  Text,
} from '@hubspot/ui-extensions';
import type { Connection, Status } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { SkippedTable } from '../setup/PreviewNumbers.js';
import { RunProgress } from './RunProgress.js';
import { Widen } from './Widen.js';

const text = words.connection;
/** Changes are looked for every two minutes at least: less than that is up to date. */
const upToDateSeconds = 120;
/** Reasons of standing still that are put right under “Accounts”. */
const ofAccounts = new Set(['klaviyo_disconnected', 'reconnect', 'reconnect_klaviyo']);
const percent = (share: number): string => `${Math.round(Math.min(1, Math.max(0, share)) * 100)} %`;

/** Counts, progress, lag and limits of a connection. */
export function StatusPanel(props: {
  connection: Connection;
  status: Status;
  onChanged(): void;
  onIssues(): void;
  onAccounts(): void;
}) {
  const { number, time } = usePlatform();
  const { connection, status } = props;
  const { counts, run } = status;
  const running = run !== null && (run.state === 'running' || run.state === 'queued');
  const numbers: [string, number][] = [
    [text.numbers.inSync, counts.inSync],
    [text.numbers.waiting, counts.waiting],
    [text.numbers.skipped, counts.skipped],
    [text.numbers.failed, counts.failed],
    ...(connection.type === 'engagement' ? [[text.numbers.engagements, counts.engagements] as [string, number]] : []),
  ];
  // A draft has no numbers, and nothing is late.
  if (status.state === 'draft')
    return (
      <Alert title={text.draft} variant="info">
        <Text>{text.draftText}</Text>
      </Alert>
    );
  return (
    <Flex direction="column" gap="medium">
      {status.stateReason === null ? null : (
        <Alert title={words.common.states[status.state]} variant="warning">
          <Flex direction="column" gap="extra-small" align="start">
            <Text>
              {[words.common.stateReason(status.stateReason), words.common.stateFix(status.stateReason)]
                .join(' ')
                .trim()}
            </Text>
            {ofAccounts.has(status.stateReason) ? (
              <Button size="xs" onClick={props.onAccounts}>
                {words.overview.toAccounts}
              </Button>
            ) : null}
          </Flex>
        </Alert>
      )}
      {run?.state === 'failed' ? (
        <Alert title={`${text.run(run.kind)}: ${text.runState(run.state)}`} variant="danger">
          <Text>{run.error ?? words.problem.tryAgain}</Text>
        </Alert>
      ) : null}
      {running ? <RunProgress run={run} what={text.counts[connection.type]} /> : null}
      <Statistics>
        {numbers.map(([label, value]) => (
          <StatisticsItem key={label} label={label} number={number(value)} />
        ))}
      </Statistics>
      {counts.failed === 0 ? null : (
        <Flex>
          <Button size="sm" onClick={props.onIssues}>
            {words.overview.lookAtIssues}
          </Button>
        </Flex>
      )}
      {connection.type === 'contact' ? <Widen connection={connection} onChanged={props.onChanged} /> : null}
      <DescriptionList direction="row">
        <DescriptionListItem label={text.last}>
          <Text>{status.lastSuccessAt === null ? words.common.never : time(status.lastSuccessAt)}</Text>
        </DescriptionListItem>
        <DescriptionListItem label={text.lag}>
          <Text>{status.lagSeconds <= upToDateSeconds ? text.upToDate : words.common.duration(status.lagSeconds)}</Text>
        </DescriptionListItem>
        <DescriptionListItem label={text.budget}>
          <Text>{text.budgetOf(percent(status.budget.hubspot), percent(status.budget.klaviyo))}</Text>
        </DescriptionListItem>
      </DescriptionList>
      <SkippedTable skipped={status.skippedBy} />
    </Flex>
  );
}

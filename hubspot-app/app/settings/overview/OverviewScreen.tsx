import { Alert, Button, EmptyState, Flex, Heading, Statistics, StatisticsItem, Text } from '@hubspot/ui-extensions';
import type { Account, ConnectionType, Overview } from '../api-types.js';
import { words } from '../words.js';
import { LoadedView } from '../shared/LoadedView.js';
import { usePlatform } from '../shared/platform.js';
import { useLoad } from '../shared/use-load.js';
import { Banners } from './Banners.js';
import { ConnectionsTable } from './ConnectionsTable.js';

const text = words.overview;
const busyMs = 3_000;
const restMs = 20_000;
const variants = { good: 'success', attention: 'warning', broken: 'danger' } as const;

const pace = (known: Overview | null): number =>
  known?.connections.some(({ state }) => state === 'initial_sync') === true ? busyMs : restMs;

/** The first screen: is all well, what needs a person, and every connection with its state. */
export function OverviewScreen(props: {
  account: Account;
  onOpen(id: string): void;
  onSetUp(id: string): void;
  onNew(type: ConnectionType): void;
  onIssues(): void;
  onAccounts(): void;
}) {
  const { api } = usePlatform();
  const overview = useLoad('overview', () => api.overview(), pace);
  return (
    <LoadedView from={overview}>
      {(known) => (
        <Flex direction="column" gap="medium">
          <Health known={known} onIssues={props.onIssues} />
          <Banners banners={known.banners} onAccounts={props.onAccounts} />
          <Numbers known={known} account={props.account} />
          <Flex justify="between" align="center" wrap gap="small">
            <Heading>{text.connections}</Heading>
            <Flex gap="small">
              <Button size="sm" onClick={() => props.onNew('engagement')}>
                {text.newEngagement}
              </Button>
              <Button size="sm" variant="primary" onClick={() => props.onNew('contact')}>
                {text.newContact}
              </Button>
            </Flex>
          </Flex>
          {known.connections.length === 0 ? (
            <EmptyState title={text.noConnections} layout="vertical" imageName="integrations">
              <Text>{text.noConnectionsText}</Text>
            </EmptyState>
          ) : (
            <ConnectionsTable
              rows={known.connections}
              onOpen={props.onOpen}
              onSetUp={props.onSetUp}
              onChanged={overview.reload}
            />
          )}
        </Flex>
      )}
    </LoadedView>
  );
}

function Health({ known, onIssues }: { known: Overview; onIssues(): void }) {
  const { number } = usePlatform();
  const failed = known.connections.reduce((total, { counts }) => total + counts.failed, 0);
  if (known.health === 'good' && known.connections.every(({ state }) => state === 'draft'))
    return <Alert title={text.healthNone} variant="info" />;
  if (known.health === 'good' && failed === 0) return <Alert title={text.health.good} variant="success" />;
  return (
    <Alert title={text.health[known.health]} variant={variants[known.health]}>
      {failed === 0 ? null : (
        <Flex gap="small" align="center" wrap>
          <Text>{text.issues(number(failed), failed === 1)}</Text>
          <Button size="xs" onClick={onIssues}>
            {text.lookAtIssues}
          </Button>
        </Flex>
      )}
    </Alert>
  );
}

function Numbers({ known, account }: { known: Overview; account: Account }) {
  const { number } = usePlatform();
  const sum = (of: 'inSync' | 'waiting' | 'failed'): number =>
    known.connections.reduce((total, { counts }) => total + counts[of], 0);
  return (
    <Statistics>
      <StatisticsItem label={text.inSync} number={number(sum('inSync'))} />
      <StatisticsItem label={text.waiting} number={number(sum('waiting'))} />
      <StatisticsItem label={text.failed} number={number(sum('failed'))} />
      <StatisticsItem label={text.used} number={number(account.usage.uniqueContacts)} />
    </Statistics>
  );
}

import { useState } from 'react';
import { Flex, Heading, Link, Tab, Tabs } from '@hubspot/ui-extensions';
import type { Connection } from '../api-types.js';
import { words } from '../words.js';
import { LoadedView } from '../shared/LoadedView.js';
import { usePlatform } from '../shared/platform.js';
import { StateTag } from '../shared/StateTag.js';
import { useLoad } from '../shared/use-load.js';
import { LifeButtons } from './LifeButtons.js';
import { ParityPanel } from './ParityPanel.js';
import { RunsTable } from './RunsTable.js';
import { StatusPanel } from './StatusPanel.js';

const text = words.connection;
const tabs = ['status', 'parity', 'runs'] as const;
/** How often the status is read again, in milliseconds: while a run goes on, and else. */
const busyMs = 2_000;
const restMs = 15_000;

/** One connection: its status, proof of parity, runs, and what can be done with it. */
export function ConnectionScreen(props: {
  id: string;
  onBack(): void;
  onEdit(): void;
  onIssues(connectionId: string): void;
  onAccounts(): void;
  onHistory(runId: string): void;
}) {
  const { api } = usePlatform();
  const { id } = props;
  const [tab, setTab] = useState<(typeof tabs)[number]>('status');
  const connection = useLoad(`connection ${id}`, () => api.connection(id));
  const status = useLoad(
    `status ${id}`,
    () => api.status(id),
    (known) => (known?.run?.state === 'running' || known?.run?.state === 'queued' ? busyMs : restMs),
  );
  const changed = (): void => {
    connection.reload();
    status.reload();
  };
  // Only the open tab is drawn: the others ask for nothing, and are read afresh when they are opened.
  const drawn = {
    status: (known: Connection) => (
      <LoadedView from={status}>
        {(now) => (
          <StatusPanel
            connection={known}
            status={now}
            onChanged={changed}
            onIssues={() => props.onIssues(id)}
            onAccounts={props.onAccounts}
          />
        )}
      </LoadedView>
    ),
    parity: () => <ParityPanel connectionId={id} />,
    runs: () => <RunsTable connectionId={id} onHistory={props.onHistory} onUndone={changed} />,
  };
  return (
    <Flex direction="column" gap="medium">
      <Link href="#" preventDefault onClick={props.onBack}>
        {text.back}
      </Link>
      <LoadedView from={connection}>
        {(known) => {
          // The status is read more often; where the two differ it is the newer one.
          const state = status.data?.state ?? known.state;
          return (
            <Flex direction="column" gap="medium">
              <Flex justify="between" align="center" wrap gap="small">
                <Flex gap="small" align="center">
                  <Heading>{known.name}</Heading>
                  <StateTag state={state} />
                </Flex>
                <LifeButtons
                  connection={{ id, type: known.type, name: known.name, state, unsaved: known.unsaved !== null }}
                  onChanged={changed}
                  onEdit={props.onEdit}
                  onDeleted={props.onBack}
                />
              </Flex>
              <Tabs
                selected={tab}
                onSelectedChange={(chosen: string | number) => setTab(tabs.find((one) => one === chosen) ?? 'status')}
              >
                {tabs
                  // A draft has not done anything yet.
                  .filter((name) => name === 'status' || state !== 'draft')
                  .filter((name) => name !== 'parity' || known.type === 'contact')
                  .map((name) => (
                    <Tab key={name} tabId={name} title={text.tabs[name]}>
                      {name === tab ? drawn[name](known) : null}
                    </Tab>
                  ))}
              </Tabs>
            </Flex>
          );
        }}
      </LoadedView>
    </Flex>
  );
}

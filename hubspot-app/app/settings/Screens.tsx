import { useState, type ReactNode } from 'react';
import type { Account, Connection, ConnectionType } from './api-types.js';
import { ConnectionScreen } from './connection/ConnectionScreen.js';
import { EngagementSetup } from './engagement/EngagementSetup.js';
import { Home, type HomeTab } from './Home.js';
import { ContactSetup } from './setup/ContactSetup.js';
import { LoadedView } from './shared/LoadedView.js';
import { NamesProvider } from './shared/names.js';
import { usePlatform } from './shared/platform.js';
import { useLoad } from './shared/use-load.js';

type Screen =
  | { at: 'home'; tab: HomeTab }
  | { at: 'setup'; type: ConnectionType }
  | { at: 'resume'; id: string }
  | { at: 'connection'; id: string };

const home: Screen = { at: 'home', tab: { name: 'overview' } };

/** Who has nothing set up begins in the set-up, everybody else with the overview. */
const firstScreen = ({ connections }: Account): Screen =>
  connections.length === 0 ? { at: 'setup', type: 'contact' } : home;

/** Which screen is shown, and the ways between them. Chosen once: reading the account again moves nobody elsewhere. */
export function Screens({ account, onChanged }: { account: Account; onChanged(): void }) {
  const [screen, setScreen] = useState<Screen>(() => firstScreen(account));
  const show = (next: Screen): void => {
    setScreen(next);
    // Usage, names and accounts may have changed on the screen that is left.
    onChanged();
  };
  return <NamesProvider accounts={account.klaviyoAccounts}>{drawn(screen, account, show, onChanged)}</NamesProvider>;
}

function drawn(screen: Screen, account: Account, show: Show, onChanged: () => void): ReactNode {
  switch (screen.at) {
    case 'home':
      return (
        <Home
          account={account}
          tab={screen.tab}
          onTab={(tab) => show({ at: 'home', tab })}
          onOpen={(id) => show({ at: 'connection', id })}
          onSetUp={(id) => show({ at: 'resume', id })}
          onNew={(type) => show({ at: 'setup', type })}
          onChanged={onChanged}
        />
      );
    case 'connection':
      return (
        <ConnectionScreen
          id={screen.id}
          onBack={() => show(home)}
          onEdit={() => show({ at: 'resume', id: screen.id })}
          onIssues={(connectionId) => show({ at: 'home', tab: { name: 'issues', filter: { connectionId } } })}
          onAccounts={() => show({ at: 'home', tab: { name: 'accounts' } })}
          onHistory={(runId) => show({ at: 'home', tab: { name: 'history', filter: { runId } } })}
        />
      );
    case 'resume':
      return <Resume id={screen.id} onLoaded={(connection) => setUp(account, connection, show, onChanged)} />;
    case 'setup':
      return setUpNew(screen.type, account, show, onChanged);
  }
}

function Resume({ id, onLoaded }: { id: string; onLoaded(connection: Connection): ReactNode }) {
  const { api } = usePlatform();
  const connection = useLoad(`resume ${id}`, () => api.connection(id));
  return <LoadedView from={connection}>{onLoaded}</LoadedView>;
}

type Show = (screen: Screen) => void;

function setUpNew(type: ConnectionType, account: Account, show: Show, onAccount: () => void) {
  const common = {
    account,
    connection: null,
    onLeave: () => show(home),
    onDone: (id: string) => show({ at: 'connection', id }),
    onAccount,
  };
  return type === 'contact' ? <ContactSetup {...common} /> : <EngagementSetup {...common} />;
}

function setUp(account: Account, connection: Connection, show: Show, onAccount: () => void) {
  const common = {
    account,
    onLeave: () => show(connection.state === 'draft' ? home : { at: 'connection', id: connection.id }),
    onDone: (id: string) => show({ at: 'connection', id }),
    onAccount,
  };
  return connection.type === 'contact' ? (
    <ContactSetup {...common} connection={connection} />
  ) : (
    <EngagementSetup {...common} connection={connection} />
  );
}

import { Tab, Tabs } from '@hubspot/ui-extensions';
import type { Account, ConnectionType, HistoryFilter, IssueFilter } from './api-types.js';
import { AccountsScreen } from './accounts/AccountsScreen.js';
import { HistoryScreen } from './history/HistoryScreen.js';
import { IssuesScreen } from './issues/IssuesScreen.js';
import { OverviewScreen } from './overview/OverviewScreen.js';
import { WhyScreen } from './why/WhyScreen.js';
import { words } from './words.js';

export type HomeTab =
  | { name: 'overview' | 'why' | 'accounts' }
  | { name: 'issues'; filter: IssueFilter }
  | { name: 'history'; filter: HistoryFilter };

const names = ['overview', 'issues', 'history', 'why', 'accounts'] as const;
const titles = { overview: words.overview.tab, ...words.overview.tabs };

const tabOf = (id: string | number): HomeTab => {
  const name = names.find((one) => one === id) ?? 'overview';
  return name === 'issues' || name === 'history' ? { name, filter: {} } : { name };
};

/** The tabs of the page. Only the open one is drawn, so that the others ask for nothing. */
export function Home(props: {
  account: Account;
  tab: HomeTab;
  onTab(tab: HomeTab): void;
  onOpen(id: string): void;
  onSetUp(id: string): void;
  onNew(type: ConnectionType): void;
  onChanged(): void;
}) {
  const { account, tab } = props;
  const drawn = (): ReturnType<typeof OverviewScreen> => {
    switch (tab.name) {
      case 'overview':
        return (
          <OverviewScreen
            account={account}
            onOpen={props.onOpen}
            onSetUp={props.onSetUp}
            onNew={props.onNew}
            onIssues={() => props.onTab({ name: 'issues', filter: {} })}
            onAccounts={() => props.onTab({ name: 'accounts' })}
          />
        );
      case 'issues':
        return <IssuesScreen account={account} initial={tab.filter} />;
      case 'history':
        return <HistoryScreen account={account} initial={tab.filter} />;
      case 'why':
        return <WhyScreen onHistory={(contactId) => props.onTab({ name: 'history', filter: { contactId } })} />;
      case 'accounts':
        return <AccountsScreen account={account} onChanged={props.onChanged} />;
    }
  };
  return (
    <Tabs
      selected={tab.name}
      onSelectedChange={(id: string | number) => {
        if (id !== tab.name) props.onTab(tabOf(id));
      }}
    >
      {names.map((name) => (
        <Tab key={name} tabId={name} title={titles[name]}>
          {name === tab.name ? drawn() : null}
        </Tab>
      ))}
    </Tabs>
  );
}

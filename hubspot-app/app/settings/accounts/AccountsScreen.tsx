import { useState } from 'react';
import {
  Alert,
  Button,
  DescriptionList,
  DescriptionListItem,
  Divider,
  Flex,
  Heading,
  Statistics,
  StatisticsItem,
  StatusTag,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import type { Account, KlaviyoAccount } from '../api-types.js';
import { words } from '../words.js';
import { ConnectStep } from '../setup/ConnectStep.js';
import { breakable } from '../shared/breakable.js';
import { ConfirmButton } from '../shared/ConfirmButton.js';
import { usePlatform } from '../shared/platform.js';
import { AlertEmail } from './AlertEmail.js';

const text = words.accounts;
const variants = { connected: 'success', reconnect: 'danger', disconnected: 'default' } as const;

/** The accounts on both sides, what is used, where alerts go. */
export function AccountsScreen({ account, onChanged }: { account: Account; onChanged(): void }) {
  const { number } = usePlatform();
  const [adding, setAdding] = useState(false);
  const { portal, klaviyoAccounts, usage, appEvents } = account;
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <DescriptionList direction="row">
        <DescriptionListItem label={text.hubspot}>
          <Text>
            {portal.name.includes(portal.id) || portal.name === ''
              ? words.accounts.portal(portal.id)
              : `${portal.name} (${portal.id})`}
          </Text>
        </DescriptionListItem>
      </DescriptionList>
      <Heading>{text.klaviyo}</Heading>
      {klaviyoAccounts.length === 0 ? (
        <Text>{text.none}</Text>
      ) : (
        <Table>
          <TableHead>
            <TableRow>
              {Object.values(text.columns).map((column) => (
                <TableHeader key={column}>{column}</TableHeader>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {klaviyoAccounts.map((one) => (
              <AccountRow key={one.id} account={one} onChanged={onChanged} onAgain={() => setAdding(true)} />
            ))}
          </TableBody>
        </Table>
      )}
      {adding ? (
        <ConnectStep
          accounts={klaviyoAccounts}
          chosen={null}
          adding
          onChoose={() => {
            setAdding(false);
            onChanged();
          }}
          onCancel={() => setAdding(false)}
        />
      ) : (
        <Flex>
          <Button size="sm" onClick={() => setAdding(true)}>
            {text.add}
          </Button>
        </Flex>
      )}
      <Divider />
      <Heading>{text.usage}</Heading>
      <Statistics>
        <StatisticsItem label={text.used(usage.month)} number={number(usage.uniqueContacts)} />
      </Statistics>
      <Text variant="microcopy">{words.overview.usedHelp}</Text>
      <Divider />
      <Heading>{text.alerts}</Heading>
      <AlertEmail known={account.alertEmail} onSaved={onChanged} />
      <Divider />
      <Heading>{text.events}</Heading>
      {appEvents.approved ? (
        <Text>{text.eventsOn}</Text>
      ) : (
        <Alert title={text.eventsOff} variant="info">
          <Text>{appEvents.message}</Text>
        </Alert>
      )}
    </Flex>
  );
}

function AccountRow(props: { account: KlaviyoAccount; onChanged(): void; onAgain(): void }) {
  const { api } = usePlatform();
  const { id, name, state, auth, missingScopes } = props.account;
  return (
    <TableRow>
      <TableCell>
        <Text>{breakable(name)}</Text>
        {missingScopes.length === 0 ? null : <Text variant="microcopy">{text.missing(missingScopes)}</Text>}
      </TableCell>
      <TableCell>
        {state === 'connected' && missingScopes.length > 0 ? (
          <StatusTag variant="warning">{text.states.lacking}</StatusTag>
        ) : (
          <StatusTag variant={variants[state]}>{text.states[state]}</StatusTag>
        )}
      </TableCell>
      <TableCell>{text.auth[auth]}</TableCell>
      <TableCell>
        <Flex gap="extra-small" wrap>
          {state === 'connected' && missingScopes.length === 0 ? null : (
            <Button size="sm" variant="primary" onClick={props.onAgain}>
              {text.again}
            </Button>
          )}
          {state === 'disconnected' ? null : (
            <ConfirmButton
              id={`disconnect-${id}`}
              label={text.disconnect}
              title={text.disconnectTitle(name)}
              says={text.disconnectSays}
              danger
              act={async () => {
                await api.disconnectKlaviyo(id);
                props.onChanged();
              }}
              done={text.disconnected}
            />
          )}
        </Flex>
      </TableCell>
    </TableRow>
  );
}

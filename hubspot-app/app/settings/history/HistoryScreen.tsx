import { useState } from 'react';
import {
  Button,
  EmptyState,
  Flex,
  Heading,
  LoadingButton,
  LoadingSpinner,
  SearchInput,
  Select,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Tag,
  Text,
  useDebounce,
} from '@hubspot/ui-extensions';
import type { Account, HistoryFilter, HistoryRow } from '../api-types.js';
import { words } from '../words.js';
import { useNames } from '../shared/names.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { showValue } from '../shared/show-value.js';
import { usePages } from '../shared/use-pages.js';
import { listOf, where } from './change-words.js';
import { UndoButton } from './UndoButton.js';

const text = words.history;

/** What was written, by connection, contact or run; each change and each contact can be taken back. */
export function HistoryScreen({ account, initial }: { account: Account; initial: HistoryFilter }) {
  const { api } = usePlatform();
  const [filter, setFilter] = useState<HistoryFilter>(initial);
  const typed = useDebounce(filter.contactId ?? '', 400).trim();
  const asked: HistoryFilter = {
    ...(filter.connectionId === undefined ? {} : { connectionId: filter.connectionId }),
    ...(filter.runId === undefined ? {} : { runId: filter.runId }),
    ...(typed === '' ? {} : typed.includes('@') ? { email: typed } : { contactId: typed }),
  };
  const rows = usePages(`history ${JSON.stringify(asked)}`, (cursor) => api.history(asked, cursor));
  const contacts = new Set(rows.rows?.map(({ contact }) => contact.hubspotId) ?? []);
  const [first = null] = contacts;
  const onlyContact = typed !== '' && contacts.size === 1 ? first : null;
  const choose = (connectionId: string): void => {
    const { contactId, runId } = filter;
    setFilter({
      ...(contactId === undefined ? {} : { contactId }),
      ...(runId === undefined ? {} : { runId }),
      ...(connectionId === 'all' ? {} : { connectionId }),
    });
  };
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <Text>{text.intro}</Text>
      <Flex gap="medium" wrap align="start">
        <Select
          name="history-connection"
          label={text.connection}
          value={filter.connectionId ?? 'all'}
          options={[
            { value: 'all', label: text.allConnections },
            ...account.connections.map(({ id, name }) => ({ value: id, label: name })),
          ]}
          onChange={(id) => choose(String(id))}
        />
        <SearchInput
          name="history-contact"
          label={text.contact}
          description={text.contactHelp}
          value={filter.contactId ?? ''}
          onInput={(contactId) => setFilter({ ...filter, contactId })}
          onChange={(contactId) => setFilter({ ...filter, contactId })}
        />
      </Flex>
      {filter.runId === undefined ? null : (
        <Flex gap="small" align="center">
          <Tag>{text.run}</Tag>
          <Button size="xs" onClick={() => setFilter({})}>
            {text.showAll}
          </Button>
        </Flex>
      )}
      <ProblemAlert problem={rows.problem} />
      {rows.problem === null ? null : (
        <Flex>
          <Button onClick={rows.reload}>{words.common.retry}</Button>
        </Flex>
      )}
      {rows.rows === null ? (
        rows.problem === null ? (
          <LoadingSpinner label={words.common.loading} showLabel layout="centered" />
        ) : null
      ) : rows.rows.length === 0 ? (
        <EmptyState title={typed === '' ? text.none : text.nobody} layout="vertical">
          <Text>{typed === '' ? text.noneText : text.nobodyText}</Text>
        </EmptyState>
      ) : (
        <Table density="condensed">
          <TableHead>
            <TableRow>
              {Object.values(text.columns).map((column) => (
                <TableHeader key={column}>{column}</TableHeader>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {rows.rows.map((row) => (
              <ChangeRow key={row.id} row={row} onUndone={rows.reload} />
            ))}
          </TableBody>
        </Table>
      )}
      <Flex gap="small">
        {rows.more === null ? null : (
          <LoadingButton size="sm" loading={rows.busy} onClick={rows.more}>
            {words.common.more}
          </LoadingButton>
        )}
        {onlyContact === null ? null : (
          <UndoButton
            id="undo-contact"
            label={text.undoContact}
            subject={{
              hubspotId: onlyContact,
              ...(asked.connectionId === undefined ? {} : { connectionId: asked.connectionId }),
            }}
            onUndone={rows.reload}
          />
        )}
      </Flex>
    </Flex>
  );
}

function ChangeRow({ row, onUndone }: { row: HistoryRow; onUndone(): void }) {
  const { time } = usePlatform();
  const names = useNames();
  const outcome = (row.outcome ?? null) === null ? '' : text.outcome(row.outcome ?? '');
  return (
    <TableRow>
      <TableCell>{time(row.at)}</TableCell>
      <TableCell>
        <Text truncate={{ maxWidth: 200, tooltipText: row.contact.email ?? words.common.noEmail }}>
          {row.contact.email ?? words.common.noEmail}
        </Text>
      </TableCell>
      <TableCell>
        <Text>{text.action(row.action)}</Text>
        <Text variant="microcopy">{where(row, names)}</Text>
        {outcome === '' ? null : <Tag variant="warning">{outcome}</Tag>}
      </TableCell>
      <TableCell>
        {(row.oldValue ?? row.newValue ?? null) === null || listOf(row.field) !== null
          ? words.common.none
          : `${showValue(row.oldValue)} → ${showValue(row.newValue)}`}
        {row.overruled === undefined ? null : (
          <Text variant="microcopy">{text.overruled(showValue(row.overruled))}</Text>
        )}
      </TableCell>
      <TableCell>
        <Text variant="microcopy">{row.because}</Text>
      </TableCell>
      <TableCell>
        {row.undoneBy !== null ? (
          <Tag>{text.undone}</Tag>
        ) : row.outcome === 'refused' ? (
          words.common.none
        ) : (
          <UndoButton id={`undo-${row.id}`} label={text.undo} subject={{ changeId: row.id }} onUndone={onUndone} />
        )}
      </TableCell>
    </TableRow>
  );
}

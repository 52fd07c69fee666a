import { Button, Flex, Link, TableCell, TableHeader, TableRow, Text } from '@hubspot/ui-extensions';
import { LifeMenu } from '../connection/LifeButtons.js';
import type { OverviewRow } from '../api-types.js';
import { words } from '../words.js';
import { PagedTable } from '../shared/PagedTable.js';
import { usePlatform } from '../shared/platform.js';
import { StateTag } from '../shared/StateTag.js';

const text = words.overview;

/** Connections with state and counts; a draft leads back into its set-up. */
export function ConnectionsTable(props: {
  rows: readonly OverviewRow[];
  onOpen(id: string): void;
  onSetUp(id: string): void;
  onChanged(): void;
}) {
  return (
    <PagedTable
      rows={props.rows}
      head={
        <>
          <TableHeader>{text.columns.name}</TableHeader>
          <TableHeader>{text.columns.state}</TableHeader>
          <TableHeader align="right">{text.columns.inSync}</TableHeader>
          <TableHeader align="right">{text.columns.waiting}</TableHeader>
          <TableHeader align="right">{text.columns.skipped}</TableHeader>
          <TableHeader align="right">{text.columns.failed}</TableHeader>
          <TableHeader>{text.columns.actions}</TableHeader>
        </>
      }
    >
      {(row) => <ConnectionRow key={row.id} {...props} row={row} />}
    </PagedTable>
  );
}

function ConnectionRow(props: {
  row: OverviewRow;
  onOpen(id: string): void;
  onSetUp(id: string): void;
  onChanged(): void;
}) {
  const { number, time } = usePlatform();
  const { id, name, type, state, stateReason, counts, run, lastSuccessAt } = props.row;
  const draft = state === 'draft';
  const open = (): void => props.onOpen(id);
  return (
    <TableRow>
      <TableCell>
        <Link href="#" preventDefault onClick={open}>
          <Text truncate={{ maxWidth: 260, tooltipText: name }}>{name}</Text>
        </Link>
        <Text variant="microcopy">{words.common.types[type]}</Text>
        {draft ? null : (
          <Text variant="microcopy">
            {text.last(lastSuccessAt === null ? words.common.never : time(lastSuccessAt))}
          </Text>
        )}
      </TableCell>
      <TableCell>
        <StateTag state={state} />
        {stateReason === null ? null : <Text variant="microcopy">{words.common.stateReason(stateReason)}</Text>}
        {state === 'initial_sync' && run !== null ? (
          <Text variant="microcopy">
            {run.total === null
              ? words.connection.doneOpen(number(run.done), words.connection.counts[type])
              : text.progress(number(run.done), number(run.total))}
          </Text>
        ) : null}
      </TableCell>
      <TableCell align="right">{number(counts.inSync)}</TableCell>
      <TableCell align="right">{number(counts.waiting)}</TableCell>
      <TableCell align="right">{number(counts.skipped)}</TableCell>
      <TableCell align="right">{number(counts.failed)}</TableCell>
      <TableCell>
        <Flex gap="extra-small" align="center">
          <Button
            size="xs"
            variant={draft ? 'primary' : 'secondary'}
            onClick={draft ? () => props.onSetUp(id) : open}
            testId={`open-${id}`}
          >
            {draft ? text.goOn : text.open}
          </Button>
          <LifeMenu
            connection={{ id, type, name, state }}
            onChanged={props.onChanged}
            onEdit={() => props.onSetUp(id)}
            onDeleted={props.onChanged}
          />
        </Flex>
      </TableCell>
    </TableRow>
  );
}

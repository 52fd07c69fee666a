import { useState } from 'react';
import {
  Button,
  Link,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import type { OverviewRow } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { StateTag } from '../shared/StateTag.js';

const text = words.overview;
const rowsPerPage = 20;

/** Connections with state and counts; a draft leads back into its set-up. */
export function ConnectionsTable(props: {
  rows: readonly OverviewRow[];
  onOpen(id: string): void;
  onSetUp(id: string): void;
}) {
  const [page, setPage] = useState(1);
  const pageCount = Math.max(1, Math.ceil(props.rows.length / rowsPerPage));
  const shown = Math.min(page, pageCount);
  const body = (
    <>
      <TableHead>
        <TableRow>
          <TableHeader>{text.columns.name}</TableHeader>
          <TableHeader>{text.columns.state}</TableHeader>
          <TableHeader align="right">{text.columns.inSync}</TableHeader>
          <TableHeader align="right">{text.columns.waiting}</TableHeader>
          <TableHeader align="right">{text.columns.skipped}</TableHeader>
          <TableHeader align="right">{text.columns.failed}</TableHeader>
          <TableHeader>{text.columns.last}</TableHeader>
          <TableHeader>{text.open}</TableHeader>
        </TableRow>
      </TableHead>
      <TableBody>
        {props.rows.slice((shown - 1) * rowsPerPage, shown * rowsPerPage).map((row) => (
          <ConnectionRow key={row.id} row={row} onOpen={props.onOpen} onSetUp={props.onSetUp} />
        ))}
      </TableBody>
    </>
  );
  return pageCount === 1 ? (
    <Table>{body}</Table>
  ) : (
    <Table paginated pageCount={pageCount} page={shown} onPageChange={setPage}>
      {body}
    </Table>
  );
}

function ConnectionRow(props: { row: OverviewRow; onOpen(id: string): void; onSetUp(id: string): void }) {
  const { number, time } = usePlatform();
  const { id, name, type, state, stateReason, counts, run, lastSuccessAt } = props.row;
  const draft = state === 'draft';
  const open = (): void => props.onOpen(id);
  return (
    <TableRow>
      <TableCell>
        <Link href="#" preventDefault onClick={open}>
          {name}
        </Link>
        <Text variant="microcopy">{words.common.types[type]}</Text>
      </TableCell>
      <TableCell>
        <StateTag state={state} />
        {stateReason === null ? null : <Text variant="microcopy">{words.common.stateReason(stateReason)}</Text>}
        {state === 'initial_sync' && run !== null ? (
          <Text variant="microcopy">
            {run.total === null
              ? words.connection.doneOpen(number(run.done))
              : text.progress(number(run.done), number(run.total))}
          </Text>
        ) : null}
      </TableCell>
      <TableCell align="right">{number(counts.inSync)}</TableCell>
      <TableCell align="right">{number(counts.waiting)}</TableCell>
      <TableCell align="right">{number(counts.skipped)}</TableCell>
      <TableCell align="right">{number(counts.failed)}</TableCell>
      <TableCell>{lastSuccessAt === null ? words.common.never : time(lastSuccessAt)}</TableCell>
      <TableCell>
        <Button
          size="xs"
          variant={draft ? 'primary' : 'secondary'}
          onClick={draft ? () => props.onSetUp(id) : open}
          testId={`open-${id}`}
        >
          {draft ? text.goOn : text.open}
        </Button>
      </TableCell>
    </TableRow>
  );
}

import { useState, type ReactNode } from 'react';
import { Table, TableBody, TableHead, TableRow } from '@hubspot/ui-extensions';

const rowsPerPage = 20;

/** A table of any length, twenty rows at a time. */
export function PagedTable<Row>(props: {
  rows: readonly Row[];
  /** The cells of the header. */
  head: ReactNode;
  /** Draws one row, with a key. */
  children: (row: Row, at: number) => ReactNode;
  density?: 'condensed' | 'default';
}) {
  const [page, setPage] = useState(1);
  const pageCount = Math.max(1, Math.ceil(props.rows.length / rowsPerPage));
  // Rows may have become fewer since.
  const shown = Math.min(page, pageCount);
  const body = (
    <>
      <TableHead>
        <TableRow>{props.head}</TableRow>
      </TableHead>
      <TableBody>{props.rows.slice((shown - 1) * rowsPerPage, shown * rowsPerPage).map(props.children)}</TableBody>
    </>
  );
  const density = props.density ?? 'default';
  return pageCount === 1 ? (
    <Table density={density}>{body}</Table>
  ) : (
    <Table density={density} paginated pageCount={pageCount} page={shown} onPageChange={setPage}>
      {body}
    </Table>
  );
}

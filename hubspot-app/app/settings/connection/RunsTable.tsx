import {
  Button,
  EmptyState,
  Flex,
  LoadingButton,
  LoadingSpinner,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import type { Run } from '../api-types.js';
import { words } from '../words.js';
import { UndoButton } from '../history/UndoButton.js';
import { UndoSince } from '../history/UndoSince.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { usePages } from '../shared/use-pages.js';

const text = words.connection.runs;

const took = ({ startedAt, finishedAt }: Run): string =>
  startedAt === null || finishedAt === null
    ? words.common.none
    : // In one line: the column is narrow.
      words.common.duration((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000).replace(' ', '\u00a0');

/** The runs of a connection, the newest on top, each of which can be undone. */
export function RunsTable(props: { connectionId: string; onHistory(runId: string): void; onUndone(): void }) {
  const { api, number, time } = usePlatform();
  const runs = usePages(`runs ${props.connectionId}`, (cursor) => api.runs(props.connectionId, cursor));
  if (runs.rows === null)
    return runs.problem === null ? (
      <LoadingSpinner label={words.common.loading} showLabel layout="centered" />
    ) : (
      <Flex direction="column" gap="small">
        <ProblemAlert problem={runs.problem} />
        <Button onClick={runs.reload}>{words.common.retry}</Button>
      </Flex>
    );
  if (runs.rows.length === 0)
    return (
      <EmptyState title={text.none} layout="vertical">
        <Text>{text.noneText}</Text>
      </EmptyState>
    );
  const undone = (): void => {
    runs.reload();
    props.onUndone();
  };
  return (
    <Flex direction="column" gap="small">
      <Table density="condensed">
        <TableHead>
          <TableRow>
            {Object.entries(text.columns).map(([name, column]) => (
              <TableHeader key={name} align={name === 'done' ? 'right' : 'left'}>
                {column}
              </TableHeader>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {runs.rows.map((run) => (
            <TableRow key={run.id}>
              <TableCell>{words.connection.run(run.kind)}</TableCell>
              <TableCell>
                {words.connection.runState(run.state)}
                {(run.error ?? null) === null ? null : <Text variant="microcopy">{run.error}</Text>}
              </TableCell>
              <TableCell align="right">{number(run.done)}</TableCell>
              <TableCell>{run.startedAt === null ? words.common.none : time(run.startedAt)}</TableCell>
              <TableCell>{took(run)}</TableCell>
              <TableCell>
                <Text variant="microcopy">
                  {Object.entries(words.connection.counted)
                    .flatMap(([name, said]) => {
                      const count = run.counts?.[name] ?? 0;
                      return count === 0 ? [] : [`${number(count)} ${said}`];
                    })
                    .join(', ')}
                </Text>
              </TableCell>
              <TableCell>
                <Flex gap="extra-small">
                  <Button size="xs" onClick={() => props.onHistory(run.id)}>
                    {text.history}
                  </Button>
                  {run.state === 'finished' || run.state === 'cancelled' || run.state === 'failed' ? (
                    <UndoButton
                      id={`undo-run-${run.id}`}
                      label={words.history.undoRun}
                      subject={{ runId: run.id }}
                      onUndone={undone}
                    />
                  ) : null}
                </Flex>
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
      <ProblemAlert problem={runs.problem} />
      {runs.more === null ? null : (
        <Flex>
          <LoadingButton size="sm" loading={runs.busy} onClick={runs.more}>
            {words.common.more}
          </LoadingButton>
        </Flex>
      )}
      <UndoSince connectionId={props.connectionId} onUndone={undone} />
    </Flex>
  );
}

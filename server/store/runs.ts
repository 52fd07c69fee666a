import type { Database } from './database.js';

export type RunKind = 'initial' | 'continuous' | 'manual' | 'canary' | 'undo';

/** One pass over a connection's people. `cursor` is where the scan goes on after a restart. */
export interface Run<Cursor = unknown> {
  id: string;
  portalId: string;
  connectionId: string;
  klaviyoAccountId: string;
  kind: RunKind;
  state: 'queued' | 'running' | 'finished' | 'failed' | 'cancelled';
  cursor: Cursor | null;
  counts: Record<string, number>;
  done: number;
  total: number | null;
  startedAt: Date | null;
}

interface Row {
  id: string;
  portal_id: string;
  connection_id: string;
  klaviyo_account_id: string;
  kind: RunKind;
  state: Run['state'];
  cursor: unknown;
  counts: Record<string, number>;
  done: string;
  total: string | null;
  started_at: Date | null;
}

const fromRow = <Cursor>(row: Row): Run<Cursor> => ({
  id: row.id,
  portalId: row.portal_id,
  connectionId: row.connection_id,
  klaviyoAccountId: row.klaviyo_account_id,
  kind: row.kind,
  state: row.state,
  cursor: row.cursor as Cursor | null,
  counts: row.counts,
  done: Number(row.done),
  total: row.total === null ? null : Number(row.total),
  startedAt: row.started_at,
});

const columns =
  'id, portal_id, connection_id, klaviyo_account_id, kind, state, cursor, counts, done, total, started_at';

/** Queues a run, or answers the open one of that connection: asking twice starts one (writes are idempotent). */
export async function queueRun(
  db: Database,
  connection: { id: string; portalId: string; klaviyoAccountId: string },
  kind: RunKind,
): Promise<string> {
  return db.transaction(async (tx) => {
    // The connection's row is the lock: two requests at once queue one run.
    await tx.query('select from connection where id = $1 for update', [connection.id]);
    const open = await tx.query<{ id: string }>(
      `select id from run where connection_id = $1 and state in ('queued', 'running') and kind <> 'undo' order by queued_at limit 1`,
      [connection.id],
    );
    if (open[0] !== undefined) return open[0].id;
    const rows = await tx.query<{ id: string }>(
      `insert into run (portal_id, connection_id, klaviyo_account_id, kind) values ($1, $2, $3, $4) returning id`,
      [connection.portalId, connection.id, connection.klaviyoAccountId, kind],
    );
    return rows[0]?.id ?? '';
  });
}

/** The oldest open run of this pair of accounts whose connection, of that type, still syncs. */
export async function nextRun<Cursor>(
  db: Database,
  klaviyoAccountId: string,
  type: 'contact' | 'engagement' = 'contact',
): Promise<Run<Cursor> | null> {
  const rows = await db.query<Row>(
    `select ${columns
      .split(', ')
      .map((column) => `r.${column}`)
      .join(', ')} from run r join connection c on c.id = r.connection_id
     where r.klaviyo_account_id = $1 and r.state in ('queued', 'running') and r.kind <> 'undo' and c.type = $2 and c.state in ('initial_sync', 'active')
     order by r.queued_at limit 1`,
    [klaviyoAccountId, type],
  );
  return rows[0] === undefined ? null : fromRow<Cursor>(rows[0]);
}

/** Says how many people a run will have worked on. */
export async function foretell(db: Database, id: string, total: number): Promise<void> {
  await db.query(`update run set total = $2 where id = $1 and state = 'running'`, [id, total]);
}

/** Whether a run over contacts is under way for a pair of accounts, or was within these seconds. */
export async function hasRunLately(db: Database, klaviyoAccountId: string, seconds: number): Promise<boolean> {
  const rows = await db.query(
    `select from connection c where c.klaviyo_account_id = $1 and c.type = 'contact' and (
       exists (select from run r where r.klaviyo_account_id = $1 and r.connection_id = c.id and r.state in ('queued', 'running'))
       or (select r.finished_at from run r where r.connection_id = c.id order by r.queued_at desc limit 1) > now() - make_interval(secs => $2))
     limit 1`,
    [klaviyoAccountId, seconds],
  );
  return rows.length > 0;
}

/** Whether a connection's initial run is not through. */
export async function openInitialRun(db: Database, connectionId: string): Promise<boolean> {
  const rows = await db.query(
    `select from run where connection_id = $1 and kind in ('initial', 'canary') and state in ('queued', 'running')`,
    [connectionId],
  );
  return rows.length > 0;
}

/** Begins a run: from here on its time counts. */
export async function startRun(db: Database, id: string, total: number | null): Promise<void> {
  await db.query(
    `update run set state = 'running', started_at = coalesce(started_at, now()), total = $2 where id = $1 and state = 'queued'`,
    [id, total],
  );
}

/**
 * Notes one page as done, in the transaction that records its people: a killed run goes on exactly here. Without a `cursor` the
 * run stays where it is.
 */
export async function advanceRun(
  tx: Database,
  id: string,
  progress: { cursor?: unknown; done: number; total: number | null; counts: Record<string, number> },
): Promise<void> {
  await tx.query(
    `update run set cursor = coalesce($2::jsonb, cursor), done = done + $3, total = coalesce($4, total),
       counts = counts || (select coalesce(jsonb_object_agg(x.key, coalesce((counts ->> x.key)::bigint, 0) + x.value::bigint), '{}')
                           from jsonb_each_text($5::jsonb) as x)
     where id = $1 and state = 'running'`,
    [id, JSON.stringify(progress.cursor) ?? null, progress.done, progress.total, JSON.stringify(progress.counts)],
  );
}

/** Ends a run. An initial run that finishes makes its connection active. */
export async function finishRun(
  db: Database,
  id: string,
  state: 'finished' | 'failed' | 'cancelled',
  error: string | null = null,
): Promise<void> {
  await db.transaction(async (tx) => {
    const rows = await tx.query<{ connection_id: string; kind: RunKind }>(
      `update run set state = $2, error = $3, finished_at = now(), total = case when $2 = 'finished' then done else total end
       where id = $1 and state in ('queued', 'running') returning connection_id, kind`,
      [id, state, error],
    );
    const connectionId = rows[0]?.connection_id;
    if (connectionId === undefined || state !== 'finished' || rows[0]?.kind === 'undo') return;
    await tx.query(
      `update connection set state = case when state = 'initial_sync' then 'active' else state end, last_success_at = now() where id = $1`,
      [connectionId],
    );
  });
}

/** Cancels what is queued or under way for a connection (pause keeps runs; delete and stop cancel them). */
export async function cancelRuns(db: Database, connectionId: string): Promise<void> {
  await db.query(
    `update run set state = 'cancelled', finished_at = now() where connection_id = $1 and state in ('queued', 'running')`,
    [connectionId],
  );
}

/**
 * Adds people that hints brought to the open run of a staged connection: what goes wrong with them says as much of the
 * set-up as what goes wrong with those the run brings. Answers the run's figures, or null when none is open.
 */
export async function countTowardsRun(
  db: Database,
  connectionId: string,
  add: { people: number; failed: number },
): Promise<{ people: number; failed: number } | null> {
  const [row] = await db.query<{ people: string; failed: string }>(
    `update run set counts = counts || jsonb_build_object(
         'people', coalesce((counts ->> 'people')::bigint, 0) + $2, 'failed', coalesce((counts ->> 'failed')::bigint, 0) + $3)
     where connection_id = $1 and state in ('queued', 'running') and kind <> 'undo'
     returning counts ->> 'people' as people, counts ->> 'failed' as failed`,
    [connectionId, add.people, add.failed],
  );
  return row === undefined ? null : { people: Number(row.people), failed: Number(row.failed) };
}

/** Begins counting anew: somebody looked at the issues and goes on. */
export async function resetIssueCounts(db: Database, connectionId: string): Promise<void> {
  await db.query(
    `update run set counts = counts - 'people' - 'failed' where connection_id = $1 and state in ('queued', 'running')`,
    [connectionId],
  );
}

import { earliestDueSql } from './changes.js';
import type { Database } from './database.js';

export interface StandingCounts {
  inSync: number;
  skipped: number;
  failed: number;
  waiting: number;
  skippedBy: { reason: string; count: number }[];
}

/** How the people of a connection stand, from the kept counts; `waiting` are changes not looked at yet. */
export async function standingCounts(
  db: Database,
  connectionId: string,
  klaviyoAccountId: string,
): Promise<StandingCounts> {
  // First: where nothing waits any more, the counts have what was done.
  const waiting = await db.query<{ n: string }>(
    'select count(*) as n from (select from change where klaviyo_account_id = $1 limit 100000) c',
    [klaviyoAccountId],
  );
  const rows = await db.query<{ state: string; reason: string; n: string }>(
    'select state, reason, n from standing_count where connection_id = $1 and n > 0 order by n desc, reason',
    [connectionId],
  );
  const sum = (state: string): number =>
    rows.filter((row) => row.state === state).reduce((total, row) => total + Number(row.n), 0);
  return {
    inSync: sum('in_sync'),
    skipped: sum('skipped'),
    failed: sum('failed'),
    waiting: Number(waiting[0]?.n ?? 0),
    skippedBy: rows
      .filter((row) => row.state === 'skipped')
      .map((row) => ({ reason: row.reason, count: Number(row.n) })),
  };
}

/** Seconds that the oldest due change waits, or that the slowest sweep is behind: whichever is more. */
export async function lagSeconds(db: Database, klaviyoAccountId: string, pollSeconds: number): Promise<number> {
  const rows = await db.query<{ lag: number | null }>(
    `select greatest(
       extract(epoch from now() - ${earliestDueSql.replaceAll(':account', '$1')}),
       (select extract(epoch from now() - min(coalesce(succeeded_at, now()))) - $2 from sweep where klaviyo_account_id = $1), 0)::float8 as lag`,
    [klaviyoAccountId, pollSeconds],
  );
  return Math.max(0, Math.round(rows[0]?.lag ?? 0));
}

export interface RunRow {
  id: string;
  kind: string;
  state: string;
  done: number;
  total: number | null;
  counts: Record<string, number>;
  error: string | null;
  queuedAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

/** Runs of a connection, newest first; `cursor` is the microsecond before which the page begins. */
export async function runsOf(
  db: Database,
  connectionId: string,
  page: { cursor?: string | undefined; limit: number },
): Promise<{ runs: RunRow[]; next: string | null }> {
  const before = /^\d{1,16}$/.test(page.cursor ?? '') ? page.cursor : null;
  const rows = await db.query<{
    id: string;
    kind: string;
    state: string;
    done: string;
    total: string | null;
    counts: Record<string, number>;
    error: string | null;
    queued_at: Date;
    queued_us: string;
    started_at: Date | null;
    finished_at: Date | null;
  }>(
    `select id, kind, state, done, total, counts, error, queued_at, (extract(epoch from queued_at) * 1000000)::bigint as queued_us, started_at, finished_at from run
     where connection_id = $1 and ($2::bigint is null or queued_at < timestamptz 'epoch' + $2::bigint * interval '1 microsecond') order by queued_at desc limit $3`,
    [connectionId, before, page.limit + 1],
  );
  const shown = rows.slice(0, page.limit);
  return {
    runs: shown.map((row) => ({
      id: row.id,
      kind: row.kind,
      state: row.state,
      done: Number(row.done),
      total: row.total === null ? null : Number(row.total),
      counts: row.counts,
      error: row.error,
      queuedAt: row.queued_at,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
    })),
    next: rows.length > page.limit ? (shown.at(-1)?.queued_us ?? null) : null,
  };
}

/** Unique contacts in sync this month (F8). */
export async function usageOf(db: Database, portalId: string): Promise<{ month: string; uniqueContacts: number }> {
  const rows = await db.query<{ month: string; contacts: string | null }>(
    `with this as (select date_trunc('month', now() at time zone 'utc')::date as first)
     select to_char(this.first, 'YYYY-MM') as month, (select contacts from usage_month where portal_id = $1 and month = this.first) as contacts from this`,
    [portalId],
  );
  return { month: rows[0]?.month ?? '', uniqueContacts: Number(rows[0]?.contacts ?? 0) };
}

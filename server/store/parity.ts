import type { Database } from './database.js';

/** Figures of one round of the audit over one connection. */
export interface Parity {
  startedAt: string;
  checkedPairs: number;
  comparedValues: number;
  agreeing: number;
  /** Found by nobody but the audit, and repaired. */
  drift: number;
  /** How many differences of each cause. */
  causes: Record<string, number>;
  worstLagSeconds: number;
  /** The first of them. */
  differences: {
    contact: { email: string | null; hubspotId: string; klaviyoId: string };
    field: string;
    hubspot: unknown;
    klaviyo: unknown;
    because: string;
  }[];
}

/** Differences that are kept to be shown. */
export const mostDifferences = 200;

/** The round under way and the last complete one of a connection, or null when it was never audited. */
export async function readParity(
  db: Database,
  connectionId: string,
): Promise<{ round: Parity | null; last: Parity | null; checkedAt: Date | null } | null> {
  const [row] = await db.query<{ round: Parity | Record<string, never>; last: Parity | null; checked_at: Date | null }>(
    'select round, last, checked_at from parity where connection_id = $1',
    [connectionId],
  );
  if (row === undefined) return null;
  return { round: 'startedAt' in row.round ? (row.round as Parity) : null, last: row.last, checkedAt: row.checked_at };
}

/** Keeps the figures of the round under way; `complete` makes them the last complete ones. */
export async function saveParity(
  tx: Database,
  portalId: string,
  connectionId: string,
  round: Parity,
  complete: boolean,
): Promise<void> {
  await tx.query(
    `insert into parity as p (connection_id, portal_id, round, last, checked_at)
     select c.id, $2, case when $4 then '{}'::jsonb else $3::jsonb end, case when $4 then $3::jsonb end, now() from connection c where c.id = $1
     on conflict (connection_id) do update set round = excluded.round, last = coalesce(excluded.last, p.last), checked_at = now()`,
    [connectionId, portalId, JSON.stringify(round), complete],
  );
}

/**
 * Of these accounts, those of which an audit has nothing to say: they have no pairs, and had none when they were audited
 * last. That counts as a check now.
 */
export async function checkedWithoutPairs(db: Database, klaviyoAccountIds: readonly string[]): Promise<Set<string>> {
  if (klaviyoAccountIds.length === 0) return new Set();
  const rows = await db.query<{ id: string }>(
    `with account as materialized (
       select x.id from unnest($1::uuid[]) as x (id)
       where not exists (select from link where klaviyo_account_id = x.id)
         and not exists (
           select from connection c left join parity p on p.connection_id = c.id
           where c.klaviyo_account_id = x.id and c.type = 'contact' and c.state in ('initial_sync', 'active')
             and (p.last is null or p.last->>'checkedPairs' <> '0' or p.round <> '{}'))),
     checked as (
       update parity p set checked_at = now() from connection c
       where c.klaviyo_account_id in (select id from account) and p.connection_id = c.id)
     select id from account`,
    [klaviyoAccountIds],
  );
  return new Set(rows.map(({ id }) => id));
}

/** HubSpot ids of which a change waits, of these; with the age of the oldest in seconds. */
export async function waitingOf(
  db: Database,
  klaviyoAccountId: string,
  hubspotIds: readonly string[],
  klaviyoIds: readonly string[],
): Promise<{ records: Set<string>; lagSeconds: number }> {
  const rows = await db.query<{ side: string; record_id: string; seconds: number }>(
    `select side, record_id, extract(epoch from now() - noticed_at)::float8 as seconds from change
     where klaviyo_account_id = $1 and ((side = 'hubspot' and record_id = any ($2)) or (side = 'klaviyo' and record_id = any ($3)))`,
    [klaviyoAccountId, hubspotIds, klaviyoIds],
  );
  return {
    records: new Set(rows.map((row) => `${row.side}:${row.record_id}`)),
    lagSeconds: Math.max(0, ...rows.map(({ seconds }) => seconds)),
  };
}

/** Which of these connections have a run under way. */
export async function connectionsWithRuns(db: Database, connectionIds: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ id: string }>(
    `select distinct connection_id as id from run where connection_id = any ($1) and state in ('queued', 'running')`,
    [connectionIds],
  );
  return new Set(rows.map(({ id }) => id));
}

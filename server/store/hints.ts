import type { ChangeHint } from '../rules/change-hint.js';
import type { Merge } from '../rules/hints.js';
import type { Database } from './database.js';

/** What a delivery of webhooks tells about one portal. */
export interface PortalHints {
  portalId: number;
  hints: readonly ChangeHint[];
  merges: readonly Merge[];
}

/** What was stored together for a portal. */
export interface HintBatch {
  id: string;
  hints: ChangeHint[];
  merges: Merge[];
}

/** Stores what deliveries told about installed portals, each portal once, in one statement; answers which are installed. */
export async function storeHints(db: Database, told: readonly PortalHints[]): Promise<Set<number>> {
  const rows = await db.query<{ id: string }>(
    `with told as (
       select p.id, x.hints, x.merges, x.size from jsonb_to_recordset($1::jsonb) as x (portal bigint, hints jsonb, merges jsonb, size int)
         join portal p on p.id = x.portal and p.state <> 'uninstalled'),
     stored as (
       insert into hint_batch (portal_id, hints, merges, size)
       select id, hints, merges, size from told where hints <> '{}' or merges <> '[]')
     select id from told`,
    [
      JSON.stringify(
        told.map(({ portalId, hints, merges }) => ({
          portal: portalId,
          hints: Object.fromEntries(hints.map(({ recordId, cause }) => [recordId, cause])),
          merges,
          size: hints.length,
        })),
      ),
    ],
  );
  return new Set(rows.map((row) => Number(row.id)));
}

/** The oldest of what is stored for a portal, of so many records or the first row. It stays until `dropHints`. */
export async function nextHints(db: Database, portalId: string, records: number): Promise<HintBatch[]> {
  const rows = await db.query<{ id: string; hints: Record<string, string>; merges: Merge[] }>(
    `select id, hints, merges from (
       select id, hints, merges, sum(size) over (order by id) - size as before from (
         select id, hints, merges, size from hint_batch where portal_id = $1 order by id limit $2) as oldest) as counted
     where before < $2 order by id`,
    [portalId, records],
  );
  return rows.map(({ id, hints, merges }) => ({
    id,
    hints: Object.entries(hints).map(([recordId, cause]) => ({ side: 'hubspot', recordId, cause })),
    merges,
  }));
}

/** Takes away what has become changes. */
export async function dropHints(db: Database, ids: readonly string[]): Promise<void> {
  await db.query('delete from hint_batch where id = any ($1)', [ids]);
}

/** The oldest events of a portal that the version before stored. They stay until `dropEvents`. */
export async function nextEvents(
  db: Database,
  portalId: string,
  limit: number,
): Promise<{ id: string; event: unknown }[]> {
  return db.query<{ id: string; event: unknown }>(
    'select id, event from hint where portal_id = $1 order by id limit $2',
    [portalId, limit],
  );
}

/** Takes away events that have become changes. */
export async function dropEvents(db: Database, ids: readonly string[]): Promise<void> {
  await db.query('delete from hint where id = any ($1)', [ids]);
}

/** Seconds after which whoever stored hints must have died, or be overwhelmed. */
const leftAfter = 5;

/** Portals with hints that nobody has unpacked, for the tick after a crash. */
export async function portalsWithHints(db: Database): Promise<string[]> {
  const rows = await db.query<{ portal_id: string }>(
    // From portal to portal by the index, however much waits for each.
    `with recursive waiting as (
       (select portal_id, received_at from hint_batch order by portal_id, id limit 1)
       union all
       select next.portal_id, next.received_at from waiting w cross join lateral (
         select portal_id, received_at from hint_batch h where h.portal_id > w.portal_id order by portal_id, id limit 1) as next)
     select portal_id from waiting where received_at < now() - make_interval(secs => $1)
     union select portal_id from hint where received_at < now() - make_interval(secs => $1) limit 1000`,
    [leftAfter],
  );
  return rows.map((row) => row.portal_id);
}

import type { Database } from './database.js';

export interface StoredHint {
  id: string;
  event: unknown;
}

/** Stores webhook events of installed portals in one statement; answers which portals had any. Others are dropped. */
export async function storeHints(
  db: Database,
  vendor: 'hubspot' | 'klaviyo',
  events: readonly { portalId: number }[],
): Promise<string[]> {
  const rows = await db.query<{ portal_id: string }>(
    `with stored as (
       insert into hint (portal_id, vendor, event)
       select p.id, $1, e.event from jsonb_array_elements($2::jsonb) as e (event)
         join portal p on p.id = (e.event ->> 'portalId')::bigint and p.state <> 'uninstalled'
       returning portal_id)
     select distinct portal_id from stored`,
    [vendor, JSON.stringify(events)],
  );
  return rows.map((row) => row.portal_id);
}

/** The oldest stored events of a portal. They stay until `dropHints`. */
export async function nextHints(db: Database, portalId: string, limit: number): Promise<StoredHint[]> {
  return db.query<{ id: string; event: unknown }>(
    'select id, event from hint where portal_id = $1 order by id limit $2',
    [portalId, limit],
  );
}

/** Takes away events that have become changes. */
export async function dropHints(db: Database, ids: readonly string[]): Promise<void> {
  await db.query('delete from hint where id = any ($1)', [ids]);
}

/** Portals with events that nobody has unpacked, for the tick after a crash. */
export async function portalsWithHints(db: Database): Promise<string[]> {
  const rows = await db.query<{ portal_id: string }>('select distinct portal_id from hint limit 1000');
  return rows.map((row) => row.portal_id);
}

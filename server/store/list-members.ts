import type { Side } from '../rules/connection.js';
import type { Database } from './database.js';

/**
 * Members of the lists that rules read, as the last sweep saw them. A sweep stamps what it sees with its number, page by
 * page; who still carries an older number at the end has left. No list is ever held in memory.
 */
export interface ListKey {
  portalId: string;
  klaviyoAccountId: string;
  side: Side;
  listId: string;
}

/** Stamps one page of members; answers those that were not on the list before. */
export async function stampMembers(
  tx: Database,
  list: ListKey,
  recordIds: readonly string[],
  sweepNumber: number,
): Promise<string[]> {
  if (recordIds.length === 0) return [];
  const rows = await tx.query<{ record_id: string; entered: boolean }>(
    `insert into list_member as m (portal_id, klaviyo_account_id, side, list_id, record_id, seen)
     select $1, $2, $3, $4, x, $6 from unnest($5::text[]) as x group by x
     on conflict (klaviyo_account_id, side, list_id, record_id) do update set seen = excluded.seen
     returning record_id, (xmax = 0) as entered`,
    [list.portalId, list.klaviyoAccountId, list.side, list.listId, recordIds, sweepNumber],
  );
  return rows.filter((row) => row.entered).map((row) => row.record_id);
}

/** Takes away up to `limit` members that the sweep did not see, and answers them. Call until it answers none. */
export async function takeLeavers(tx: Database, list: ListKey, sweepNumber: number, limit: number): Promise<string[]> {
  const rows = await tx.query<{ record_id: string }>(
    // By row address: joined by key the planner may take a nested loop over the whole list.
    `delete from list_member where ctid = any (array(
       select ctid from list_member
       where klaviyo_account_id = $1 and side = $2 and list_id = $3 and seen < $4 limit $5))
     returning record_id`,
    [list.klaviyoAccountId, list.side, list.listId, sweepNumber, limit],
  );
  return rows.map((row) => row.record_id);
}

import type { ListWrite } from '../rules/person.js';
import type { Database } from './database.js';

/** A list write by the profile it concerns. */
export interface ProfileListWrite extends ListWrite {
  klaviyoId: string;
}

const columns = '"connectionId" uuid, "klaviyoId" text, "listId" text, "rulesKey" text';

/** Notes that profiles are about to join or leave lists: until the answer is recorded nobody knows whether they are on. */
export async function intendListWrites(
  db: Database,
  portalId: string,
  klaviyoAccountId: string,
  writes: readonly ProfileListWrite[],
): Promise<void> {
  if (writes.length === 0) return;
  await db.query(
    `insert into list_write as w (connection_id, klaviyo_account_id, portal_id, klaviyo_id, list_id, rules_key)
     select x."connectionId", $2, $1, x."klaviyoId", x."listId", x."rulesKey"
     from jsonb_to_recordset($3::jsonb) as x (${columns}) join connection c on c.id = x."connectionId"
     on conflict (klaviyo_account_id, klaviyo_id, connection_id, list_id) do update set rules_key = excluded.rules_key`,
    [portalId, klaviyoAccountId, JSON.stringify(writes)],
  );
}

/** Of these profiles, the list writes whose outcome is not known. */
export async function openListWrites(
  db: Database,
  klaviyoAccountId: string,
  klaviyoIds: readonly string[],
): Promise<Map<string, ListWrite[]>> {
  const rows = await db.query<{ klaviyo_id: string; connection_id: string; list_id: string; rules_key: string }>(
    `select klaviyo_id, connection_id, list_id, rules_key from list_write
     where klaviyo_account_id = $1 and klaviyo_id = any ($2)`,
    [klaviyoAccountId, klaviyoIds],
  );
  const found = new Map<string, ListWrite[]>();
  for (const row of rows) {
    const write = { connectionId: row.connection_id, listId: row.list_id, rulesKey: row.rules_key };
    found.set(row.klaviyo_id, [...(found.get(row.klaviyo_id) ?? []), write]);
  }
  return found;
}

/** The outcome of these list writes stands in the standings now. */
export async function settleListWrites(
  tx: Database,
  klaviyoAccountId: string,
  writes: readonly { connectionId: string; klaviyoId: string; listId: string }[],
): Promise<void> {
  const byList = new Map<string, string[]>();
  for (const { connectionId, klaviyoId, listId } of writes) {
    const key = JSON.stringify([connectionId, listId]);
    const ids = byList.get(key);
    if (ids === undefined) byList.set(key, [klaviyoId]);
    else ids.push(klaviyoId);
  }
  for (const [key, klaviyoIds] of byList) {
    const [connectionId, listId] = JSON.parse(key) as [string, string];
    // Not joined with a list of a thousand rows: the planner takes this table for empty, and compared each with each.
    await tx.query(
      `delete from list_write where klaviyo_account_id = $1 and connection_id = $2 and list_id = $3 and klaviyo_id = any ($4)`,
      [klaviyoAccountId, connectionId, listId, klaviyoIds],
    );
  }
}

import type { Database } from './database.js';

/** Notes that contacts were merged into one; answers which contact that is now, should it have been merged itself. */
export async function noteMergedContacts(
  tx: Database,
  portalId: string,
  merged: readonly string[],
  into: string,
): Promise<string> {
  const survivor = (await survivorsOf(tx, portalId, [into])).get(into) ?? into;
  // HubSpot may tell of merges in any order, and of each more than once.
  const gone = merged.filter((id) => id !== survivor);
  await tx.query('update merged_contact set survivor_id = $3 where portal_id = $1 and survivor_id = any ($2)', [
    portalId,
    gone,
    survivor,
  ]);
  await tx.query(
    `insert into merged_contact (portal_id, contact_id, survivor_id) select $1, x, $3 from unnest($2::text[]) as x order by x
     on conflict (portal_id, contact_id) do update set survivor_id = excluded.survivor_id, at = now()`,
    [portalId, gone, survivor],
  );
  await tx.query(`delete from merged_contact where portal_id = $1 and at < now() - interval '1 month'`, [portalId]);
  return survivor;
}

/** The survivors of those of these contacts that were merged into another one. */
export async function survivorsOf(
  db: Database,
  portalId: string,
  contactIds: readonly string[],
): Promise<Map<string, string>> {
  if (contactIds.length === 0) return new Map();
  const rows = await db.query<{ contact_id: string; survivor_id: string }>(
    'select contact_id, survivor_id from merged_contact where portal_id = $1 and contact_id = any ($2)',
    [portalId, contactIds],
  );
  return new Map(rows.map((row) => [row.contact_id, row.survivor_id]));
}

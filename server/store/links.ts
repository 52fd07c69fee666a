import type { Tombstone } from '../rules/person.js';
import type { Base } from '../rules/reconcile.js';
import type { Database } from './database.js';

/** The remembered pair of one HubSpot contact and one Klaviyo profile. */
export interface Link {
  id: string;
  hubspotId: string;
  klaviyoId: string;
  email: string;
  base: Record<string, Base>;
  syncedAt: Date;
}

export interface NewLink {
  hubspotId: string;
  klaviyoId: string;
  email: string;
  base: Record<string, Base>;
  hubspotModifiedAt: string | null;
  klaviyoModifiedAt: string | null;
}

interface LinkRow {
  id: string;
  hubspot_id: string;
  klaviyo_id: string;
  email: string;
  base: Record<string, Base>;
  synced_at: Date;
}

const fromRow = (row: LinkRow): Link => ({
  id: row.id,
  hubspotId: row.hubspot_id,
  klaviyoId: row.klaviyo_id,
  email: row.email,
  base: row.base,
  syncedAt: row.synced_at,
});

/** Links that hold any of these records. */
export async function linksOfRecords(
  db: Database,
  klaviyoAccountId: string,
  hubspotIds: readonly string[],
  klaviyoIds: readonly string[],
): Promise<Link[]> {
  if (hubspotIds.length + klaviyoIds.length === 0) return [];
  // Each by itself: by a list of values the planner, who takes a table that is being filled for small, reads all of it.
  const rows = await db.query<LinkRow>(
    `select l.* from unnest($2::text[]) as x (id) cross join lateral (
       select id, hubspot_id, klaviyo_id, email, base, synced_at from link where klaviyo_account_id = $1 and hubspot_id = x.id offset 0) l
     union all
     select l.* from unnest($3::text[]) as x (id) cross join lateral (
       select id, hubspot_id, klaviyo_id, email, base, synced_at from link where klaviyo_account_id = $1 and klaviyo_id = x.id offset 0) l`,
    [klaviyoAccountId, hubspotIds, klaviyoIds],
  );
  return [...new Map(rows.map((row) => [row.id, fromRow(row)])).values()];
}

const columns =
  'id bigint, "hubspotId" text, "klaviyoId" text, email text, base jsonb, "hubspotModifiedAt" timestamptz, "klaviyoModifiedAt" timestamptz';

/** Remembers new pairs. Answers the HubSpot ids that were taken in; a record that is linked already is left out. */
export async function insertLinks(
  tx: Database,
  portalId: string,
  klaviyoAccountId: string,
  links: readonly NewLink[],
): Promise<Set<string>> {
  if (links.length === 0) return new Set();
  const rows = await tx.query<{ hubspot_id: string }>(
    `insert into link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email, base, hubspot_modified_at, klaviyo_modified_at)
     select $1, $2, x."hubspotId", x."klaviyoId", x.email, x.base, x."hubspotModifiedAt", x."klaviyoModifiedAt"
     from jsonb_to_recordset($3::jsonb) as x (${columns})
     on conflict do nothing returning hubspot_id`,
    [portalId, klaviyoAccountId, JSON.stringify(links)],
  );
  return new Set(rows.map((row) => row.hubspot_id));
}

/** Brings known pairs up to date after a pass. */
export async function updateLinks(
  tx: Database,
  klaviyoAccountId: string,
  links: readonly (NewLink & { id: string })[],
): Promise<void> {
  if (links.length === 0) return;
  await tx.query(
    `update link l set hubspot_id = x."hubspotId", klaviyo_id = x."klaviyoId", email = x.email, base = x.base, synced_at = now(),
       hubspot_modified_at = coalesce(x."hubspotModifiedAt", l.hubspot_modified_at),
       klaviyo_modified_at = coalesce(x."klaviyoModifiedAt", l.klaviyo_modified_at)
     from jsonb_to_recordset($2::jsonb) as x (${columns})
     where l.klaviyo_account_id = $1 and l.id = x.id`,
    [klaviyoAccountId, JSON.stringify(links)],
  );
}

/** Ends pairs; `tombstones` keep the remaining record from being recreated on the other side (B11). */
export async function endLinks(
  tx: Database,
  portalId: string,
  klaviyoAccountId: string,
  ids: readonly string[],
  tombstones: readonly (Tombstone & { side: 'hubspot' | 'klaviyo'; recordId: string })[],
): Promise<void> {
  if (ids.length > 0)
    await tx.query('delete from link where klaviyo_account_id = $1 and id = any ($2)', [klaviyoAccountId, ids]);
  if (tombstones.length === 0) return;
  await tx.query(
    `insert into tombstone (portal_id, klaviyo_account_id, side, record_id, reason, base)
     select $1, $2, x.side, x."recordId", x.reason, x.base
     from jsonb_to_recordset($3::jsonb) as x (side text, "recordId" text, reason text, base jsonb)
     on conflict (klaviyo_account_id, side, record_id) do update set reason = excluded.reason, base = excluded.base, at = now()`,
    [portalId, klaviyoAccountId, JSON.stringify(tombstones)],
  );
}

/** Why a remaining record is not to be recreated, by `side:id`. */
export async function tombstonesOf(
  db: Database,
  klaviyoAccountId: string,
  hubspotIds: readonly string[],
  klaviyoIds: readonly string[],
): Promise<Map<string, Tombstone>> {
  const rows = await db.query<Tombstone & { side: string; record_id: string }>(
    `select side, record_id, reason, base from tombstone
     where klaviyo_account_id = $1 and ((side = 'hubspot' and record_id = any ($2)) or (side = 'klaviyo' and record_id = any ($3)))`,
    [klaviyoAccountId, hubspotIds, klaviyoIds],
  );
  return new Map(rows.map(({ side, record_id, reason, base }) => [`${side}:${record_id}`, { reason, base }]));
}

/** Forgets that these records' partners were deleted: they are linked again, or left the rules (B11). */
export async function clearTombstones(
  tx: Database,
  klaviyoAccountId: string,
  records: readonly { side: 'hubspot' | 'klaviyo'; recordId: string }[],
): Promise<void> {
  if (records.length === 0) return;
  await tx.query(
    `delete from tombstone t using jsonb_to_recordset($2::jsonb) as x (side text, "recordId" text)
     where t.klaviyo_account_id = $1 and t.side = x.side and t.record_id = x."recordId"`,
    [klaviyoAccountId, JSON.stringify(records)],
  );
}

/** A slice of the pairs of an account in the order of their ids, for the round that looks at all of them. */
export async function linkSlice(
  db: Database,
  klaviyoAccountId: string,
  afterId: string,
  limit: number,
): Promise<
  { id: string; hubspotId: string; klaviyoId: string; hubspotModifiedAt: Date | null; klaviyoModifiedAt: Date | null }[]
> {
  return db.query(
    `select id, hubspot_id as "hubspotId", klaviyo_id as "klaviyoId", hubspot_modified_at as "hubspotModifiedAt",
       klaviyo_modified_at as "klaviyoModifiedAt"
     from link where klaviyo_account_id = $1 and id > $2 order by id limit $3`,
    [klaviyoAccountId, afterId, limit],
  );
}

/**
 * Gives the pair of a record another partner, with nothing agreed on yet. `from` is the record that keeps its pair, on the
 * side opposite to `side`. Answers false when the partner has a pair already, or the record has none.
 */
export async function relink(
  db: Database,
  klaviyoAccountId: string,
  change: { from: string | null; side: 'hubspot' | 'klaviyo'; to: string },
): Promise<boolean> {
  const [own, other] = change.side === 'klaviyo' ? ['hubspot_id', 'klaviyo_id'] : ['klaviyo_id', 'hubspot_id'];
  const rows = await db.query(
    `update link l set ${other} = $3, base = '{}', hubspot_modified_at = null, klaviyo_modified_at = null
     where klaviyo_account_id = $1 and ${own} = $2
       and not exists (select from link o where o.klaviyo_account_id = $1 and o.${other} = $3)
     returning id`,
    [klaviyoAccountId, change.from, change.to],
  );
  return rows.length > 0;
}

/** Which of these records have a pair that was through since a moment. */
export async function syncedSince(
  db: Database,
  klaviyoAccountId: string,
  side: 'hubspot' | 'klaviyo',
  ids: readonly string[],
  since: Date,
): Promise<Set<string>> {
  const id = side === 'hubspot' ? 'hubspot_id' : 'klaviyo_id';
  const rows = await db.query<{ id: string }>(
    `select x.id from unnest($2::text[]) as x (id) where exists (
       select from link where klaviyo_account_id = $1 and ${id} = x.id and synced_at >= $3 offset 0)`,
    [klaviyoAccountId, ids, since],
  );
  return new Set(rows.map((row) => row.id));
}

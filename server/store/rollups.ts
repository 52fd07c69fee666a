import type { CountedActivity } from '../rules/engagement/rollup.js';
import type { ActivityKind } from '../rules/engagement/activity-kind.js';
import type { Database } from './database.js';

/** A contact whose roll-ups are due. */
export interface DueRollup {
  contactId: string;
  profileId: string | null;
  written: Record<string, string>;
}

/** What is counted of these contacts changed: their roll-ups are due. */
export async function noteRollups(
  tx: Database,
  portalId: string,
  klaviyoAccountId: string,
  contacts: readonly { contactId: string; profileId: string | null }[],
): Promise<void> {
  const unique = [...new Map(contacts.map((contact) => [contact.contactId, contact])).values()];
  if (unique.length === 0) return;
  await tx.query(
    `insert into rollup as r (portal_id, contact_id, klaviyo_account_id, profile_id, due_at)
     select $1, x."contactId", $2, x."profileId", now() from jsonb_to_recordset($3::jsonb) as x ("contactId" text, "profileId" text)
     order by x."contactId"
     on conflict (portal_id, contact_id) do update set due_at = now(), profile_id = coalesce(excluded.profile_id, r.profile_id)`,
    [portalId, klaviyoAccountId, JSON.stringify(unique)],
  );
}

/** All contacts with activity: a connection wants roll-ups from now on. Answers how many. */
export async function noteAllRollups(db: Database, portalId: string, klaviyoAccountId: string): Promise<void> {
  await db.query(
    `insert into rollup (portal_id, contact_id, klaviyo_account_id, profile_id, due_at)
     select $1, e.contact_id, $2, null, now() from engaged_contact e where e.portal_id = $1
     on conflict (portal_id, contact_id) do update set due_at = coalesce(rollup.due_at, now())`,
    [portalId, klaviyoAccountId],
  );
}

/** Contacts whose roll-ups are due, those that wait longest first. */
export async function dueRollups(db: Database, klaviyoAccountId: string, limit: number): Promise<DueRollup[]> {
  return db.query<DueRollup>(
    `select contact_id as "contactId", profile_id as "profileId", written from rollup
     where klaviyo_account_id = $1 and due_at <= now() order by due_at, contact_id limit $2`,
    [klaviyoAccountId, limit],
  );
}

/** What counts of each contact, each activity once, and the profile it is of. */
export async function countedOf(
  db: Database,
  portalId: string,
  contactIds: readonly string[],
): Promise<Map<string, { activities: CountedActivity[]; profileId: string | null }>> {
  const rows = await db.query<{ contact_id: string; kind: ActivityKind; at: Date; profile_id: string | null }>(
    `select contact_id, kind, at, profile_id from activity where portal_id = $1 and contact_id = any ($2) and counted order by at`,
    [portalId, contactIds],
  );
  const found = new Map<string, { activities: CountedActivity[]; profileId: string | null }>();
  for (const row of rows) {
    const one = found.get(row.contact_id) ?? { activities: [], profileId: null };
    one.activities.push({ kind: row.kind, at: row.at.getTime() });
    found.set(row.contact_id, { activities: one.activities, profileId: row.profile_id ?? one.profileId });
  }
  return found;
}

/** Writes down what HubSpot has now and when the values change by time alone. A change meanwhile stays due. */
export async function settleRollups(
  tx: Database,
  portalId: string,
  settled: readonly { contactId: string; written: Record<string, string>; dueAt: Date | null }[],
  readAt: Date,
): Promise<void> {
  if (settled.length === 0) return;
  await tx.query(
    `update rollup r set written = r.written || x.written, due_at = case when r.due_at > $3 then r.due_at else x."dueAt" end
     from jsonb_to_recordset($2::jsonb) as x ("contactId" text, written jsonb, "dueAt" timestamptz)
     where r.portal_id = $1 and r.contact_id = x."contactId"`,
    [portalId, JSON.stringify(settled), readAt],
  );
}

/** The subscription status that was written last, for the card. */
export async function rolledStatus(db: Database, portalId: string, contactId: string): Promise<string | null> {
  const rows = await db.query<{ status: string | null }>(
    `select written ->> 'tandem_email_status' as status from rollup where portal_id = $1 and contact_id = $2`,
    [portalId, contactId],
  );
  return rows[0]?.status ?? null;
}

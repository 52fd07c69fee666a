import type { Database } from './database.js';
import { lockPeople } from './lock-people.js';
import { noteMergedContacts } from './merged-contacts.js';

/** Contacts were merged into one: their email activity is the survivor's, and its roll-ups are due (B7). */
export async function moveActivities(
  db: Database,
  portalId: string,
  merged: readonly string[],
  into: string,
): Promise<void> {
  if (merged.every((id) => id === into)) return;
  await db.transaction(async (tx) => {
    await lockPeople(tx, portalId, 'alone');
    const survivor = await noteMergedContacts(tx, portalId, merged, into);
    const from = [...new Set([...merged, into])].filter((id) => id !== survivor);
    // What waits for a timeline is found by its activity: it has no index of its own by contact.
    await tx.query(
      `with moved as (update activity set contact_id = $3 where portal_id = $1 and contact_id = any ($2) returning id)
       update app_event_due d set object_id = $3 from moved where d.activity_id = moved.id and d.object = 'contact'`,
      [portalId, from, survivor],
    );
    await tx.query(
      `with gone as (delete from engaged_contact where portal_id = $1 and contact_id = any ($2) returning company_id, deal_ids)
       insert into engaged_contact (portal_id, contact_id, company_id, deal_ids, read_at)
       select $1, $3, max(company_id), '{}', 'epoch' from gone having count(*) > 0 on conflict do nothing`,
      [portalId, from, survivor],
    );
    await tx.query(
      `with gone as (delete from rollup where portal_id = $1 and contact_id = any ($2) returning klaviyo_account_id, profile_id)
       insert into rollup (portal_id, contact_id, klaviyo_account_id, profile_id, due_at)
       select $1, $3, klaviyo_account_id, profile_id, now() from gone limit 1
       on conflict (portal_id, contact_id) do update set due_at = now()`,
      [portalId, from, survivor],
    );
  });
}

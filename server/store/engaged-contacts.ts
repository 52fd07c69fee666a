import type { Database } from './database.js';

/** To which company and deals a contact belongs. */
export interface EngagedContact {
  contactId: string;
  companyId: string | null;
  dealIds: string[];
}

/** Keeps what was just read of contacts with activity. */
export async function keepEngagedContacts(
  db: Database,
  portalId: string,
  contacts: readonly EngagedContact[],
): Promise<void> {
  if (contacts.length === 0) return;
  await db.query(
    `insert into engaged_contact as e (portal_id, contact_id, company_id, deal_ids)
     select $1, x."contactId", x."companyId", coalesce((select array_agg(d) from jsonb_array_elements_text(x."dealIds") as d), '{}')
     from jsonb_to_recordset($2::jsonb) as x ("contactId" text, "companyId" text, "dealIds" jsonb)
     order by x."contactId"
     on conflict (portal_id, contact_id) do update set company_id = excluded.company_id, deal_ids = excluded.deal_ids, read_at = now()`,
    [portalId, JSON.stringify(contacts)],
  );
}

/** Contacts with activity that belong to a company or deal, as last read; the `limit` that were read last. */
export async function contactsOf(
  db: Database,
  portalId: string,
  object: 'company' | 'deal',
  objectId: string,
  limit: number,
): Promise<string[]> {
  const rows = await db.query<{ contact_id: string }>(
    object === 'company'
      ? 'select contact_id from engaged_contact where portal_id = $1 and company_id = $2 order by read_at desc limit $3'
      : `select e.contact_id from engaged_deal d join engaged_contact e on e.portal_id = d.portal_id and e.contact_id = d.contact_id
         where d.portal_id = $1 and d.deal_id = $2 order by e.read_at desc limit $3`,
    [portalId, objectId, limit],
  );
  return rows.map((row) => row.contact_id);
}

/** Contacts of a portal whose company and deals were read before a moment, of those that a card is made of. */
export async function staleContacts(
  db: Database,
  portalId: string,
  contactIds: readonly string[],
  olderSeconds: number,
): Promise<string[]> {
  const rows = await db.query<{ contact_id: string }>(
    `select contact_id from engaged_contact where portal_id = $1 and contact_id = any ($2) and read_at < now() - make_interval(secs => $3)`,
    [portalId, contactIds, olderSeconds],
  );
  return rows.map((row) => row.contact_id);
}

/** Forgets where these contacts belong, those of them that have no activity. */
export async function dropUnengaged(db: Database, portalId: string, contactIds: readonly string[]): Promise<void> {
  if (contactIds.length === 0) return;
  await db.query(
    `delete from engaged_contact e where e.portal_id = $1 and e.contact_id = any ($2)
       and not exists (select from activity a where a.portal_id = $1 and a.contact_id = e.contact_id)`,
    [portalId, contactIds],
  );
}

import type { Side } from '../rules/connection.js';
import type { Database } from './database.js';

/** What was erased of one person: rows by kind, and whether Klaviyo was asked to delete the profile too. */
export type ErasureReport = Record<string, number | boolean>;

/** Notes that a contact's data is to be erased, for every Klaviyo account of the portal. Answers those accounts. */
export async function noteErasures(db: Database, portalId: string, hubspotIds: readonly string[]): Promise<string[]> {
  if (hubspotIds.length === 0) return [];
  const rows = await db.query<{ id: string }>(
    `with noted as (
       insert into erasure_due (klaviyo_account_id, portal_id, hubspot_id)
       select a.id, a.portal_id, x from klaviyo_account a, unnest($2::text[]) as x where a.portal_id = $1
       on conflict do nothing)
     select id from klaviyo_account where portal_id = $1`,
    [portalId, hubspotIds],
  );
  return rows.map(({ id }) => id);
}

/** Contacts of a pair of accounts whose erasure is due. */
export async function dueErasures(
  db: Database,
  klaviyoAccountId: string,
): Promise<{ portalId: string; hubspotId: string }[]> {
  const rows = await db.query<{ portal_id: string; hubspot_id: string }>(
    'select portal_id, hubspot_id from erasure_due where klaviyo_account_id = $1 order by at limit 100',
    [klaviyoAccountId],
  );
  return rows.map((row) => ({ portalId: row.portal_id, hubspotId: row.hubspot_id }));
}

/** Every trace by which one contact is known here: profile ids and emails, of the present and of the history. */
export async function tracesOf(
  db: Database,
  klaviyoAccountId: string,
  hubspotId: string,
): Promise<{ klaviyoIds: string[]; emails: string[] }> {
  const rows = await db.query<{ klaviyo_id: string | null; email: string | null }>(
    `select klaviyo_id, email from link where klaviyo_account_id = $1 and hubspot_id = $2
     union select h.klaviyo_id, lower(trim(h.email)) from history h join klaviyo_account a on a.id = $1
       where h.portal_id = a.portal_id and h.hubspot_id = $2 and h.klaviyo_account_id = $1
     union select i.klaviyo_id, lower(trim(i.email)) from issue i join connection c on c.id = i.connection_id
       where c.klaviyo_account_id = $1 and i.hubspot_id = $2
     union select v.profile_id, v.email from activity v join klaviyo_account a on a.id = $1 and a.portal_id = v.portal_id
       where v.klaviyo_account_id = $1 and v.contact_id = $2`,
    [klaviyoAccountId, hubspotId],
  );
  const given = (values: (string | null)[]): string[] => [...new Set(values.filter((value) => value !== null))];
  return { klaviyoIds: given(rows.map((row) => row.klaviyo_id)), emails: given(rows.map((row) => row.email)) };
}

/** Whether a connection of the pair of accounts asks Klaviyo to delete people who were erased in HubSpot. */
export async function erasesInKlaviyo(db: Database, klaviyoAccountId: string): Promise<boolean> {
  const rows = await db.query(
    `select from connection where klaviyo_account_id = $1 and state <> 'draft'
       and (config #>> '{options,erasePrivacyDeletionsInKlaviyo}') = 'true' limit 1`,
    [klaviyoAccountId],
  );
  return rows.length > 0;
}

export interface Erasure {
  portalId: string;
  klaviyoAccountId: string;
  hubspotId: string;
  klaviyoIds: readonly string[];
  emails: readonly string[];
  /** Hash of each email as `usage_contact` keeps it. */
  usageHashes: readonly Buffer[];
}

/** Takes away everything that is kept of one person, the standings excepted; answers how many rows of each kind. */
export async function eraseRows(tx: Database, erasure: Erasure): Promise<ErasureReport> {
  const { portalId, klaviyoAccountId: account, hubspotId, klaviyoIds, emails, usageHashes } = erasure;
  const report: ErasureReport = {};
  const erase = async (kind: string, text: string, values: readonly unknown[]): Promise<void> => {
    report[kind] = (await tx.query(`${text} returning 1 as erased`, values)).length;
  };
  const records = [account, hubspotId, klaviyoIds];
  const ofRecord = `klaviyo_account_id = $1 and ((side = 'hubspot' and record_id = $2) or (side = 'klaviyo' and record_id = any ($3)))`;
  await erase(
    'links',
    'delete from link where klaviyo_account_id = $1 and (hubspot_id = $2 or klaviyo_id = any ($3))',
    records,
  );
  await erase('tombstones', `delete from tombstone where ${ofRecord}`, records);
  await erase('changes', `delete from change where ${ofRecord}`, records);
  await erase('listWrites', 'delete from list_write where klaviyo_account_id = $1 and klaviyo_id = any ($2)', [
    account,
    klaviyoIds,
  ]);
  await erase(
    'rosters',
    `delete from roster r using run where run.id = r.run_id and run.klaviyo_account_id = $1
       and (r.kind = 'contact' and r.record_id = $2 or r.kind <> 'contact' and r.record_id = any ($3) or r.email = any ($4))`,
    [...records, emails],
  );
  await erase('listMembers', `delete from list_member where ${ofRecord}`, records);
  await erase(
    'history',
    `delete from history where portal_id = $1 and klaviyo_account_id = $2
       and (hubspot_id = $3 or klaviyo_id = any ($4) or lower(trim(email)) = any ($5))`,
    [portalId, account, hubspotId, klaviyoIds, emails],
  );
  await erase(
    'issues',
    `delete from issue i using connection c where c.id = i.connection_id and c.klaviyo_account_id = $1
       and (i.hubspot_id = $2 or i.klaviyo_id = any ($3) or (i.side = 'hubspot' and i.record_id = $2) or (i.side = 'klaviyo' and i.record_id = any ($3)))`,
    records,
  );
  await erase(
    'previews',
    `delete from preview_person where portal_id = $1 and (hubspot_id = $2 or klaviyo_id = any ($3)
       or plan is not null and exists (select from unnest($4::text[]) as email where position(email in lower(plan::text)) > 0))`,
    [portalId, hubspotId, klaviyoIds, emails],
  );
  await eraseQuotes(tx, portalId, account, emails);
  await erase('consents', 'delete from consent where klaviyo_account_id = $1 and email = any ($2)', [account, emails]);
  await erase('usage', 'delete from usage_contact where portal_id = $1 and email_hash = any ($2)', [
    portalId,
    usageHashes,
  ]);
  await erase('events', `delete from hint where portal_id = $1 and event ->> 'objectId' = $2`, [portalId, hubspotId]);
  await erase('hints', 'update hint_batch set hints = hints - $2::text where portal_id = $1 and hints ? $2', [
    portalId,
    hubspotId,
  ]);
  return report;
}

/** What is said of others may quote an address: “belongs to the Klaviyo profile …”. */
async function eraseQuotes(tx: Database, portalId: string, account: string, emails: readonly string[]): Promise<void> {
  for (const email of emails) {
    const look = email.replace(/[^\w@]/g, '\\$&');
    await tx.query(
      `update issue set detail = regexp_replace(detail, $2, 'somebody who was erased', 'gi'), repair = null
       where portal_id = $1 and detail ~* $2`,
      [portalId, look],
    );
    await tx.query(
      `update standing set message = regexp_replace(message, $3, 'somebody who was erased', 'gi')
       where portal_id = $1 and connection_id in (select id from connection where klaviyo_account_id = $2) and message ~* $3`,
      [portalId, account, look],
    );
  }
}

/** Where standings of these records are kept, to be taken away with their counts. */
export async function standingsToErase(
  tx: Database,
  klaviyoAccountId: string,
  hubspotId: string,
  klaviyoIds: readonly string[],
): Promise<{ connectionId: string; side: Side; recordId: string }[]> {
  const rows = await tx.query<{ connection_id: string; side: Side; record_id: string }>(
    `select s.connection_id, s.side, s.record_id from standing s join connection c on c.id = s.connection_id
     where c.klaviyo_account_id = $1
       and ((s.side = 'hubspot' and s.record_id = $2) or (s.side = 'klaviyo' and s.record_id = any ($3)))`,
    [klaviyoAccountId, hubspotId, klaviyoIds],
  );
  return rows.map((row) => ({ connectionId: row.connection_id, side: row.side, recordId: row.record_id }));
}

/** Keeps the keyed hashes of an erased person, with the report, and closes the request. */
export async function concludeErasure(
  tx: Database,
  erasure: Pick<Erasure, 'portalId' | 'klaviyoAccountId' | 'hubspotId'>,
  hashes: readonly Buffer[],
  report: ErasureReport,
): Promise<void> {
  await tx.query(
    `insert into erased (portal_id, email_hash, report) select $1, x, $3 from unnest($2::bytea[]) as x
     on conflict (portal_id, email_hash) do update set report = excluded.report, at = now()`,
    [erasure.portalId, hashes, JSON.stringify(report)],
  );
  await tx.query('delete from erasure_due where klaviyo_account_id = $1 and hubspot_id = $2', [
    erasure.klaviyoAccountId,
    erasure.hubspotId,
  ]);
}

/** Which of these hashes are of erased people. */
export async function erasedHashes(db: Database, portalId: string, hashes: readonly Buffer[]): Promise<Buffer[]> {
  const rows = await db.query<{ email_hash: Buffer }>(
    'select email_hash from erased where portal_id = $1 and email_hash = any ($2)',
    [portalId, hashes],
  );
  return rows.map((row) => row.email_hash);
}

/** The portal's sealed key of those hashes, or null when nobody was erased yet. */
export async function readErasureKey(db: Database, portalId: string): Promise<string | null> {
  const rows = await db.query<{ erasure_key: string | null }>('select erasure_key from portal where id = $1', [
    portalId,
  ]);
  return rows[0]?.erasure_key ?? null;
}

/** Keeps the key, unless another process was first; answers the one that stands. */
export async function keepErasureKey(db: Database, portalId: string, sealed: string): Promise<string> {
  const rows = await db.query<{ erasure_key: string }>(
    'update portal set erasure_key = coalesce(erasure_key, $2) where id = $1 returning erasure_key',
    [portalId, sealed],
  );
  return rows[0]?.erasure_key ?? sealed;
}

/** What was erased of whom and when, newest first; whom, only their hash knows. */
export async function erasures(
  db: Database,
  portalId: string,
  page: { cursor?: string | undefined; limit: number },
): Promise<{ rows: { at: Date; report: ErasureReport }[]; next: string | null }> {
  const before = /^\d{1,16}$/.test(page.cursor ?? '') ? page.cursor : null;
  const rows = await db.query<{ at: Date; report: ErasureReport; us: string }>(
    `select at, report, (extract(epoch from at) * 1000000)::bigint as us from erased
     where portal_id = $1 and ($2::bigint is null or at < timestamptz 'epoch' + $2::bigint * interval '1 microsecond')
     order by at desc limit $3`,
    [portalId, before, page.limit + 1],
  );
  const shown = rows.slice(0, page.limit);
  return { rows: shown, next: rows.length > page.limit ? (shown.at(-1)?.us ?? null) : null };
}

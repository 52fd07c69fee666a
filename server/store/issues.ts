import type { Side } from '../rules/connection.js';
import type { Repair } from '../rules/repair.js';
import type { Database } from './database.js';

export interface NewIssue {
  connectionId: string;
  code: string;
  side: Side;
  /** '' for an issue of the whole connection. */
  recordId: string;
  field: string;
  title: string;
  detail: string;
  fix: string;
  hubspotId: string | null;
  klaviyoId: string | null;
  email: string | null;
  repair?: Repair;
}

const columns = `"connectionId" uuid, code text, side text, "recordId" text, field text, title text, detail text, fix text,
  "hubspotId" text, "klaviyoId" text, email text, repair jsonb`;

/**
 * Opens issues, or counts another attempt where they are open. An ignored issue stays ignored while its detail stays
 * the same: ignoring one bad value does not hide the next.
 */
export async function openIssues(tx: Database, portalId: string, issues: readonly NewIssue[]): Promise<void> {
  const unique = new Map(
    issues.map((issue) => [
      JSON.stringify([issue.connectionId, issue.side, issue.recordId, issue.code, issue.field]),
      issue,
    ]),
  );
  if (unique.size === 0) return;
  await tx.query(
    `insert into issue as i (portal_id, connection_id, code, side, record_id, field, title, detail, fix, hubspot_id, klaviyo_id, email, repair)
     select $1, x."connectionId", x.code, x.side, x."recordId", x.field, x.title, x.detail, x.fix, x."hubspotId", x."klaviyoId", x.email, x.repair
     from jsonb_to_recordset($2::jsonb) as x (${columns})
     join connection c on c.id = x."connectionId"
     on conflict (connection_id, side, record_id, code, field) do update set
       attempts = i.attempts + 1, last_seen_at = now(), title = excluded.title, fix = excluded.fix,
       hubspot_id = excluded.hubspot_id, klaviyo_id = excluded.klaviyo_id, email = excluded.email, repair = excluded.repair,
       ignored_at = case when i.detail = excluded.detail then i.ignored_at end, detail = excluded.detail`,
    [portalId, JSON.stringify([...unique.values()])],
  );
}

/** Closes every issue of these records that is not among `still`: its cause is gone (F5). */
export async function clearIssues(
  tx: Database,
  connectionIds: readonly string[],
  records: readonly { side: Side; recordId: string }[],
  still: readonly NewIssue[],
): Promise<void> {
  if (records.length === 0 || connectionIds.length === 0) return;
  await tx.query(
    `delete from issue i using jsonb_to_recordset($2::jsonb) as r (side text, "recordId" text)
     where i.connection_id = any ($1) and i.side = r.side and i.record_id = r."recordId"
       and not exists (
         select from jsonb_to_recordset($3::jsonb) as s ("connectionId" uuid, code text, side text, "recordId" text, field text)
         where s."connectionId" = i.connection_id and s.code = i.code and s.side = i.side
           and s."recordId" = i.record_id and s.field = i.field)`,
    [connectionIds, JSON.stringify(records), JSON.stringify(still)],
  );
}

/** Closes issues of whole connections (a vanished field, a reconnect) by code, except for the fields in `stillFields`. */
export async function clearConnectionIssues(
  tx: Database,
  connectionIds: readonly string[],
  codes: readonly string[],
  stillFields: readonly string[] = [],
): Promise<void> {
  await tx.query(
    `delete from issue where connection_id = any ($1) and record_id = '' and code = any ($2) and not (field = any ($3))`,
    [connectionIds, codes, stillFields],
  );
}

/** Closes one kind of issue of whole connections for one field, in all connections of a pair of accounts. */
export async function clearConnectionIssue(
  tx: Database,
  klaviyoAccountId: string,
  code: string,
  field: string,
): Promise<void> {
  await tx.query(
    `delete from issue i using connection c where c.id = i.connection_id and c.klaviyo_account_id = $1
       and i.record_id = '' and i.code = $2 and i.field = $3`,
    [klaviyoAccountId, code, field],
  );
}

/**
 * Whether the connections of that type of a pair of accounts rest because a permission is missing: asking again and again would only be denied again
 * (HubSpot's certification asks for it). Tried anew after five minutes, or at once when somebody connects again.
 */
export async function restsForPerson(
  db: Database,
  klaviyoAccountId: string,
  type: 'contact' | 'engagement' = 'contact',
): Promise<boolean> {
  const rows = await db.query(
    `select from issue i join connection c on c.id = i.connection_id
     where c.klaviyo_account_id = $1 and c.type = $2 and i.code = 'missing_scope' and i.record_id = '' and i.last_seen_at > now() - interval '5 minutes' limit 1`,
    [klaviyoAccountId, type],
  );
  return rows.length > 0;
}

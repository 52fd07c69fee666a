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
  /** Nothing was tried this time: an open issue keeps its words, and when it was tried last. */
  rests?: true;
  /** The phone number (E.164) that another profile holds; see `awaitingNumbers`. */
  awaits?: string;
}

const columns = `"connectionId" uuid, code text, side text, "recordId" text, field text, title text, detail text, fix text,
  "hubspotId" text, "klaviyoId" text, email text, repair jsonb, awaits text`;

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
  const rows = [...unique.values()];
  const tried = rows.filter(({ rests }) => rests !== true);
  const resting = rows.filter(({ rests }) => rests === true);
  if (tried.length > 0) await writeIssues(tx, portalId, tried, afterTry);
  if (resting.length > 0) await writeIssues(tx, portalId, resting, whose);
}

const whose = 'hubspot_id = excluded.hubspot_id, klaviyo_id = excluded.klaviyo_id, email = excluded.email';
const afterTry = `${whose}, attempts = i.attempts + 1, last_seen_at = now(), title = excluded.title, fix = excluded.fix,
       repair = excluded.repair, awaits = excluded.awaits, ignored_at = case when i.detail = excluded.detail then i.ignored_at end, detail = excluded.detail`;

async function writeIssues(
  tx: Database,
  portalId: string,
  issues: readonly NewIssue[],
  whereOpen: typeof whose | typeof afterTry,
): Promise<void> {
  await tx.query(
    `insert into issue as i (portal_id, connection_id, code, side, record_id, field, title, detail, fix, hubspot_id, klaviyo_id, email, repair, awaits)
     select $1, x."connectionId", x.code, x.side, x."recordId", x.field, x.title, x.detail, x.fix, x."hubspotId", x."klaviyoId", x.email, x.repair, x.awaits
     from jsonb_to_recordset($2::jsonb) as x (${columns})
     join connection c on c.id = x."connectionId"
     on conflict (connection_id, side, record_id, code, field) do update set ${whereOpen}`,
    [portalId, JSON.stringify(issues)],
  );
}

/** Records with an issue because one of these phone numbers belonged to another profile. */
export async function awaitingNumbers(
  tx: Database,
  connectionIds: readonly string[],
  numbers: readonly string[],
): Promise<{ side: Side; recordId: string }[]> {
  return tx.query(
    `select distinct side, record_id as "recordId" from issue where connection_id = any ($1) and awaits = any ($2)`,
    [connectionIds, numbers],
  );
}

/**
 * Closes every issue of these records that is not among `still`: its cause is gone (F5). Record by record (`offset 0`): while
 * nobody has counted the issues of a first sync, the planner compared each of them with each record.
 */
export async function clearIssues(
  tx: Database,
  connectionIds: readonly string[],
  records: readonly { side: Side; recordId: string }[],
  still: readonly NewIssue[],
): Promise<void> {
  if (records.length === 0 || connectionIds.length === 0) return;
  await tx.query(
    `delete from issue where id = any (array(
       select i.id from jsonb_to_recordset($2::jsonb) as r (side text, "recordId" text) cross join lateral (
         select id, connection_id, code, side, record_id, field from issue
         where connection_id = any ($1) and side = r.side and record_id = r."recordId" offset 0) i
       where (i.connection_id, i.code, i.side, i.record_id, i.field) not in (
         select s."connectionId", s.code, s.side, s."recordId", s.field
         from jsonb_to_recordset($3::jsonb) as s ("connectionId" uuid, code text, side text, "recordId" text, field text))))`,
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

import type { Repair } from '../rules/repair.js';
import type { Database } from './database.js';

export interface IssueRow {
  id: string;
  connectionId: string;
  code: string;
  title: string;
  detail: string;
  fix: string;
  side: 'hubspot' | 'klaviyo';
  recordId: string;
  email: string | null;
  hubspotId: string | null;
  klaviyoId: string | null;
  firstSeenAt: Date;
  lastSeenAt: Date;
  attempts: number;
  repair: Repair | null;
}

const columns = `id, connection_id as "connectionId", code, title, detail, fix, side, record_id as "recordId", email, hubspot_id as "hubspotId",
  klaviyo_id as "klaviyoId", first_seen_at as "firstSeenAt", last_seen_at as "lastSeenAt", attempts, repair`;

export interface IssueFilter {
  connectionId?: string | undefined;
  code?: string | undefined;
}

const where = `portal_id = $1 and ignored_at is null and ($2::uuid is null or connection_id = $2) and ($3::text is null or code = $3)`;

/** Open issues of a portal, in the order they came up. */
export async function listIssues(
  db: Database,
  portalId: string,
  filter: IssueFilter,
  page: { cursor?: string | undefined; limit: number },
): Promise<{ issues: IssueRow[]; next: string | null }> {
  const after = /^\d{1,18}$/.test(page.cursor ?? '') ? page.cursor : '0';
  const rows = await db.query<IssueRow>(
    `select ${columns} from issue where ${where} and id > $4 order by id limit $5`,
    [portalId, filter.connectionId ?? null, filter.code ?? null, after, page.limit + 1],
  );
  const issues = rows.slice(0, page.limit);
  return { issues, next: rows.length > page.limit ? (issues.at(-1)?.id ?? null) : null };
}

/** Open issues by cause, the most frequent first. */
export async function issueGroups(
  db: Database,
  portalId: string,
  filter: IssueFilter,
): Promise<{ code: string; title: string; fix: string; count: number; connectionId: string }[]> {
  const rows = await db.query<{ code: string; title: string; fix: string; n: string; connection_id: string }>(
    `select code, min(title) as title, min(fix) as fix, count(*) as n, connection_id from issue where ${where} group by code, connection_id order by count(*) desc`,
    [portalId, filter.connectionId ?? null, filter.code ?? null],
  );
  return rows.map((row) => ({
    code: row.code,
    title: row.title,
    fix: row.fix,
    count: Number(row.n),
    connectionId: row.connection_id,
  }));
}

/** One open issue of this portal, or null. */
export async function findIssue(
  db: Database,
  portalId: string,
  id: string,
): Promise<(IssueRow & { klaviyoAccountId: string }) | null> {
  if (!/^\d{1,18}$/.test(id)) return null;
  const rows = await db.query<IssueRow & { klaviyoAccountId: string }>(
    `select i.*, c.klaviyo_account_id as "klaviyoAccountId" from (select ${columns}, portal_id from issue where id = $2) i join connection c on c.id = i."connectionId" where i.portal_id = $1`,
    [portalId, id],
  );
  return rows[0] ?? null;
}

/** Open issues of one contact, on its own side and on that of the profiles it is linked with; the newest first. */
export async function issuesOfContact(
  db: Database,
  portalId: string,
  hubspotId: string,
  limit: number,
): Promise<IssueRow[]> {
  return db.query<IssueRow>(
    `select ${columns} from issue
     where portal_id = $1 and ignored_at is null and connection_id in (select id from connection where portal_id = $1)
       and (side, record_id) in (select 'hubspot', $2 union all select 'klaviyo', klaviyo_id from link where portal_id = $1 and hubspot_id = $2)
     order by last_seen_at desc, id desc limit $3`,
    [portalId, hubspotId, limit],
  );
}

/** Records with open issues, a page at a time, for retrying many. */
export async function issueRecords(
  db: Database,
  portalId: string,
  filter: IssueFilter,
  afterId: string,
  limit: number,
): Promise<{ id: string; side: 'hubspot' | 'klaviyo'; recordId: string; klaviyoAccountId: string }[]> {
  return db.query(
    `select i.id, i.side, i.record_id as "recordId", c.klaviyo_account_id as "klaviyoAccountId" from issue i join connection c on c.id = i.connection_id
     where i.portal_id = $1 and i.ignored_at is null and ($2::uuid is null or i.connection_id = $2) and ($3::text is null or i.code = $3)
       and i.record_id <> '' and i.id > $4 order by i.id limit $5`,
    [portalId, filter.connectionId ?? null, filter.code ?? null, afterId, limit],
  );
}

export type RepairableIssue = IssueRow & { klaviyoAccountId: string; repair: Repair };

/** Open issues that have a button, a page at a time. */
export async function issuesWithRepairs(
  db: Database,
  portalId: string,
  filter: IssueFilter,
  afterId: string,
  limit: number,
): Promise<RepairableIssue[]> {
  return db.query<RepairableIssue>(
    `select i.*, c.klaviyo_account_id as "klaviyoAccountId" from (select ${columns} from issue where ${where} and repair is not null and id > $4 order by id limit $5) i
     join connection c on c.id = i."connectionId" order by i.id`,
    [portalId, filter.connectionId ?? null, filter.code ?? null, afterId, limit],
  );
}

/** Sets an issue aside until its detail changes. */
export async function ignoreIssue(db: Database, portalId: string, id: string): Promise<void> {
  await db.query('update issue set ignored_at = now() where portal_id = $1 and id = $2', [portalId, id]);
}

/** Fields of these contacts that have an open issue (set aside ones too), by HubSpot id. */
export async function fieldsWithIssues(
  db: Database,
  connectionIds: readonly string[],
  hubspotIds: readonly string[],
): Promise<Map<string, Set<string>>> {
  const rows = await db.query<{ record_id: string; field: string }>(
    `select record_id, field from issue where connection_id = any ($1) and side = 'hubspot' and record_id = any ($2)`,
    [connectionIds, hubspotIds],
  );
  const fields = new Map<string, Set<string>>();
  for (const row of rows) fields.set(row.record_id, (fields.get(row.record_id) ?? new Set()).add(row.field));
  return fields;
}

/**
 * Records whose issue is to be looked at again, for its cause may lie with somebody else (a number or an address that
 * another record held) and nothing tells when that is gone (F5). The pause grows with the age of the issue: at least
 * `pauseSeconds`, at most a day.
 */
export async function issuesDueAgain(
  db: Database,
  klaviyoAccountId: string,
  pauseSeconds: number,
  limit: number,
): Promise<{ side: 'hubspot' | 'klaviyo'; recordId: string }[]> {
  return db.query(
    // As an array: joined, the planner may read the issues of everybody.
    `select distinct i.side, i.record_id as "recordId" from issue i
     where i.connection_id = any (array(
         select id from connection where klaviyo_account_id = $1 and state in ('initial_sync', 'active')))
       and i.record_id <> ''
       and i.last_seen_at + least(greatest(make_interval(secs => $2), i.last_seen_at - i.first_seen_at), interval '1 day') <= now()
     limit $3`,
    [klaviyoAccountId, pauseSeconds, limit],
  );
}

/** Of these accounts, those with an issue that is to be looked at again, as `issuesDueAgain` answers them. */
export async function accountsWithIssuesDue(
  db: Database,
  klaviyoAccountIds: readonly string[],
  pauseSeconds: number,
): Promise<Set<string>> {
  if (klaviyoAccountIds.length === 0) return new Set();
  const rows = await db.query<{ id: string }>(
    `select x.id from unnest($1::uuid[]) as x (id) where exists (
       select from connection c cross join lateral (
         select from issue i where i.connection_id = c.id and i.record_id <> ''
           and i.last_seen_at + least(greatest(make_interval(secs => $2), i.last_seen_at - i.first_seen_at), interval '1 day') <= now()
         limit 1) as due
       where c.klaviyo_account_id = x.id and c.state in ('initial_sync', 'active'))`,
    [klaviyoAccountIds, pauseSeconds],
  );
  return new Set(rows.map(({ id }) => id));
}

import { nextDueSql } from './activities.js';
import type { Database } from './database.js';

/** What the engagement sync of one pair of accounts knows of itself. */
export interface EngagementAccount {
  klaviyoAccountId: string;
  portalId: string;
  liveFrom: Date;
  metricsAt: Date | null;
  sourcesAt: Date | null;
  webhook: {
    key: string;
    secret: string | null;
    id: string | null;
    state: 'unknown' | 'on' | 'not_available';
    at: Date | null;
  };
}

interface Row {
  klaviyo_account_id: string;
  portal_id: string;
  live_from: Date;
  metrics_at: Date | null;
  sources_at: Date | null;
  webhook_key: string;
  webhook_secret: string | null;
  webhook_id: string | null;
  webhook_state: EngagementAccount['webhook']['state'];
  webhook_at: Date | null;
}

const columns =
  'e.klaviyo_account_id, e.portal_id, e.live_from, e.metrics_at, e.sources_at, e.webhook_key, e.webhook_secret, e.webhook_id, e.webhook_state, e.webhook_at';

const fromRow = (row: Row): EngagementAccount => ({
  klaviyoAccountId: row.klaviyo_account_id,
  portalId: row.portal_id,
  liveFrom: row.live_from,
  metricsAt: row.metrics_at,
  sourcesAt: row.sources_at,
  webhook: {
    key: row.webhook_key,
    secret: row.webhook_secret,
    id: row.webhook_id,
    state: row.webhook_state,
    at: row.webhook_at,
  },
});

/**
 * Makes sure a pair of accounts is looked at from now on; one that was paused goes on where it stood. Its webhook is looked
 * after too, unless that was minutes ago: Klaviyo answers fifteen such calls a minute.
 */
export async function ensureEngagementAccount(
  db: Database,
  portalId: string,
  klaviyoAccountId: string,
  webhookKey: string,
): Promise<void> {
  await db.query(
    `insert into engagement_account (klaviyo_account_id, portal_id, live_from, webhook_key) values ($1, $2, now(), $3)
     on conflict (klaviyo_account_id) do update set due_at = now(),
       webhook_at = case when engagement_account.webhook_state <> 'unknown' and engagement_account.webhook_at > now() - interval '5 minutes'
         then engagement_account.webhook_at end`,
    [klaviyoAccountId, portalId, webhookKey],
  );
}

/** What is known of a pair of accounts, or null when it never had an engagement connection. */
export async function engagementAccount(db: Database, klaviyoAccountId: string): Promise<EngagementAccount | null> {
  const rows = await db.query<Row>(`select ${columns} from engagement_account e where e.klaviyo_account_id = $1`, [
    klaviyoAccountId,
  ]);
  return rows[0] === undefined ? null : fromRow(rows[0]);
}

/** The pair of accounts that a webhook's address names, while both are connected; with Klaviyo's id of the company. */
export async function accountOfWebhook(
  db: Database,
  key: string,
): Promise<(EngagementAccount & { companyId: string }) | null> {
  const rows = await db.query<Row & { company_id: string }>(
    `select ${columns}, a.company_id from engagement_account e
       join klaviyo_account a on a.id = e.klaviyo_account_id and a.state = 'connected'
       join portal p on p.id = e.portal_id and p.state = 'installed'
     where e.webhook_key = $1`,
    [key],
  );
  return rows[0] === undefined ? null : { ...fromRow(rows[0]), companyId: rows[0].company_id };
}

/** Takes the pairs of accounts that are due, each for one process; due again after the period. */
export async function takeDueAccounts(db: Database, pollSeconds: number, limit: number): Promise<string[]> {
  const rows = await db.query<{ klaviyo_account_id: string }>(
    `update engagement_account e set due_at = now() + make_interval(secs => $1::float8 - least(1, $1::float8 * 0.2))
     from (select w.klaviyo_account_id from engagement_account w
             join klaviyo_account a on a.id = w.klaviyo_account_id and a.state = 'connected'
             join portal p on p.id = w.portal_id and p.state = 'installed'
           where w.due_at <= now() and exists (
               select from connection c where c.klaviyo_account_id = w.klaviyo_account_id and c.type = 'engagement' and c.state in ('initial_sync', 'active'))
           order by w.due_at limit $2 for update of w skip locked) due
     where e.klaviyo_account_id = due.klaviyo_account_id returning e.klaviyo_account_id`,
    [pollSeconds, limit],
  );
  return rows.map((row) => row.klaviyo_account_id);
}

/**
 * Accounts whose webhook nobody needs any more and could not be taken away at once: Klaviyo did not answer, or the app was
 * removed in HubSpot while there is access to Klaviyo still (A5). Each is tried every ten minutes.
 */
export async function accountsToTidy(db: Database, limit: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select e.klaviyo_account_id as id from engagement_account e
       join klaviyo_account a on a.id = e.klaviyo_account_id and a.state = 'connected'
       join portal p on p.id = e.portal_id
     where e.webhook_id is not null and (e.webhook_at is null or e.webhook_at < now() - interval '10 minutes')
       and (p.state <> 'installed' or not exists (
         select from connection c where c.klaviyo_account_id = e.klaviyo_account_id and c.type = 'engagement' and c.state in ('initial_sync', 'active')))
     limit $1`,
    [limit],
  );
  return rows.map((row) => row.id);
}

/** Pairs of accounts with something to decide, to deliver or to go on with: for wake-ups that a crash swallowed. */
export async function accountsToEngage(db: Database, limit: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select e.klaviyo_account_id as id from engagement_account e
       join klaviyo_account a on a.id = e.klaviyo_account_id and a.state = 'connected'
       join portal p on p.id = e.portal_id and p.state = 'installed'
     where exists (select from connection c where c.klaviyo_account_id = e.klaviyo_account_id and c.type = 'engagement' and c.state in ('initial_sync', 'active'))
       and (${nextDueSql.replaceAll(':account', 'e.klaviyo_account_id')} <= now()
         or exists (select from run r join connection c on c.id = r.connection_id and c.type = 'engagement' and c.state in ('initial_sync', 'active')
                    where r.klaviyo_account_id = e.klaviyo_account_id and r.state in ('queued', 'running')))
     limit $1`,
    [limit],
  );
  return rows.map((row) => row.id);
}

/** Notes that metrics, sources or everything was read just now. */
export async function noteRead(
  db: Database,
  klaviyoAccountId: string,
  what: 'metrics' | 'sources' | 'events',
): Promise<void> {
  await db.query(
    `update engagement_account set metrics_at = case when $2 = 'metrics' then now() else metrics_at end,
       sources_at = case when $2 = 'sources' then now() else sources_at end,
       succeeded_at = case when $2 = 'events' then now() else succeeded_at end
     where klaviyo_account_id = $1`,
    [klaviyoAccountId, what],
  );
}

/** Keeps what is known of the account's webhook; the secret is sealed. */
export async function keepWebhook(
  db: Database,
  klaviyoAccountId: string,
  webhook: { id: string | null; secret: string | null; state: EngagementAccount['webhook']['state'] },
): Promise<void> {
  await db.query(
    `update engagement_account set webhook_id = $2, webhook_secret = $3, webhook_state = $4, webhook_at = now() where klaviyo_account_id = $1`,
    [klaviyoAccountId, webhook.id, webhook.secret, webhook.state],
  );
}

/** Somebody tried to do something about the webhook just now, in vain. */
export async function webhookTried(db: Database, klaviyoAccountId: string): Promise<void> {
  await db.query('update engagement_account set webhook_at = now() where klaviyo_account_id = $1', [klaviyoAccountId]);
}

/** The account has topics that its webhook may not have yet: it is looked after with the next reading. */
export async function webhookDue(db: Database, klaviyoAccountId: string): Promise<void> {
  await db.query('update engagement_account set webhook_at = null where klaviyo_account_id = $1', [klaviyoAccountId]);
}

/**
 * Takes it upon itself to look after an account's webhook; null while somebody else did so not long ago. Readings of one
 * account may overlap, and each would make a webhook of its own.
 */
export async function claimWebhook(
  db: Database,
  klaviyoAccountId: string,
  everySeconds: number,
): Promise<EngagementAccount['webhook'] | null> {
  const rows = await db.query<Row>(
    `update engagement_account e set webhook_at = now() where e.klaviyo_account_id = $1
       and (e.webhook_at is null or e.webhook_at < now() - make_interval(secs => case when e.webhook_state = 'unknown' then 60 else $2 end))
     returning ${columns}`,
    [klaviyoAccountId, everySeconds],
  );
  return rows[0] === undefined ? null : fromRow(rows[0]).webhook;
}

/** Seconds since the account was read to the end, or null when it never was. */
export async function engagementLag(db: Database, klaviyoAccountId: string, pollSeconds: number): Promise<number> {
  const rows = await db.query<{ lag: number | null }>(
    `select greatest(0, extract(epoch from now() - coalesce(succeeded_at, now())) - $2,
       (select extract(epoch from now() - min(due_at)) from activity where klaviyo_account_id = $1 and due_at <= now() and not historical),
       (select extract(epoch from now() - min(due_at)) from app_event_due where klaviyo_account_id = $1 and state = 'waiting' and not historical and due_at <= now()))::float8 as lag
     from engagement_account where klaviyo_account_id = $1`,
    [klaviyoAccountId, pollSeconds],
  );
  return Math.max(0, Math.round(rows[0]?.lag ?? 0));
}

/** Keeps whether HubSpot lets the app write on the portal's timelines; answers whether that is news. */
export async function keepApproval(
  db: Database,
  portalId: string,
  approval: 'approved' | 'unapproved',
): Promise<boolean> {
  const rows = await db.query<{ news: boolean }>(
    `with before as (select app_events from portal where id = $1)
     update portal p set app_events = $2, app_events_at = now() from before where p.id = $1
     returning before.app_events is distinct from $2 as news`,
    [portalId, approval],
  );
  return rows[0]?.news === true;
}

/** Whether HubSpot lets the app write on the portal's timelines; null while nobody tried. */
export async function approvalOf(db: Database, portalId: string): Promise<'approved' | 'unapproved' | null> {
  const rows = await db.query<{ app_events: 'approved' | 'unapproved' | null }>(
    'select app_events from portal where id = $1',
    [portalId],
  );
  return rows[0]?.app_events ?? null;
}

/** HubSpot is asked at once whether it has approved the app's events meanwhile. */
export async function forgetApproval(db: Database, portalId: string): Promise<void> {
  await db.query(`update portal set app_events = null where id = $1 and app_events = 'unapproved'`, [portalId]);
}

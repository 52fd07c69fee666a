import { startOf, type EngagementConfig, type EngagementConnection } from '../rules/engagement/engagement-config.js';
import type { Database } from './database.js';

interface Row {
  id: string;
  portal_id: string;
  klaviyo_account_id: string;
  config: EngagementConfig;
  config_version: number;
  activated_at: Date;
}

const fromRow = (row: Row): EngagementConnection => ({
  ...row.config,
  id: row.id,
  portalId: row.portal_id,
  klaviyoAccountId: row.klaviyo_account_id,
  configVersion: row.config_version,
  activatedMs: row.activated_at.getTime(),
  startMs: startOf(row.config.options.since, row.activated_at.getTime()),
});

/** The engagement connections of a pair of accounts that sync now, oldest first. */
export async function engagingConnections(db: Database, klaviyoAccountId: string): Promise<EngagementConnection[]> {
  const rows = await db.query<Row>(
    `select c.id, c.portal_id, c.klaviyo_account_id, c.config, c.config_version, coalesce(c.activated_at, c.created_at) as activated_at
     from connection c
       join klaviyo_account a on a.id = c.klaviyo_account_id and a.state = 'connected'
       join portal p on p.id = c.portal_id and p.state = 'installed'
     where c.klaviyo_account_id = $1 and c.type = 'engagement' and c.state in ('initial_sync', 'active')
     order by c.created_at, c.id`,
    [klaviyoAccountId],
  );
  return rows.map(fromRow);
}

/** Every engagement connection of a pair of accounts is up to date as of now. */
export async function noteEngaged(db: Database, klaviyoAccountId: string): Promise<void> {
  await db.query(
    `update connection set last_success_at = now() where klaviyo_account_id = $1 and type = 'engagement' and state = 'active'`,
    [klaviyoAccountId],
  );
}

/** How many activities came to which decision, and how many wait, for a connection's status. */
export async function engagementCounts(
  db: Database,
  connectionId: string,
  klaviyoAccountId: string,
): Promise<{
  engagements: number;
  waiting: number;
  unapproved: number;
  refused: number;
  skippedBy: { reason: string; count: number }[];
}> {
  const [counts, waiting] = await Promise.all([
    db.query<{ decision: string; because: string; n: string }>(
      'select decision, because, n from engagement_count where connection_id = $1 and n > 0 order by n desc, because',
      [connectionId],
    ),
    db.query<{ undecided: string; waiting: string; unapproved: string; refused: string }>(
      `select (select count(*) from (select from activity where klaviyo_account_id = $1 and due_at is not null and decision is null limit 100000) u) as undecided,
         (select count(*) from (select from app_event_due where klaviyo_account_id = $1 and state = 'waiting' limit 100000) w) as waiting,
         (select count(*) from (select from app_event_due where klaviyo_account_id = $1 and state = 'unapproved' limit 100000) n) as unapproved,
         (select count(*) from (select from app_event_due where klaviyo_account_id = $1 and state = 'refused' limit 100000) r) as refused`,
      [klaviyoAccountId],
    ),
  ]);
  const [row] = waiting;
  return {
    engagements: counts.filter(({ decision }) => decision === 'deliver').reduce((sum, { n }) => sum + Number(n), 0),
    waiting: Number(row?.undecided ?? 0) + Number(row?.waiting ?? 0),
    unapproved: Number(row?.unapproved ?? 0),
    refused: Number(row?.refused ?? 0),
    skippedBy: counts
      .filter(({ decision }) => decision !== 'deliver')
      .map(({ because, n }) => ({ reason: because, count: Number(n) })),
  };
}

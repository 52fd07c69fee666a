import type { Database } from './database.js';

export interface Gauges {
  changesWaiting: number;
  /** The furthest behind of all connections in work, by kind, in seconds. */
  lag: { type: string; seconds: number }[];
  issues: { code: string; n: number }[];
  connections: { type: string; state: string; n: number }[];
}

/** What is counted over all portals for whoever watches the installation; nothing of it names anybody. */
export async function readGauges(db: Database, pollSeconds: number): Promise<Gauges> {
  const [changes, lag, issues, connections] = await Promise.all([
    db.query<{ n: number }>('select count(*)::int as n from (select from change limit 100000) c'),
    db.query<{ type: string; seconds: number }>(
      `with working as (
         select distinct c.type, c.klaviyo_account_id as id from connection c
         join klaviyo_account a on a.id = c.klaviyo_account_id and a.state = 'connected'
         join portal p on p.id = c.portal_id and p.state = 'installed'
         where c.state in ('initial_sync', 'active'))
       select 'contact' as type, greatest(0,
         (select extract(epoch from now() - min(due_at)) from change where due_at <= now() and klaviyo_account_id in (select id from working where type = 'contact')),
         (select extract(epoch from now() - min(coalesce(succeeded_at, now()))) - $1 from sweep where klaviyo_account_id in (select id from working where type = 'contact')))::float8 as seconds
       union all select 'engagement', greatest(0,
         (select extract(epoch from now() - min(coalesce(succeeded_at, now()))) - $1 from engagement_account where klaviyo_account_id in (select id from working where type = 'engagement')),
         (select extract(epoch from now() - min(due_at)) from activity where due_at <= now() and not historical and klaviyo_account_id in (select id from working where type = 'engagement')))::float8`,
      [pollSeconds],
    ),
    db.query<{ code: string; n: number }>(
      'select code, count(*)::int as n from issue where ignored_at is null group by code',
    ),
    db.query<{ type: string; state: string; n: number }>(
      'select type, state, count(*)::int as n from connection group by type, state',
    ),
  ]);
  return { changesWaiting: changes[0]?.n ?? 0, lag, issues, connections };
}

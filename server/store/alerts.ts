import type { Database } from './database.js';

export interface Alert {
  portalId: string;
  /** Null for what concerns the whole portal. */
  connectionId: string | null;
  code: string;
  message: string;
  fix: string;
}

/** Raises an alert once: while it is open, raising it again changes its words at most (F14). */
export async function raiseAlert(db: Database, alert: Alert): Promise<void> {
  await db.query(
    `insert into alert as a (portal_id, connection_id, code, message, fix) values ($1, $2, $3, $4, $5)
     on conflict (portal_id, coalesce(connection_id, '00000000-0000-0000-0000-000000000000'::uuid), code) where cleared_at is null
     do update set message = excluded.message, fix = excluded.fix
     where a.message is distinct from excluded.message or a.fix is distinct from excluded.fix`,
    [alert.portalId, alert.connectionId, alert.code, alert.message, alert.fix],
  );
}

/** Closes alerts whose cause is gone. */
export async function clearAlerts(db: Database, connectionId: string, codes: readonly string[]): Promise<void> {
  await db.query(
    'update alert set cleared_at = now() where connection_id = $1 and code = any ($2) and cleared_at is null',
    [connectionId, codes],
  );
}

/** Open alerts of a portal, newest first. */
export async function openAlerts(
  db: Database,
  portalId: string,
): Promise<{ code: string; message: string; fix: string; connectionId: string | null; raisedAt: Date }[]> {
  return db.query(
    `select code, message, fix, connection_id as "connectionId", raised_at as "raisedAt" from alert
     where portal_id = $1 and cleared_at is null order by id desc limit 50`,
    [portalId],
  );
}

export interface DueAlert {
  id: string;
  portalId: string;
  portalName: string;
  connectionId: string | null;
  connectionName: string | null;
  code: string;
  message: string;
  fix: string;
  raisedAt: Date;
  alertEmail: string | null;
}

/** Open alerts that nobody outside was told of yet. */
export async function alertsToTell(db: Database, limit: number): Promise<DueAlert[]> {
  return db.query(
    `select a.id, a.portal_id as "portalId", p.name as "portalName", a.connection_id as "connectionId", c.name as "connectionName",
       a.code, a.message, a.fix, a.raised_at as "raisedAt", p.alert_email as "alertEmail"
     from alert a join portal p on p.id = a.portal_id left join connection c on c.id = a.connection_id
     where a.cleared_at is null and a.notified_at is null order by a.id limit $1`,
    [limit],
  );
}

/** Notes that an alert was told. */
export async function markTold(db: Database, id: string): Promise<void> {
  await db.query('update alert set notified_at = now() where id = $1', [id]);
}

/** Raises and clears what only the kept counts show: many people with issues, accounts that must be connected again. */
export async function reviewAlerts(db: Database, words: { manyIssues: string; reconnect: string }): Promise<void> {
  await db.query(
    `with failing as (
       select c.id, c.portal_id, c.name, sum(k.n) filter (where k.state = 'failed') as failed,
         sum(k.n) filter (where k.state in ('in_sync', 'failed')) as people
       from connection c join standing_count k on k.connection_id = c.id
       where c.state in ('initial_sync', 'active') group by c.id
       having sum(k.n) filter (where k.state = 'failed') >= 50
         and sum(k.n) filter (where k.state = 'failed') * 20 > sum(k.n) filter (where k.state in ('in_sync', 'failed'))),
     cleared as (
       update alert set cleared_at = now() where code = 'many_issues' and cleared_at is null
         and not exists (select from failing f where f.id = alert.connection_id))
     insert into alert as a (portal_id, connection_id, code, message, fix)
     select portal_id, id, 'many_issues', format('“%s”: %s of %s people have an issue.', name, failed, people), $1 from failing
     on conflict (portal_id, coalesce(connection_id, '00000000-0000-0000-0000-000000000000'::uuid), code) where cleared_at is null do nothing`,
    [words.manyIssues],
  );
  await db.query(
    `with broken as (
       select c.id, c.portal_id, c.name, coalesce(a.state_reason, p.state_reason, '') as why
       from connection c join klaviyo_account a on a.id = c.klaviyo_account_id join portal p on p.id = c.portal_id
       where c.state in ('initial_sync', 'active') and (a.state = 'reconnect' or p.state = 'reconnect')),
     cleared as (
       update alert set cleared_at = now() where code = 'reconnect' and cleared_at is null
         and not exists (select from broken b where b.id = alert.connection_id))
     insert into alert as a (portal_id, connection_id, code, message, fix)
     select portal_id, id, 'reconnect', format('“%s” rests: an account must be connected again. %s', name, why), $1 from broken
     on conflict (portal_id, coalesce(connection_id, '00000000-0000-0000-0000-000000000000'::uuid), code) where cleared_at is null do nothing`,
    [words.reconnect],
  );
}

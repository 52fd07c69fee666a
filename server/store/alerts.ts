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

import type { Database } from './database.js';

export interface Portal {
  id: string;
  name: string;
  uiDomain: string;
  state: 'installed' | 'reconnect' | 'uninstalled';
  /** Where its owner wants to hear of alerts. */
  alertEmail: string | null;
}

/** One portal, or null when the app was never installed there. */
export async function findPortal(db: Database, id: string): Promise<Portal | null> {
  const rows = await db.query<{
    id: string;
    name: string;
    ui_domain: string;
    state: Portal['state'];
    alert_email: string | null;
  }>('select id, name, ui_domain, state, alert_email from portal where id = $1', [id]);
  const row = rows[0];
  return row === undefined
    ? null
    : { id: row.id, name: row.name, uiDomain: row.ui_domain, state: row.state, alertEmail: row.alert_email };
}

/** Sets where a portal's owner hears of alerts; null: in HubSpot only. */
export async function setAlertEmail(db: Database, portalId: string, email: string | null): Promise<void> {
  await db.query('update portal set alert_email = $2 where id = $1', [portalId, email]);
}

export interface StoredTokens {
  accessToken: string;
  refreshToken: string;
  expiresAt: Date;
  scopes: readonly string[];
}

/**
 * Stores an installed portal with its sealed tokens. One that was uninstalled less than 30 days ago comes back with its
 * connections paused (settled detail "Reconnecting").
 */
export async function installPortal(
  db: Database,
  portal: { id: string; name: string; uiDomain: string; timeZone: string | null },
  tokens: StoredTokens,
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(
      `insert into portal (id, name, ui_domain, time_zone, state, access_token, refresh_token, access_expires_at, scopes)
       values ($1, $2, $3, $4, 'installed', $5, $6, $7, $8)
       on conflict (id) do update set name = excluded.name, ui_domain = excluded.ui_domain, time_zone = excluded.time_zone, state = 'installed',
         state_reason = null, access_token = excluded.access_token, refresh_token = excluded.refresh_token,
         access_expires_at = excluded.access_expires_at, scopes = excluded.scopes, uninstalled_at = null, erase_after = null`,
      [
        portal.id,
        portal.name,
        portal.uiDomain,
        portal.timeZone,
        tokens.accessToken,
        tokens.refreshToken,
        tokens.expiresAt,
        tokens.scopes,
      ],
    );
    await tx.query(
      `update connection set state = case when activated_at is null then 'draft' else 'paused' end, state_reason = null, updated_at = now()
       where portal_id = $1 and state = 'stopped' and state_reason = 'uninstalled'`,
      [portal.id],
    );
    await tx.query(`delete from issue where portal_id = $1 and code in ('reconnect_hubspot', 'missing_scope')`, [
      portal.id,
    ]);
  });
}

/** Sealed tokens of a portal, with whether the access token still lasts for a while. */
export async function hubspotTokens(
  db: Database,
  portalId: string,
  marginSeconds: number,
): Promise<{ access: string | null; refresh: string | null; fresh: boolean; state: Portal['state'] } | null> {
  const rows = await db.query<{
    access_token: string | null;
    refresh_token: string | null;
    fresh: boolean | null;
    state: Portal['state'];
  }>(
    `select access_token, refresh_token, state, access_expires_at > now() + make_interval(secs => $2) as fresh from portal where id = $1`,
    [portalId, marginSeconds],
  );
  const row = rows[0];
  return row === undefined
    ? null
    : { access: row.access_token, refresh: row.refresh_token, fresh: row.fresh === true, state: row.state };
}

/** Keeps refreshed tokens, sealed. */
export async function keepHubspotTokens(
  db: Database,
  portalId: string,
  access: string,
  refresh: string,
  expiresAt: Date,
): Promise<void> {
  await db.query('update portal set access_token = $2, refresh_token = $3, access_expires_at = $4 where id = $1', [
    portalId,
    access,
    refresh,
    expiresAt,
  ]);
}

/**
 * The app was removed: syncs stop at once, configuration is kept for 30 days (A5). `refusedToken` is the sealed refresh
 * token that HubSpot refused: a portal that was installed again meanwhile has another one and stays. Answers whether
 * the portal was marked.
 */
export async function markUninstalled(db: Database, portalId: string, refusedToken: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const marked = await tx.query(
      `update portal set state = 'uninstalled', uninstalled_at = now(), erase_after = now() + interval '30 days', access_token = null, refresh_token = null
       where id = $1 and state <> 'uninstalled' and refresh_token = $2 returning id`,
      [portalId, refusedToken],
    );
    if (marked.length === 0) return false;
    await tx.query(
      `update connection set state = 'stopped', state_reason = 'uninstalled', updated_at = now() where portal_id = $1 and state <> 'stopped'`,
      [portalId],
    );
    await tx.query(
      `update run set state = 'cancelled', finished_at = now() where portal_id = $1 and state in ('queued', 'running')`,
      [portalId],
    );
    return true;
  });
}

/** Erases portals whose 30 days are over, with everything of theirs. Answers how many. */
export async function eraseExpired(db: Database): Promise<number> {
  const rows = await db.query(`delete from portal where state = 'uninstalled' and erase_after < now() returning id`);
  return rows.length;
}

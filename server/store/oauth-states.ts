import { createHash } from 'node:crypto';
import type { Database } from './database.js';

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');

export interface OauthState {
  vendor: 'hubspot' | 'klaviyo';
  portalId: string | null;
  verifier: string | null;
  returnUrl: string | null;
}

/** Remembers a one-time state, bound to a browser, for ten minutes. Only hashes are stored. */
export async function rememberState(db: Database, state: string, browser: string, entry: OauthState): Promise<void> {
  await db.query(
    `insert into oauth_state (state_hash, vendor, portal_id, browser_hash, verifier, return_url, expires_at) values ($1, $2, $3, $4, $5, $6, now() + interval '10 minutes')`,
    [hash(state), entry.vendor, entry.portalId, hash(browser), entry.verifier, entry.returnUrl],
  );
}

export type StateVerdict =
  | { ok: true; entry: OauthState }
  | { ok: false; reason: 'unknown' | 'used' | 'expired' | 'other_browser' };

/** Uses a state up: it works once, in the browser that began, while it lasts. */
export async function redeemState(
  db: Database,
  vendor: OauthState['vendor'],
  state: string,
  browser: string,
): Promise<StateVerdict> {
  const rows = await db.query<{
    portal_id: string | null;
    verifier: string | null;
    return_url: string | null;
    browser_hash: string;
    expired: boolean;
    used: boolean;
  }>(
    `with before as (select * from oauth_state where state_hash = $1 and vendor = $2 for update),
       mark as (update oauth_state s set used_at = now() from before where s.state_hash = before.state_hash and before.browser_hash = $3)
     select portal_id, verifier, return_url, browser_hash, expires_at < now() as expired, used_at is not null as used from before`,
    [hash(state), vendor, hash(browser)],
  );
  const row = rows[0];
  if (row === undefined) return { ok: false, reason: 'unknown' };
  if (row.browser_hash !== hash(browser)) return { ok: false, reason: 'other_browser' };
  if (row.used) return { ok: false, reason: 'used' };
  if (row.expired) return { ok: false, reason: 'expired' };
  return { ok: true, entry: { vendor, portalId: row.portal_id, verifier: row.verifier, returnUrl: row.return_url } };
}

/** Takes away states that are long over. */
export async function dropOldStates(db: Database): Promise<void> {
  await db.query(`delete from oauth_state where expires_at < now() - interval '1 day'`);
}

import { NeedsPerson, RetryLater } from '../errors.js';
import type { Metrics } from '../metrics.js';
import type { Database } from '../store/database.js';
import { keepKlaviyoCredential, klaviyoCredential } from '../store/klaviyo-accounts.js';
import { refresh, type KlaviyoApp } from '../vendors/klaviyo/oauth.js';
import type { KlaviyoCredential } from '../vendors/klaviyo/session.js';
import { refreshMarginSeconds, refreshOnce } from './refresh-once.js';
import type { Sealer } from './seal.js';

export interface KlaviyoCredentialDeps {
  db: Database;
  sealer: Sealer;
  /** null while OAuth with Klaviyo is not set up. */
  app: KlaviyoApp | null;
  owner: string;
  clock: () => Date;
  metrics: Metrics;
}

export const klaviyoSecretOwner = (accountId: string): string => `klaviyo_account:${accountId}`;
const reconnect = (why: string): NeedsPerson =>
  new NeedsPerson('reconnect_klaviyo', why, 'Open the settings page and connect Klaviyo again.');

/** What to sign in to Klaviyo with: the private key, or an access token refreshed ahead of its expiry. */
export async function credentialOf(
  deps: KlaviyoCredentialDeps,
  accountId: string,
  refused?: string,
): Promise<KlaviyoCredential> {
  const owner = klaviyoSecretOwner(accountId);
  const stored = await klaviyoCredential(deps.db, accountId, refreshMarginSeconds);
  if (stored === null || stored.state === 'disconnected') throw reconnect('Klaviyo is not connected.');
  if (stored.auth === 'api_key') {
    if (stored.apiKey === null) throw reconnect('The Klaviyo key is lost.');
    return { kind: 'api_key', key: deps.sealer.open(stored.apiKey, owner) };
  }
  const current = async (): Promise<string | null> => {
    const now = await klaviyoCredential(deps.db, accountId, refreshMarginSeconds);
    const token = now?.access == null ? null : deps.sealer.open(now.access, owner);
    return now?.fresh === true && token !== refused ? token : null;
  };
  const accessToken =
    (await current()) ??
    (await refreshOnce(deps.db, `klaviyo:${accountId}`, deps.owner, current, () => renew(deps, accountId, owner)));
  return { kind: 'oauth', accessToken };
}

async function renew(deps: KlaviyoCredentialDeps, accountId: string, owner: string): Promise<string> {
  const stored = await klaviyoCredential(deps.db, accountId, 0);
  if (stored?.refresh == null || deps.app === null) throw reconnect('Klaviyo’s access is lost.');
  try {
    const tokens = await refresh(deps.app, deps.sealer.open(stored.refresh, owner));
    const expiresAt = new Date(deps.clock().getTime() + tokens.expiresIn * 1000);
    // Klaviyo may answer with another refresh token or the same one: what comes back is kept.
    await keepKlaviyoCredential(deps.db, accountId, {
      access: deps.sealer.seal(tokens.accessToken, owner),
      refresh: deps.sealer.seal(tokens.refreshToken, owner),
      expiresAt,
    });
    deps.metrics.tokenRefreshes.inc({ vendor: 'klaviyo', outcome: 'done' });
    return tokens.accessToken;
  } catch (error) {
    deps.metrics.tokenRefreshes.inc({ vendor: 'klaviyo', outcome: 'failed' });
    if (error instanceof NeedsPerson) {
      const now = await klaviyoCredential(deps.db, accountId, 0);
      if (now?.refresh != null && now.refresh !== stored.refresh)
        throw new RetryLater('Klaviyo was connected again while its former access was refused.', 1, false, {
          cause: error,
        });
    }
    throw error;
  }
}

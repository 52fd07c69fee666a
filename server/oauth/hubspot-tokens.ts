import { NeedsPerson, RetryLater } from '../errors.js';
import type { Metrics } from '../metrics.js';
import type { Database } from '../store/database.js';
import { hubspotTokens, keepHubspotTokens, markUninstalled } from '../store/portals.js';
import { refresh, type HubspotApp } from '../vendors/hubspot/oauth.js';
import { refreshMarginSeconds, refreshOnce } from './refresh-once.js';
import type { Sealer } from './seal.js';

export interface HubspotTokenDeps {
  db: Database;
  sealer: Sealer;
  app: HubspotApp;
  owner: string;
  clock: () => Date;
  metrics: Metrics;
}

export const hubspotSecretOwner = (portalId: string): string => `portal:${portalId}:hubspot`;

/**
 * A valid access token of a portal, refreshed ahead of its expiry. HubSpot tells a removed app only by refusing the
 * refresh token: the portal then counts as uninstalled (A5).
 */
export async function hubspotAccessToken(deps: HubspotTokenDeps, portalId: string, refused?: string): Promise<string> {
  const owner = hubspotSecretOwner(portalId);
  const current = async (): Promise<string | null> => {
    const stored = await hubspotTokens(deps.db, portalId, refreshMarginSeconds);
    if (stored === null || stored.state === 'uninstalled')
      throw new NeedsPerson(
        'reconnect_hubspot',
        'The app is not installed in this HubSpot account.',
        'Install the app again from its settings page.',
      );
    const token = stored.access === null ? null : deps.sealer.open(stored.access, owner);
    return stored.fresh && token !== refused ? token : null;
  };
  return (
    (await current()) ??
    refreshOnce(deps.db, `hubspot:${portalId}`, deps.owner, current, () => renew(deps, portalId, owner))
  );
}

async function renew(deps: HubspotTokenDeps, portalId: string, owner: string): Promise<string> {
  const stored = await hubspotTokens(deps.db, portalId, 0);
  if (stored?.refresh == null)
    throw new NeedsPerson(
      'reconnect_hubspot',
      'HubSpot’s access is lost.',
      'Install the app again from its settings page.',
    );
  try {
    const tokens = await refresh(deps.app, deps.sealer.open(stored.refresh, owner));
    const expiresAt = new Date(deps.clock().getTime() + tokens.expiresIn * 1000);
    await keepHubspotTokens(
      deps.db,
      portalId,
      deps.sealer.seal(tokens.accessToken, owner),
      deps.sealer.seal(tokens.refreshToken, owner),
      expiresAt,
    );
    deps.metrics.tokenRefreshes.inc({ vendor: 'hubspot', outcome: 'done' });
    return tokens.accessToken;
  } catch (error) {
    deps.metrics.tokenRefreshes.inc({ vendor: 'hubspot', outcome: 'failed' });
    if (error instanceof NeedsPerson && !(await markUninstalled(deps.db, portalId, stored.refresh))) {
      const now = await hubspotTokens(deps.db, portalId, 0);
      if (now?.refresh != null && now.refresh !== stored.refresh)
        throw new RetryLater('The app was installed again while its former access was refused.', 1, false, {
          cause: error,
        });
    }
    throw error;
  }
}

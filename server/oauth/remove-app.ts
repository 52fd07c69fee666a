import { klaviyoAccounts } from '../store/klaviyo-accounts.js';
import { hubspotTokens, markUninstalled } from '../store/portals.js';
import { revoke, uninstall } from '../vendors/hubspot/oauth.js';
import type { HubspotApp } from '../vendors/hubspot/oauth.js';
import type { HubspotSession } from '../vendors/hubspot/session.js';
import { NeedsPerson } from '../errors.js';
import { hubspotSecretOwner } from './hubspot-tokens.js';
import { disconnect, type ConnectDeps } from './klaviyo-connect.js';

export interface RemoveDeps extends Pick<ConnectDeps, 'db' | 'log' | 'sealer' | 'klaviyo'> {
  hubspotApp: HubspotApp;
  klaviyoApp: ConnectDeps['app'];
  hubspot(portalId: string): HubspotSession;
}

/**
 * Removes the app from a portal from our side, in the order HubSpot's certification asks for: Klaviyo is told to forget
 * us, HubSpot removes the app (its webhooks and cards end), the refresh token is withdrawn, and our tokens go. What is
 * configured is kept for 30 days, as when the customer removes the app (A5).
 * Answers false when the portal is not installed. Throws RetryLater when HubSpot cannot be reached: nothing is lost by
 * asking again.
 */
export async function removeApp(deps: RemoveDeps, portalId: string): Promise<boolean> {
  const stored = await hubspotTokens(deps.db, portalId, 0);
  if (stored === null || stored.refresh === null || stored.state === 'uninstalled') return false;
  for (const account of await klaviyoAccounts(deps.db, portalId))
    if (account.state !== 'disconnected') await disconnect({ ...deps, app: deps.klaviyoApp }, account);
  try {
    await uninstall(deps.hubspot(portalId));
  } catch (error) {
    // The customer removed it first: what is left is ours to clear.
    if (!(error instanceof NeedsPerson)) throw error;
  }
  // HubSpot may have handed out another refresh token during the call above: the one that is stored now is the one to go.
  const last = (await hubspotTokens(deps.db, portalId, 0))?.refresh ?? null;
  if (last === null) return true;
  await revoke(deps.hubspotApp, deps.sealer.open(last, hubspotSecretOwner(portalId)));
  await markUninstalled(deps.db, portalId, last);
  deps.log.info({ portalId }, 'app removed');
  return true;
}

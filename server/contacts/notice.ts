import { privacyDeletion } from '../rules/hints.js';
import type { Change } from '../store/changes.js';
import { syncingAccounts } from '../store/contact-connections.js';
import { noteErasures } from '../store/erasures.js';
import { noteAndWake } from './drain.js';
import type { SyncContext } from './sync-context.js';

/**
 * Notes that HubSpot contacts of a portal may differ, for every Klaviyo account that syncs with it, and wakes the drains.
 * Those that were erased for privacy are noted for every account of the portal, paused ones too.
 */
export async function notice(ctx: SyncContext, portalId: string, changes: readonly Change[]): Promise<void> {
  const erased = changes.filter(({ cause }) => cause === privacyDeletion).map(({ recordId }) => recordId);
  for (const klaviyoAccountId of await noteErasures(ctx.db, portalId, erased)) await ctx.wakeDrain(klaviyoAccountId);
  if (changes.length === 0) return;
  for (const klaviyoAccountId of await syncingAccounts(ctx.db, portalId))
    await noteAndWake(ctx, portalId, klaviyoAccountId, changes);
}

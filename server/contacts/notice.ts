import type { Change } from '../store/changes.js';
import { syncingAccounts } from '../store/contact-connections.js';
import { noteAndWake } from './drain.js';
import type { SyncContext } from './sync-context.js';

/** Notes that HubSpot contacts of a portal may differ, for every Klaviyo account that syncs with it, and wakes the drains. */
export async function notice(ctx: SyncContext, portalId: string, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  for (const klaviyoAccountId of await syncingAccounts(ctx.db, portalId))
    await noteAndWake(ctx, portalId, klaviyoAccountId, changes);
}

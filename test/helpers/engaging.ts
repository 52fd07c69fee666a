import type { EngagementScope } from '../../server/engagement/engagement-context.js';
import { defaultEngagement, type EngagementOptions } from '../../server/rules/engagement/engagement-config.js';
import type { Database } from '../../server/store/database.js';
import { engagingConnections } from '../../server/store/engagement-connections.js';
import { acquireLease, type Lease } from '../../server/store/lease.js';

/**
 * An engagement connection that works, and a turn over it. It found a moment ago that these profiles are contacts of
 * theirs, without company and deals: what is looked at needs no vendor.
 */
export async function engaging(
  db: Database,
  account: { portalId: string; klaviyoAccountId: string },
  contacts: Record<string, string>,
  options: Partial<EngagementOptions> = {},
): Promise<{ scope: EngagementScope; lease: Lease }> {
  const { portalId, klaviyoAccountId } = account;
  const config = { ...defaultEngagement, options: { ...defaultEngagement.options, ...options } };
  await db.query(
    `insert into connection (portal_id, klaviyo_account_id, type, name, state, config, activated_at)
     values ($1, $2, 'engagement', 'E', 'active', $3, '2026-01-01')`,
    [portalId, klaviyoAccountId, JSON.stringify(config)],
  );
  const name = `engage:${klaviyoAccountId}`;
  await db.query(`update lease set until = 'epoch' where name = $1`, [name]);
  const lease = await acquireLease(db, name, 'test', 3600);
  if (lease === null) throw new Error('Somebody else holds the lease.');
  const scope: EngagementScope = {
    portalId,
    klaviyoAccountId,
    connections: await engagingConnections(db, klaviyoAccountId),
    memory: {
      contacts: new Map(Object.entries(contacts).map(([profileId, contactId]) => [`profile:${profileId}`, contactId])),
      places: new Map(Object.values(contacts).map((contactId) => [contactId, { companyId: null, deals: [] }])),
      dealsDenied: false,
      sinceMs: 0,
      ahead: null,
      pastGoesOn: false,
      liveSteps: 0,
    },
  };
  return { scope, lease };
}

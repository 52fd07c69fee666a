import { z } from 'zod';
import { storeActivities } from '../store/activities.js';
import type { EngagementAccount } from '../store/engagement-accounts.js';
import { engagingConnections } from '../store/engagement-connections.js';
import { eventStreams } from '../store/event-streams.js';
import { eventOf, eventSchema, isKeepable } from '../vendors/klaviyo/events.js';
import type { EngagementContext } from './engagement-context.js';
import { newActivity } from './new-activity.js';
import { withoutErased } from './without-erased.js';

/** An event stands in a delivery as GET /events/{id} would answer it. */
const itemSchema = z.object({ payload: z.union([z.object({ data: eventSchema }), eventSchema]) });

/**
 * Keeps the events of a webhook's delivery. `unread` counts those of a metric that is not known here, or in a shape
 * nobody foresaw: the next reading brings them.
 */
export async function keepDelivery(
  ctx: Pick<EngagementContext, 'db' | 'sealer'>,
  account: EngagementAccount,
  items: readonly unknown[],
): Promise<{ kept: number; unread: number }> {
  // While everything is paused the readings after the pause bring what happened.
  if ((await engagingConnections(ctx.db, account.klaviyoAccountId)).length === 0) return { kept: 0, unread: 0 };
  const kinds = new Map(
    (await eventStreams(ctx.db, account.klaviyoAccountId)).map(({ metricId, kind }) => [metricId, kind]),
  );
  const events = items.flatMap((item) => {
    const payload = itemSchema.safeParse(item).data?.payload;
    if (payload === undefined) return [];
    const event = eventOf('data' in payload ? payload.data : payload, '', new Map());
    const kind = kinds.get(event.metricId);
    return kind === undefined || !isKeepable(event) ? [] : [newActivity(event, kind)];
  });
  const kept = await ctx.db.transaction(async (tx) => {
    const unerased = await withoutErased(ctx, tx, account.portalId, events);
    await storeActivities(tx, account, unerased, { historical: false, redecide: false });
    return unerased.length;
  });
  return { kept, unread: items.length - events.length };
}

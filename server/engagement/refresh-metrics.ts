import { kindOfMetric, metricNames } from '../rules/engagement/activity-kind.js';
import { noteRead, webhookDue, type EngagementAccount } from '../store/engagement-accounts.js';
import { addStreams, eventStreams, type EventStream } from '../store/event-streams.js';
import { readMetrics } from '../vendors/klaviyo/metrics.js';
import type { EngagementContext } from './engagement-context.js';

const dayMs = 86_400_000;

/**
 * The account's email metrics. A metric comes to be with its first event, so while some are missing they are asked for
 * with every reading, and once a day when all are there (ids differ per account, names may be used by several).
 */
export async function refreshMetrics(ctx: EngagementContext, account: EngagementAccount): Promise<EventStream[]> {
  const known = await eventStreams(ctx.db, account.klaviyoAccountId);
  const fresh = account.metricsAt !== null && ctx.clock().getTime() - account.metricsAt.getTime() < dayMs;
  // Some names are older spellings of others: an account with all of them is rare, and one call a reading is little.
  if (fresh && known.length >= metricNames.length) return known;
  const metrics = await readMetrics(ctx.klaviyo(account.klaviyoAccountId, 'sweep'));
  const ids = new Set(known.map(({ metricId }) => metricId));
  const added = metrics.flatMap(({ id, name, integration }) => {
    const kind = kindOfMetric(name, integration);
    return kind === null || ids.has(id) ? [] : [{ id, kind }];
  });
  if (added.length > 0) {
    await addStreams(ctx.db, account.klaviyoAccountId, added);
    if (known.length > 0) await webhookDue(ctx.db, account.klaviyoAccountId);
  }
  await noteRead(ctx.db, account.klaviyoAccountId, 'metrics');
  return added.length === 0 ? known : eventStreams(ctx.db, account.klaviyoAccountId);
}

import { NeedsPerson, RetryLater } from '../errors.js';
import { engagementAccount, noteRead } from '../store/engagement-accounts.js';
import { engagingConnections } from '../store/engagement-connections.js';
import { restsForPerson } from '../store/issues.js';
import { mapLimited } from '../vendors/call.js';
import { arrangeWebhook } from './arrange-webhook.js';
import { askForPerson } from '../contacts/ask-for-person.js';
import type { EngagementContext } from './engagement-context.js';
import { readAgain, readStream } from './read-stream.js';
import { refreshMetrics } from './refresh-metrics.js';
import { removeWebhook } from './remove-webhook.js';

/** Metrics of one account that are read at a time. */
const streamsAtOnce = 3;

/**
 * Reads what happened to an account's emails: one sweep per metric, then a piece of what is read again, and wakes who
 * decides. Done twice at once it finds the same events twice, and each is kept once. Where nothing syncs any more, all
 * there is to do is to take the webhook away.
 */
export async function collect(ctx: EngagementContext, klaviyoAccountId: string, signal: AbortSignal): Promise<void> {
  const account = await engagementAccount(ctx.db, klaviyoAccountId);
  if (account === null) return;
  if ((await engagingConnections(ctx.db, klaviyoAccountId)).length === 0)
    return removeWebhook({ ...ctx, klaviyo: (id) => ctx.klaviyo(id, 'sweep') }, account);
  if (await restsForPerson(ctx.db, klaviyoAccountId, 'engagement')) return;
  try {
    const streams = await refreshMetrics(ctx, account);
    const found = await mapLimited(streams, streamsAtOnce, (stream) => readStream(ctx, stream));
    if (found.some((fresh) => fresh > 0)) await ctx.wakeEngage(klaviyoAccountId);
    await noteRead(ctx.db, klaviyoAccountId, 'events');
    await arrangeWebhook(ctx, account);
    let more = false;
    for (const stream of streams) {
      if (signal.aborted) return;
      const again = await readAgain(ctx, stream);
      if (again.found > 0) await ctx.wakeEngage(klaviyoAccountId);
      more ||= again.more;
    }
    if (more) await ctx.wakeCollect(klaviyoAccountId);
  } catch (error) {
    // Watermarks stand where the last page left them; the next reading goes on from there.
    if (error instanceof RetryLater)
      ctx.log.info({ klaviyoAccountId, seconds: error.seconds }, 'reading events waits: vendor busy');
    else if (error instanceof NeedsPerson)
      await askForPerson(ctx, klaviyoAccountId, error, await engagingConnections(ctx.db, klaviyoAccountId));
    else throw error;
  }
}

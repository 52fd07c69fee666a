import { randomUUID } from 'node:crypto';
import type { Config } from './config.js';
import { canGlance } from './contacts/glance.js';
import type { SyncContext } from './contacts/sync-context.js';
import { review, tellAlerts } from './contacts/tell-alerts.js';
import type { EngagementService } from './engagement-service.js';
import type { Queue } from './queue/queue.js';
import { accountsWithWork } from './store/changes.js';
import { portalsWithHints } from './store/hints.js';
import { dropOldStates } from './store/oauth-states.js';
import { eraseExpired } from './store/portals.js';
import { openPreviews } from './store/previews.js';
import { clearRosters } from './store/roster.js';
import { takeDueSweeps } from './store/sweeps.js';
import { inChunks } from './vendors/call.js';

/** Due sweeps that a tick takes with one statement. */
const sweepsTaken = 450;
/** Sweeps that one job looks through. */
const sweepsTogether = 150;

/** What happens again and again, once for all processes. */
export async function tick(
  ctx: SyncContext,
  queue: Queue,
  config: Pick<Config, 'pollSeconds' | 'alertUrl'>,
  engagement: EngagementService,
  name: string,
): Promise<void> {
  if (name === 'sweeps') {
    for (;;) {
      const due = await takeDueSweeps(ctx.db, config.pollSeconds, sweepsTaken);
      const all = due.map(({ klaviyoAccountId, name }) => ({ klaviyoAccountId, name }));
      const together = inChunks(
        all.filter(({ name }) => canGlance(name)),
        sweepsTogether,
      );
      await Promise.all([
        ...together.map((some) =>
          queue.wake('sweep', `together ${randomUUID()}`, { together: some, at: ctx.clock().toISOString() }),
        ),
        ...all
          .filter(({ name }) => !canGlance(name))
          .map((one) => queue.wake('sweep', `${one.klaviyoAccountId} ${one.name}`, one)),
      ]);
      if (due.length < sweepsTaken) break;
    }
    // Wake-ups that a crash swallowed: rows are the truth, jobs only wake.
    const { accounts } = await accountsWithWork(ctx.db);
    await Promise.all(accounts.map((klaviyoAccountId) => ctx.wakeDrain(klaviyoAccountId)));
    await Promise.all((await portalsWithHints(ctx.db)).map((portalId) => queue.wake('intake', portalId, { portalId })));
    await engagement.wakeDue();
    const { alertUrl } = config;
    if (alertUrl !== null) await tellAlerts(ctx, (body) => postJson(alertUrl, body));
    return;
  }
  await review(ctx);
  await dropOldStates(ctx.db);
  await engagement.prune();
  await clearRosters(ctx.db, null);
  for (const previewId of await openPreviews(ctx.db)) await queue.wake('preview', previewId, { previewId });
  const erased = await eraseExpired(ctx.db);
  if (erased > 0) ctx.log.info({ portals: erased }, 'portals erased 30 days after they removed the app');
}

/** Posts JSON to an address of the operator's. */
async function postJson(url: string, body: object): Promise<number> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(10_000),
  });
  return answer.status;
}

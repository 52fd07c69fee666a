import { alertWords } from '../rules/words.js';
import { alertsToTell, markTold, reviewAlerts } from '../store/alerts.js';
import type { SyncContext } from './sync-context.js';

/** Posts one alert; resolves with the HTTP status. */
export type PostAlert = (body: object) => Promise<number>;

/**
 * Tells the operator's address of every open alert, each once (F14): `to` is the email
 * its owner asked to be told under. An address of a customer's own is never called.
 */
export async function tellAlerts(ctx: SyncContext, post: PostAlert): Promise<void> {
  for (const { id, alertEmail, raisedAt, ...alert } of await alertsToTell(ctx.db, 50)) {
    try {
      const status = await post({ id, ...alert, to: alertEmail, raisedAt: raisedAt.toISOString() });
      if (status < 200 || status > 299) throw new Error(`The address for alerts answers ${status}.`);
    } catch (error) {
      // Told with the next tick.
      ctx.log.warn({ err: error, alertId: id }, 'an alert could not be told');
      return;
    }
    await markTold(ctx.db, id);
  }
}

/** Raises and clears what only the kept counts and states show. */
export async function review(ctx: SyncContext): Promise<void> {
  await reviewAlerts(ctx.db, { manyIssues: alertWords.many_issues, reconnect: alertWords.reconnect });
}

import { dueActivities, settleActivities } from '../store/activities.js';
import { assertLease, type Lease } from '../store/lease.js';
import { lockPeople } from '../store/lock-people.js';
import { conclude } from './conclude.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';
import { peopleNow } from './people-now.js';
import { saveConclusions } from './save-conclusions.js';

/** Events decided at a time: what is live must not wait long, what is past fills the vendors' batches. */
export const batchSizes = { live: 400, historical: 2500 };

/**
 * Decides about the events that are due, and notes what goes on which timeline: one transaction, so that a kill leaves a
 * batch decided or as it was. Answers how many events were due.
 */
export async function decide(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  historical: boolean,
): Promise<number> {
  const due = await dueActivities(
    ctx.db,
    scope.klaviyoAccountId,
    historical,
    batchSizes[historical ? 'historical' : 'live'],
  );
  if (due.length === 0) return 0;
  const { concluded } = await conclude(ctx, scope, due);
  const decided = new Set(concluded.map(({ event }) => event.id));
  const others = due.filter(({ id }) => !decided.has(id)).map(({ rowId }) => rowId);
  await ctx.db.transaction(async (tx) => {
    await assertLease(tx, lease);
    await lockPeople(tx, scope.portalId, 'shared');
    const now = await peopleNow(tx, scope.portalId, concluded, { rowIds: others });
    await settleActivities(tx, others);
    await saveConclusions(tx, scope, now);
  });
  return due.length;
}

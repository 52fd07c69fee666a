import { storeJudged, type Activity, type NewActivity } from '../store/activities.js';
import { assertLease, type Lease } from '../store/lease.js';
import { conclude } from './conclude.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';
import { peopleNow } from './people-now.js';
import { saveConclusions } from './save-conclusions.js';
import { withoutErased } from './without-erased.js';

/**
 * Stores events of the past, each in one writing with what is decided of it and where it goes, and does something
 * `alongside`: one transaction. An event that is there already and was taken for new (a webhook or a sweep brought it a
 * moment ago) makes decisions of the others doubtful: then all are stored undecided, and decided when their turn comes.
 * Answers how many were new.
 */
export async function storeDecided(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  told: readonly NewActivity[],
  alongside: (tx: EngagementContext['db'], fresh: number) => Promise<void>,
): Promise<number> {
  const { concluded, stored } = await conclude(ctx, scope, told.map(asAsked));
  const keep = (decidedNow: boolean): Promise<number> =>
    ctx.db.transaction(async (tx) => {
      await assertLease(tx, lease);
      const kept = await withoutErased(ctx, tx, scope.portalId, told);
      const eventIds = new Set(kept.map(({ eventId }) => eventId));
      const now = decidedNow ? await peopleNow(tx, scope.portalId, concluded, { eventIds }) : [];
      const decisions = new Map(now.map((one) => [one.event.id, one]));
      const rows = await storeJudged(
        tx,
        scope,
        kept,
        (eventId) => (decidedNow && !stored.has(eventId) ? (decisions.get(eventId) ?? null) : undefined),
        { historical: true, redecide: true },
      );
      if (decidedNow && [...eventIds].some((id) => !stored.has(id) && !rows.has(id))) throw new AlreadyThere();
      await saveConclusions(tx, scope, now, rows);
      await alongside(tx, rows.size);
      return rows.size;
    });
  try {
    return await keep(true);
  } catch (error) {
    if (!(error instanceof AlreadyThere)) throw error;
    return keep(false);
  }
}

/** Takes the transaction back. */
class AlreadyThere extends Error {}

/** An event that was read a moment ago, as one to be decided. */
const asAsked = (event: NewActivity): Activity => ({
  // Field by field, as all that is done for each of millions: spreading costs several times as much.
  rowId: null,
  id: event.eventId,
  kind: event.kind,
  at: event.at.getTime(),
  profileId: event.profileId,
  email: event.email,
  messageKey: event.messageKey,
  urlKey: event.urlKey,
  facts: event.facts,
  judged: null,
  onTimeline: false,
  contactId: null,
  connectionId: null,
  historical: true,
  looks: 0,
  shownAs: null,
});

import { storeJudged, type Activity, type NewActivity } from '../store/activities.js';
import { assertLease, type Lease } from '../store/lease.js';
import { conclude, type Conclusion } from './conclude.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';
import { peopleNow } from './people-now.js';
import { saveConclusions } from './save-conclusions.js';
import { withoutErased } from './without-erased.js';

/** Transactions that write a page's events side by side: what takes longest is the database. */
const parts = 2;

/**
 * Stores events of the past, each in one writing with what is decided of it and where it goes. All are decided together,
 * and written in two transactions side by side that share no contact, so that neither waits for the other's sums. A kill
 * between them leaves events to be told again, which then are there. Answers how many were new.
 */
export async function storeDecided(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  told: readonly NewActivity[],
): Promise<number> {
  const { concluded, stored } = await conclude(ctx, scope, told.map(asAsked));
  const contacts = new Map(concluded.map(({ event, contactId }) => [event.id, contactId]));
  const partOf = (eventId: string): number => lastOf(contacts.get(eventId) ?? eventId) % parts;
  const done = await Promise.allSettled(
    Array.from({ length: parts }, (_, part) =>
      write(
        ctx,
        scope,
        lease,
        told.filter(({ eventId }) => partOf(eventId) === part),
        concluded.filter(({ event }) => partOf(event.id) === part),
        stored,
      ),
    ),
  );
  // Neither goes on when the other one fails: whoever asked goes on after both.
  const failed = done.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return done.reduce((sum, one) => sum + (one.status === 'fulfilled' ? one.value : 0), 0);
}

/** The last character of an id: as many of one kind as of the other. */
const lastOf = (id: string): number => id.charCodeAt(id.length - 1);

/**
 * Writes a part of the events with what was concluded. One that is there and was taken for new (a webhook or a sweep brought
 * it a moment ago) makes decisions of the others doubtful: then all are stored undecided, and decided when their turn comes.
 */
async function write(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  told: readonly NewActivity[],
  concluded: readonly Conclusion[],
  stored: ReadonlySet<string>,
): Promise<number> {
  if (told.length + concluded.length === 0) return 0;
  const keep = (decidedNow: boolean): Promise<number> =>
    ctx.db.transaction(async (tx) => {
      await assertLease(tx, lease);
      const kept = await withoutErased(ctx, tx, scope.portalId, told);
      const eventIds = new Set(kept.map(({ eventId }) => eventId));
      const there = await peopleNow(tx, scope.portalId, concluded, { eventIds });
      const now = decidedNow ? there : [];
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

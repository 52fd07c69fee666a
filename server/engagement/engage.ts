import { NeedsPerson, RetryLater } from '../errors.js';
import { nextActivityIn } from '../store/activities.js';
import { engagingConnections, noteEngaged } from '../store/engagement-connections.js';
import { clearConnectionIssues, restsForPerson } from '../store/issues.js';
import type { Lease } from '../store/lease.js';
import { nextRun } from '../store/runs.js';
import { askForPerson } from '../contacts/ask-for-person.js';
import { turnUnderLease, type Turn, type TurnEnd } from '../turn-under-lease.js';
import { batchSizes, decide } from './decide.js';
import { deliver } from './deliver.js';
import type { EngagementContext, EngagementScope, TurnMemory } from './engagement-context.js';
import { rollUp } from './roll-up.js';
import { runPage, type EngagementCursor } from './run-page.js';

/**
 * Works off what was collected of one pair of accounts: decide, deliver, roll up; first what is live, then what a run
 * over the past found, then the run's next page. One process at a time per pair, by lease; each step ends in a
 * transaction that checks it, so a kill between any two leaves work to be done again that finds itself done.
 */
export function engage(ctx: EngagementContext, klaviyoAccountId: string, signal: AbortSignal): Promise<void> {
  return turnUnderLease(
    ctx,
    {
      name: `engage:${klaviyoAccountId}`,
      signal,
      nextIn: () => nextActivityIn(ctx.db, klaviyoAccountId),
      wake: (seconds) => ctx.wakeEngage(klaviyoAccountId, Math.min(seconds, 3600)),
    },
    (turn) => workOn(ctx, klaviyoAccountId, turn),
  );
}

/** Works until nothing is due, somebody must act, or the turn is over. */
async function workOn(ctx: EngagementContext, klaviyoAccountId: string, turn: Turn): Promise<TurnEnd> {
  if (await restsForPerson(ctx.db, klaviyoAccountId, 'engagement')) return 'rest';
  const { lease, mayWrite } = turn;
  const memory = recall(ctx, klaviyoAccountId, turn.startedMs);
  let connections: readonly EngagementScope['connections'][number][] = [];
  while (!turn.isOver()) {
    await turn.holdOn();
    try {
      connections = await engagingConnections(ctx.db, klaviyoAccountId);
      const [first] = connections;
      if (first === undefined) return 'rest';
      const scope = { portalId: first.portalId, klaviyoAccountId, connections, memory };
      if (await step(ctx, scope, lease, mayWrite)) continue;
      await noteEngaged(ctx.db, klaviyoAccountId);
      await clearConnectionIssues(
        ctx.db,
        scope.connections.map(({ id }) => id),
        ['missing_scope'],
      );
      return null;
    } catch (error) {
      if (error instanceof RetryLater) return Math.max(error.seconds, 0.2);
      if (!(error instanceof NeedsPerson)) throw error;
      await askForPerson(ctx, klaviyoAccountId, error, connections);
      return 'rest';
    }
  }
  ctx.turns.set(klaviyoAccountId, memory);
  return 0;
}

/** After so many steps with live events one goes on to what is less urgent: they may never cease. */
const mostLiveSteps = 10;

/** The most urgent piece of work; answers whether there was any. */
async function step(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  mayWrite: () => void,
): Promise<boolean> {
  // What is decided goes out before more is decided: while events keep coming there is always more.
  const decided = await decide(ctx, scope, lease, false);
  const sent = await deliver(ctx, scope, lease, false, mayWrite);
  const { memory } = scope;
  memory.liveSteps = decided + sent > 0 ? memory.liveSteps + 1 : 0;
  if (memory.liveSteps % mostLiveSteps > 0) return true;
  const rolledUp = await rollUp(ctx, scope, lease, mayWrite);
  if (rolledUp > 0 && memory.liveSteps === 0) return true;
  return (await stepOfPast(ctx, scope, lease, mayWrite)) || rolledUp > 0 || memory.liveSteps > 0;
}

/**
 * A piece of the past: while some of it is read and decided, what was decided before goes out, because each waits for
 * another vendor or for the database. Answers whether there was any.
 */
async function stepOfPast(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  mayWrite: () => void,
): Promise<boolean> {
  const { memory } = scope;
  const fullOnly = memory.pastGoesOn;
  const done = await Promise.allSettled([
    decidePast(ctx, scope, lease),
    deliver(ctx, scope, lease, true, mayWrite, fullOnly),
  ]);
  // Neither goes on when the other one fails: the turn ends with both.
  const failed = done.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const [decided = 0, sent = 0] = done.map((one) => (one.status === 'fulfilled' ? one.value : 0));
  memory.pastGoesOn = decided > 0;
  return decided + sent > 0 || fullOnly;
}

/** Decides what is due of the past, then its next page; answers how much there was. */
async function decidePast(ctx: EngagementContext, scope: EngagementScope, lease: Lease): Promise<number> {
  const decided = await decide(ctx, scope, lease, true);
  // More waits than is decided at a time: nothing is read meanwhile.
  if (decided >= batchSizes.historical) return decided;
  const run = await nextRun<EngagementCursor>(ctx.db, scope.klaviyoAccountId, 'engagement');
  if (run === null) return decided;
  await runPage(ctx, scope, lease, run);
  return decided + 1;
}

/** What is known of a pair of accounts goes on into the next turn for so long, and only while it is not too much. */
const memoryMs = 5 * 60_000;
const mostRemembered = 200_000;

function recall(ctx: EngagementContext, klaviyoAccountId: string, nowMs: number): TurnMemory {
  const known = ctx.turns.get(klaviyoAccountId);
  ctx.turns.delete(klaviyoAccountId);
  if (known !== undefined && nowMs - known.sinceMs < memoryMs && known.contacts.size < mostRemembered) return known;
  return {
    contacts: new Map(),
    places: new Map(),
    dealsDenied: false,
    sinceMs: nowMs,
    ahead: null,
    pastGoesOn: false,
    liveSteps: 0,
  };
}

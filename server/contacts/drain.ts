import { NeedsPerson, RetryLater } from '../errors.js';
import {
  changePriority,
  dueChanges,
  nextChangeIn,
  noteChanges,
  postponeChanges,
  type ClaimedChange,
} from '../store/changes.js';
import { noteSuccess, scopeStamp, syncingConnections } from '../store/contact-connections.js';
import { abandonHistory } from '../store/history.js';
import { clearConnectionIssues, restsForPerson } from '../store/issues.js';
import { LeaseLost, type Lease } from '../store/lease.js';
import { nextRun } from '../store/runs.js';
import { nextUndo } from '../store/undo.js';
import { turnUnderLease, type Turn, type TurnEnd } from '../turn-under-lease.js';
import { loadScope, type AccountScope } from './account-scope.js';
import { askForPerson } from './ask-for-person.js';
import { eraseDue } from './erase.js';
import { processBatch } from './process-batch.js';
import { RunPipeline } from './run-pipeline.js';
import type { ScanCursor } from './pass-of.js';
import { nothingAhead, scanPage } from './scan-page.js';
import { fieldSweeps } from './sweep.js';
import { undoPage } from './undo.js';
import type { SyncContext } from './sync-context.js';

/** Changes worked off at a time. Both vendors sell batches of a hundred, and what is urgent must not wait for more. */
const batchSize = 100;
/** What sweeps found has waited already: in larger batches fewer calls go out half empty. A hint waits for one that has begun. */
const sweptBatchSize = 1000;
/** Batches of a run that are worked on at the same time: more would wait for import jobs together, and take memory. */
const batchesUnderWay = 2;

/**
 * Works off what waits for one pair of accounts: hints first, then sweeps' finds, then the next page of an open run.
 * One process at a time per pair, by lease; a page or batch that a kill interrupts is done again and finds its own
 * work done.
 */
export function drain(ctx: SyncContext, klaviyoAccountId: string, signal: AbortSignal): Promise<void> {
  return turnUnderLease(
    ctx,
    {
      name: `drain:${klaviyoAccountId}`,
      signal,
      nextIn: () => nextChangeIn(ctx.db, klaviyoAccountId),
      wake: (seconds) => ctx.wakeDrain(klaviyoAccountId, seconds),
    },
    (turn) => workOn(ctx, klaviyoAccountId, turn),
  );
}

/** Works until nothing is due, somebody must act, or the turn is over. */
async function workOn(ctx: SyncContext, klaviyoAccountId: string, turn: Turn): Promise<TurnEnd> {
  const { lease, mayWrite } = turn;
  ctx.swept.turn(klaviyoAccountId, lease.token);
  try {
    await eraseDue(ctx, klaviyoAccountId, lease);
  } catch (error) {
    // Erasing waits for Klaviyo; the sync goes on beside it.
    if (!(error instanceof RetryLater || error instanceof NeedsPerson)) throw error;
    ctx.log.warn({ err: error, klaviyoAccountId }, 'an erasure waits');
    await ctx.wakeDrain(klaviyoAccountId, error instanceof RetryLater ? Math.max(error.seconds, 1) : 300);
  }
  if (await restsForPerson(ctx.db, klaviyoAccountId)) return 'rest';
  await abandonHistory(ctx.db, klaviyoAccountId);
  let scope: AccountScope | null = null;
  let stamp = '';
  let ahead = nothingAhead(ctx);
  const pipeline = new RunPipeline(batchesUnderWay);
  for (;;) {
    const over = turn.isOver();
    await turn.holdOn();
    try {
      if (over) {
        await pipeline.settle();
        return 0;
      }
      const undo = await nextUndo(ctx.db, klaviyoAccountId);
      if (undo !== null) {
        await pipeline.settle();
        await undoPage(ctx, klaviyoAccountId, lease, undo, mayWrite);
        continue;
      }
      const now = await scopeStamp(ctx.db, klaviyoAccountId);
      if (scope === null || now !== stamp) {
        await pipeline.settle();
        scope = await loadScope(ctx, klaviyoAccountId);
        // What was read ahead was read for the mappings before.
        ahead = nothingAhead(ctx);
      }
      stamp = now;
      if (scope === null) return 'rest';
      const due = await dueChanges(ctx.db, klaviyoAccountId, sweptBatchSize);
      const claimed = due.slice(0, isUrgent(due) ? batchSize : sweptBatchSize);
      if (claimed.length > 0) {
        // A hint may be about somebody whom a batch of the run is about to write.
        await pipeline.settle();
        await workOff(ctx, scope, lease, claimed, mayWrite);
        continue;
      }
      const run = await nextRun<ScanCursor>(ctx.db, klaviyoAccountId);
      if (run === null) {
        await noteSuccess(ctx.db, klaviyoAccountId);
        await clearConnectionIssues(
          ctx.db,
          scope.connections.map(({ id }) => id),
          ['missing_scope'],
        );
        return await nextChangeIn(ctx.db, klaviyoAccountId);
      }
      await scanPage(ctx, scope, lease, run, mayWrite, { ahead, pipeline });
    } catch (error) {
      // The lease is held until the last batch under way has ended. What follows a failure fails with it, unrecorded.
      await pipeline.settle().catch((other: unknown) => {
        if (other !== error)
          ctx.log.info({ err: other, klaviyoAccountId }, 'a batch under way ended with the one before');
      });
      if (error instanceof RetryLater) return Math.max(error.seconds, 0.2);
      if (!(error instanceof NeedsPerson)) throw error;
      await askForPerson(ctx, klaviyoAccountId, error, await syncingConnections(ctx.db, klaviyoAccountId));
      return 'rest';
    }
  }
}

/** Whether somebody waits for any of these changes. */
const isUrgent = (changes: readonly ClaimedChange[]): boolean =>
  changes.some(({ priority }) => priority <= changePriority.hint);

/** One batch of changes. What fails for a reason of our own is halved until the record at fault stands alone (G4). */
async function workOff(
  ctx: SyncContext,
  scope: AccountScope,
  lease: Lease,
  claimed: readonly ClaimedChange[],
  mayWrite: () => void,
): Promise<void> {
  const ids = (side: string): string[] =>
    claimed.filter((change) => change.side === side).map((change) => change.recordId);
  try {
    await processBatch(ctx, scope, lease, {
      hubspotIds: ids('hubspot'),
      klaviyoIds: ids('klaviyo'),
      profiles: ctx.swept.take(
        scope.klaviyoAccountId,
        claimed.flatMap(({ side, recordId, cause }) =>
          side === 'klaviyo' && cause === fieldSweeps.klaviyo ? recordId : [],
        ),
      ),
      priority: isUrgent(claimed) ? 'person' : 'sweep',
      claimed,
      run: null,
      mayWrite,
    });
  } catch (error) {
    if (error instanceof LeaseLost || error instanceof NeedsPerson) throw error;
    if (error instanceof RetryLater) {
      await postponeChanges(
        ctx.db,
        scope.klaviyoAccountId,
        claimed.map((change) => ({
          ...change,
          afterSeconds: Math.max(error.seconds, Math.min(2 ** change.attempts / 4, 300)),
        })),
      );
      return;
    }
    const half = Math.ceil(claimed.length / 2);
    if (claimed.length > 1) {
      await workOff(ctx, scope, lease, claimed.slice(0, half), mayWrite);
      await workOff(ctx, scope, lease, claimed.slice(half), mayWrite);
      return;
    }
    ctx.log.error(
      { err: error, klaviyoAccountId: scope.klaviyoAccountId, record: claimed[0] },
      'a record could not be processed',
    );
    await postponeChanges(
      ctx.db,
      scope.klaviyoAccountId,
      claimed.map((change) => ({ ...change, afterSeconds: Math.min(5 * 2 ** change.attempts, 3600) })),
    );
  }
}

/** Notes records as changed for one pair of accounts and wakes its drain. */
export async function noteAndWake(
  ctx: SyncContext,
  portalId: string,
  klaviyoAccountId: string,
  changes: Parameters<typeof noteChanges>[3],
): Promise<void> {
  await noteChanges(ctx.db, portalId, klaviyoAccountId, changes);
  await ctx.wakeDrain(klaviyoAccountId);
}

import { countTowardsRun } from '../store/runs.js';
import type { AccountScope } from './account-scope.js';
import { restConnection } from './rest-connection.js';
import type { SyncContext } from './sync-context.js';

/** A connection in a stage stops when more than this share of its people, in percent, cannot be synced. */
const stopAtIssuePercent = 5;

/**
 * Stops connections whose stage goes wrong (F12): after each batch, whether a run or a hint brought its people. `added`
 * are people whom the run has not counted itself.
 */
export async function stopStage(
  ctx: SyncContext,
  scope: AccountScope,
  added: { people: number; failed: number },
): Promise<void> {
  for (const connection of scope.connections) {
    if (connection.options.stage === 'all' || connection.state !== 'initial_sync') continue;
    const counted = await countTowardsRun(ctx.db, connection.id, added);
    if (counted === null) continue;
    const { people, failed } = counted;
    // One or two bad records of a handful say nothing about the set-up.
    if (failed < 3 || failed * 100 <= stopAtIssuePercent * people) continue;
    await restConnection(
      ctx,
      connection,
      'stopped',
      'too_many_issues',
      `${failed} of the first ${people} people have an issue, more than ${stopAtIssuePercent} %.`,
    );
  }
}

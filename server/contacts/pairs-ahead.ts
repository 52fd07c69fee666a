import { LeaseLost, type Lease } from '../store/lease.js';
import { NeedsPerson, RetryLater } from '../errors.js';
import type { PersonPlan } from '../rules/plan-person.js';
import { pairsOnRoster, rosteredContactsById } from '../store/roster.js';
import type { Run } from '../store/runs.js';
import type { HubspotContact } from '../vendors/hubspot/types.js';
import type { AccountScope } from './account-scope.js';
import { keysOf, notDoneYet } from './not-done-yet.js';
import type { ScanCursor } from './pass-of.js';
import { processBatch } from './process-batch.js';
import { rosterOf } from './roster.js';
import type { Round } from './read-roster.js';
import { presentContacts } from './roster-page.js';
import type { RunPipeline } from './run-pipeline.js';
import type { SyncContext } from './sync-context.js';

/** Half of them differ, by experience: as many as fill two list writes, and one import job well. */
const peopleAtOnce = 2000;

/** Contacts of a run's roster whose profile is on it too, and that nobody has worked on yet. Lives for one turn of a drain. */
export class PairsAhead {
  private ids: string[] = [];

  add(ids: readonly string[]): void {
    this.ids.push(...ids);
  }

  /** A full batch, or null while there is none. */
  take(): string[] | null {
    return this.ids.length < peopleAtOnce ? null : this.ids.splice(0, peopleAtOnce);
  }
}

/**
 * Whether a person can be worked on before all profiles are read: both records are there, which nothing that is read later
 * changes, and no number is to be given that another profile may have. The others are left to their turn. Pure.
 */
export function isComplete(plan: PersonPlan): boolean {
  const { hubspot, klaviyo } = plan.person;
  return (
    hubspot !== null &&
    klaviyo !== null &&
    plan.ending === null &&
    plan.waits === undefined &&
    plan.issues.length === 0 &&
    plan.standings.some(({ state }) => state === 'in_sync') &&
    !('phone_number' in (plan.klaviyo?.attributes ?? {}))
  );
}

/**
 * Works on people of whom both records are read already, while both sides are read on at the pace of the vendors' limits. The
 * run stays where it is: whoever is through by then is passed over when it comes to them, and whoever is not is done then.
 */
export async function workOnPairs(
  ctx: SyncContext,
  scope: AccountScope,
  lease: Lease,
  run: Run<ScanCursor>,
  { sinceMs }: Pick<ScanCursor, 'sinceMs'>,
  { rows, roster, through }: Round & { through: boolean },
  mayWrite: () => void,
  { pairs, pipeline }: { pairs: PairsAhead; pipeline: RunPipeline },
): Promise<void> {
  const emails = rows.flatMap(({ kind, email }) => (kind === 'contact' || kind === 'profile' ? (email ?? []) : []));
  // A pair shows once: when the second of its records is read.
  if (!through) pairs.add(await pairsOnRoster(ctx.db, run.id, emails));
  // Who joins a list must not be on it already, which its members tell; after a first run hardly anybody joins one.
  const listsAreRead = Object.values(roster.lists).every(({ state }) => state === 'read');
  const isFirst = scope.connections.find(({ id }) => id === run.connectionId)?.state === 'initial_sync';
  // What follows must not take those for worked on whom a batch under way leaves to it.
  if (through) return pipeline.settle();
  if ((isFirst && !listsAreRead) || !pipeline.hasRoom()) return;
  const ids = pairs.take();
  if (ids === null) return;
  const contacts = await presentContacts(ctx, scope, await rosteredContactsById<HubspotContact>(ctx.db, run.id, ids));
  const input = await notDoneYet(ctx, scope, pipeline, new Date(sinceMs), { hubspotIds: [], klaviyoIds: [], contacts });
  await pipeline.begin(null, keysOf(input), async (before) => {
    try {
      await processBatch(ctx, scope, lease, {
        ...input,
        roster: rosterOf(ctx, run, Object.keys(roster.lists)),
        does: (plan) => isComplete(plan) && (listsAreRead || plan.listAdds.length === 0),
        priority: 'sweep',
        claimed: [],
        run: { id: run.id, total: null, done: 0 },
        mayWrite,
        before,
      });
    } catch (error) {
      if (error instanceof RetryLater || error instanceof NeedsPerson || error instanceof LeaseLost) throw error;
      // One bad record (G4): all of them are met again in their turn, where it is found.
      ctx.log.warn({ err: error, runId: run.id }, 'pairs could not be worked on ahead');
      await before;
    }
  });
}

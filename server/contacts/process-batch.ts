import type { Person } from '../rules/person.js';
import { emptyPlan, planPerson, type PersonPlan } from '../rules/plan-person.js';
import { isRefused, withoutRefusal } from '../rules/reconcile.js';
import { insists, type ClaimedChange } from '../store/changes.js';
import type { Lease } from '../store/lease.js';
import type { Priority } from '../vendors/hubspot/types.js';
import type { AccountScope } from './account-scope.js';
import { apply } from './apply.js';
import type { OutcomeCounts } from './count-outcomes.js';
import { gather, type BatchInput } from './gather.js';
import { intend } from './intend.js';
import { listsGone } from './missing-lists.js';
import { record, type RecordInput } from './record.js';
import { stopStage } from './stop-stage.js';
import type { SyncContext } from './sync-context.js';

/** A run would create more records than its connection's ceiling allows (F13). Nothing of the batch was written. */
export class CeilingReached extends Error {
  override readonly name = 'CeilingReached';
}

export interface Batch extends BatchInput {
  priority: Priority;
  claimed: readonly ClaimedChange[];
  run: RecordInput['run'];
  /** How many records may still be created; null when there is no ceiling. */
  createsLeft?: number | null;
  /** Throws when this process may no longer write (its lease ran out while it was frozen). */
  mayWrite: () => void;
  /** Of what is planned, what this batch does; the rest is left to a later one. All when left out. */
  does?: (plan: PersonPlan) => boolean;
  /** The end of the batch of the same run that must be written down before this one. */
  before?: Promise<void>;
}

/** One batch from look to record: gather → plan → intend → apply → record. */
export async function processBatch(
  ctx: SyncContext,
  scope: AccountScope,
  lease: Lease,
  batch: Batch,
): Promise<OutcomeCounts> {
  const withTries = triesAgain(batch);
  let persons = (await gather(ctx, scope, batch, batch.priority)).map(withTries);
  const moment: AccountScope = { ...scope, consent: { ...scope.consent, now: ctx.clock().toISOString() } };
  let plans = persons.map((person) => planPerson(person, moment));
  // An opt-out cannot be taken back: it is decided on the person as they are now, not as the run read them.
  const optedOut = plans.filter((plan) => batch.roster != null && plan.optOuts.length > 0).map(({ person }) => person);
  if (optedOut.length > 0) {
    const asNow = await gather(ctx, scope, recordsOf(optedOut), batch.priority);
    persons = [...persons.filter((person) => !optedOut.includes(person)), ...asNow.map(withTries)];
    plans = persons.map((person) => planPerson(person, moment));
  }
  const leaves = (plan: PersonPlan): boolean => plan.standings.some(({ reason }) => reason === 'left_rules');
  if (moment.goneLists.size > 0 || plans.some(leaves)) {
    for (const id of await listsGone(ctx, scope)) scope.goneLists.add(id);
    if (scope.goneLists.size > 0) plans = persons.map((person) => planPerson(person, moment));
  }
  const { does } = batch;
  if (does !== undefined) plans = plans.filter(does);
  if (batch.run === null) plans = plans.map((plan) => leftToTheRun(plan, moment));
  const creates = plans.filter((plan) => plan.hubspot?.action === 'create' || plan.klaviyo?.action === 'create').length;
  if (creates > (batch.createsLeft ?? Infinity)) throw new CeilingReached(`${creates} records would be created.`);
  const intents = await intend(ctx, scope, plans, batch.run?.id ?? null);
  batch.mayWrite();
  const applied = await apply(ctx, moment, plans, batch);
  const done = { applied, intents, claimed: batch.claimed, run: batch.run };
  const counts = await record(ctx, scope, lease, done, batch.before);
  await stopStage(ctx, scope, batch.run === null ? counts : { people: 0, failed: 0 });
  return counts;
}

/**
 * Gives people whom somebody retries, and all people of a run, another try of what a vendor refused before; with others
 * that rests until one of the values changes (F5).
 */
function triesAgain({ claimed, run }: Pick<Batch, 'claimed' | 'run'>): (person: Person) => Person {
  const insisted = new Set(claimed.filter(insists).map(({ side, recordId }) => `${side}:${recordId}`));
  return (person) => {
    const { link } = person;
    if (link === null) return person;
    const isTried =
      run !== null || insisted.has(`hubspot:${link.hubspotId}`) || insisted.has(`klaviyo:${link.klaviyoId}`);
    if (!isTried || !Object.values(link.base).some(isRefused)) return person;
    const base = Object.fromEntries(
      Object.entries(link.base).flatMap(([key, one]) => {
        const before = withoutRefusal(one);
        return before === undefined ? [] : [[key, before] as const];
      }),
    );
    return { ...person, link: { ...link, base } };
  };
}

const recordsOf = (persons: readonly Person[]): BatchInput => ({
  hubspotIds: persons.flatMap(({ hubspot }) => hubspot?.id ?? []),
  klaviyoIds: persons.flatMap(({ klaviyo }) => klaviyo?.id ?? []),
});

/**
 * While the first run of a connection with a ceiling is under way, it alone creates records, and counts them (F13): a
 * hint about somebody new waits for it.
 */
function leftToTheRun(plan: PersonPlan, scope: AccountScope): PersonPlan {
  if (plan.hubspot?.action !== 'create' && plan.klaviyo?.action !== 'create') return plan;
  const counted = scope.connections.some(
    ({ id, state, options }) =>
      plan.connectionIds.includes(id) && state === 'initial_sync' && options.maxNewRecords !== null,
  );
  return counted ? { ...emptyPlan(plan.person), waits: 'The first run creates records, and counts them.' } : plan;
}

import type { RecordRefused } from '../errors.js';
import { RetryLater } from '../errors.js';
import type { Repair } from '../rules/repair.js';
import { emailKey, type PersonPlan } from '../rules/plan-person.js';
import type { Priority } from '../vendors/hubspot/types.js';
import type { AccountScope } from './account-scope.js';
import { applyConsent } from './apply-consent.js';
import { applyLists } from './apply-lists.js';
import { applyToHubspot } from './apply-to-hubspot.js';
import { applyToKlaviyo } from './apply-to-klaviyo.js';
import type { Roster } from './roster.js';
import type { SyncContext } from './sync-context.js';

/** What became of one person's plan. */
export interface Applied {
  plan: PersonPlan;
  hubspotId: string | null;
  klaviyoId: string | null;
  /** Per side: done (or nothing to do), refused as a whole, or not known because no answer came. */
  outcome: { hubspot: Outcome; klaviyo: Outcome };
  /** Keys of single fields that a vendor refused while the rest of the record went through. */
  refusedKeys: Set<string>;
  /** What vendors refused, to become issues. */
  refusals: Refusal[];
  /** Set when something has to be done again later. */
  deferred: { seconds: number; because: string } | null;
  /** Lists joined and left, as far as Klaviyo confirmed. */
  joined: Set<string>;
  /** Lists that the person was on before, so that joining them changed nothing. */
  memberAlready: Set<string>;
  left: Set<string>;
  /** What became of each side's opt-out, and of the subscription. */
  consent: { hubspot: Outcome; klaviyo: Outcome; subscribe: Outcome };
}

export type Outcome = 'done' | 'nothing' | 'refused' | 'unknown';

export interface Refusal {
  side: 'hubspot' | 'klaviyo';
  code: string;
  field: string;
  detail: string;
  repair?: Repair;
}

/** How a batch is carried out. */
export interface Applying {
  priority: Priority;
  /** Throws when this process may no longer write. */
  mayWrite: () => void;
  /** All profiles as a run read them, where it did. */
  roster?: Roster | null;
}

/**
 * Carries out the plans of one batch: both sides' records first, at the same time and in batches, then the lists, which
 * need the ids of created profiles, and consent last. A refusal concerns one record; a missing answer postpones the
 * records it concerns. Each call asks `mayWrite` as it leaves: between two of them a process may have been frozen.
 */
export async function apply(
  ctx: SyncContext,
  scope: AccountScope,
  plans: readonly PersonPlan[],
  { priority, mayWrite, roster = null }: Applying,
): Promise<Applied[]> {
  const applied = plans.map(begin);
  const hubspot = ctx.hubspot(scope.portalId, priority, mayWrite);
  const klaviyo = ctx.klaviyo(scope.klaviyoAccountId, priority, mayWrite);
  try {
    await Promise.all([
      applyToHubspot(
        hubspot,
        applied.filter(({ plan }) => plan.hubspot !== null),
      ),
      applyToKlaviyo(
        klaviyo,
        ctx.clock,
        scope.numbersUnderWay,
        priority,
        roster,
        applied.filter(({ plan }) => plan.klaviyo !== null),
      ),
    ]);
    await applyLists(ctx, scope, klaviyo, roster, applied);
    await applyConsent(hubspot, klaviyo, scope, applied);
    return applied;
  } finally {
    ctx.swept.written(
      scope.klaviyoAccountId,
      applied.flatMap(({ klaviyoId }) => klaviyoId ?? []),
    );
  }
}

function begin(plan: PersonPlan): Applied {
  const { person } = plan;
  return {
    plan,
    hubspotId: person.hubspot?.id ?? person.link?.hubspotId ?? null,
    klaviyoId: person.klaviyo?.id ?? person.link?.klaviyoId ?? null,
    outcome: { hubspot: 'nothing', klaviyo: 'nothing' },
    refusedKeys: new Set(),
    refusals: [],
    deferred: plan.waits === undefined ? null : { seconds: 5, because: plan.waits },
    joined: new Set(),
    memberAlready: new Set(),
    left: new Set(),
    consent: { hubspot: 'nothing', klaviyo: 'nothing', subscribe: 'nothing' },
  };
}

/** Notes that a vendor refused this record (or one field of it). */
export function refuse(applied: Applied, side: 'hubspot' | 'klaviyo', refused: RecordRefused): void {
  const field = refused.detail.field ?? '';
  applied.refusals.push({ side, code: refused.code, field, detail: refused.message });
  const key =
    field === 'email'
      ? emailKey
      : applied.plan.writes.find((write) => write.side === side && write.field === field)?.key;
  if (key !== undefined) applied.refusedKeys.add(key);
}

/** Postpones these people when no answer came; any other error goes up. */
export function defer(people: readonly Applied[], side: 'hubspot' | 'klaviyo' | 'lists', error: unknown): void {
  if (!(error instanceof RetryLater)) throw error;
  for (const person of people) {
    if (side !== 'lists') person.outcome[side] = 'unknown';
    const seconds = Math.max(error.seconds, person.deferred?.seconds ?? 0);
    person.deferred = { seconds, because: error.message };
  }
}

import type { PersonPlan } from '../rules/plan-person.js';
import { becauseOfWrite, consentReasons, sideName, type ConsentReason } from '../rules/words.js';
import { intendHistory, type HistoryEntry, type settleHistory } from '../store/history.js';
import type { AccountScope } from './account-scope.js';
import type { Applied, Outcome } from './apply.js';
import type { SyncContext } from './sync-context.js';

/** The history rows of a batch, written before the vendors are called. */
export interface Intents {
  /** How each row ended, once the batch is applied. */
  settled(applied: readonly Applied[]): Parameters<typeof settleHistory>[1][number][];
  /** The first row of a plan, or undefined when it writes nothing. */
  idOf(plan: PersonPlan): string | undefined;
}

const endings: Record<Outcome, 'done' | 'refused' | 'unknown'> = {
  done: 'done',
  nothing: 'done',
  refused: 'refused',
  unknown: 'unknown',
};

/** Consent that was meant to be written and was not tried, because the record had to wait, is no receipt of a write. */
const attempted = (outcome: Outcome): Outcome => (outcome === 'nothing' ? 'refused' : outcome);

/**
 * Stores what is about to be written, before any vendor is called. After a crash the rows show what may have been done;
 * the next pass reads both sides and finds either the old or the new state, both fine.
 */
export async function intend(
  ctx: SyncContext,
  scope: AccountScope,
  plans: readonly PersonPlan[],
  runId: string | null,
): Promise<Intents> {
  const owners: { plan: PersonPlan; outcomeOf: (person: Applied) => Outcome }[] = [];
  const entries: HistoryEntry[] = [];
  for (const plan of plans) {
    for (const side of ['hubspot', 'klaviyo'] as const) {
      const write = plan[side];
      const connectionId = plan.connectionIds[0];
      if (write === null || connectionId === undefined) continue;
      owners.push({ plan, outcomeOf: (person) => person.outcome[side] });
      entries.push(entryOf(plan, side, write.action, connectionId, runId));
    }
    for (const optOut of plan.optOuts) {
      owners.push({ plan, outcomeOf: (person) => attempted(person.consent[optOut.side]) });
      entries.push(consentEntry(plan, runId, { ...optOut, action: 'unsubscribe', was: optOut.evidence }));
    }
    if (plan.subscribe !== null) {
      owners.push({ plan, outcomeOf: (person) => attempted(person.consent.subscribe) });
      entries.push(consentEntry(plan, runId, { ...plan.subscribe, side: 'klaviyo', action: 'subscribe' }));
    }
  }
  const ids = await intendHistory(ctx.db, scope.portalId, scope.klaviyoAccountId, entries);
  return {
    idOf: (plan) => ids[owners.findIndex((owner) => owner.plan === plan)],
    settled(applied) {
      const byPlan = new Map(applied.map((person) => [person.plan, person]));
      return owners.flatMap(({ plan, outcomeOf }, index) => {
        const person = byPlan.get(plan);
        const id = ids[index];
        if (person === undefined || id === undefined) return [];
        const outcome = endings[outcomeOf(person)];
        return [{ id, outcome, hubspotId: person.hubspotId, klaviyoId: person.klaviyoId }];
      });
    },
  };
}

/** The receipt of a consent write: who, what, why, on which evidence (C6). */
function consentEntry(
  plan: PersonPlan,
  runId: string | null,
  write: {
    side: 'hubspot' | 'klaviyo';
    action: 'subscribe' | 'unsubscribe';
    connectionId: string;
    because: ConsentReason;
    was: string;
  },
): HistoryEntry {
  return {
    connectionId: write.connectionId,
    runId,
    side: write.side,
    action: write.action,
    hubspotId: plan.person.hubspot?.id ?? null,
    klaviyoId: plan.person.klaviyo?.id ?? plan.person.link?.klaviyoId ?? null,
    email: plan.email,
    fields: [
      {
        field: 'email marketing',
        oldValue: write.was,
        newValue: write.action === 'subscribe' ? 'SUBSCRIBED' : 'UNSUBSCRIBED',
        because: consentReasons[write.because],
      },
    ],
    because: consentReasons[write.because],
  };
}

function entryOf(
  plan: PersonPlan,
  side: 'hubspot' | 'klaviyo',
  action: 'create' | 'update',
  connectionId: string,
  runId: string | null,
): HistoryEntry {
  const writes = plan.writes.filter((write) => write.side === side);
  const emptiesOnly = action === 'update' && writes.every((write) => write.newValue === null);
  return {
    connectionId,
    runId,
    side,
    action: emptiesOnly ? 'clear' : action,
    hubspotId: plan.person.hubspot?.id ?? null,
    klaviyoId: plan.person.klaviyo?.id ?? null,
    email: plan.email,
    fields: writes.map((write) => ({
      key: write.key,
      field: write.field,
      oldValue: write.oldValue,
      newValue: write.newValue,
      because: becauseOfWrite(write.because, side),
      ...(write.overruled === undefined ? {} : { overruled: write.overruled }),
    })),
    because:
      action === 'create'
        ? `A rule of the connection matches, and ${sideName[side]} had no record with this email address.`
        : `${writes.length} field${writes.length === 1 ? '' : 's'} differed.`,
  };
}

import { carriedBefore, type ConsentMemory } from '../rules/consent.js';
import type { Applied } from './apply.js';
import { recordsOf } from './person-home.js';

/** What is remembered of the consent from now on; a write that did not go through is not remembered as done. */
export function consentAfter(person: Applied, now: Date): (ConsentMemory & { email: string })[] {
  const { plan, consent } = person;
  const { email } = plan;
  if (email === null) return [];
  const before = plan.person.consent;
  const memory = { ...(plan.consent ?? before) };
  const failed = plan.optOuts.filter(({ side }) => consent[side] !== 'done');
  // The next pass tries again.
  if (failed.length > 0) memory.optedOut = carriedBefore(plan.person, plan.connectionIds.length > 0);
  // An unsubscribe of ours is not the person's opt-out: it does not cross.
  else if (plan.optOuts.some(({ side }) => side === 'klaviyo'))
    memory.optedOut = [...new Set([...memory.optedOut, 'klaviyo' as const])];
  if (plan.subscribe !== null && consent.subscribe === 'done') {
    memory.askedAt = now.toISOString();
    memory.askedList = plan.subscribe.listId;
  } else if (plan.subscribe !== null && consent.subscribe !== 'refused') memory.enteredAt = before.enteredAt;
  return JSON.stringify(memory) === JSON.stringify(before) ? [] : [{ email, ...memory }];
}

/** Records whose tombstone has served: they are linked again, or left the rules (a return is a new beginning). */
export function outlived(person: Applied): { side: 'hubspot' | 'klaviyo'; recordId: string }[] {
  const { plan } = person;
  if (plan.ending !== null) return [];
  const paired = person.hubspotId !== null && person.klaviyoId !== null && plan.connectionIds.length > 0;
  const left = plan.standings.some(({ state }) => state === 'not_in_scope');
  return plan.person.tombstone !== null && (paired || left) ? recordsOf(person) : [];
}

import {
  carriedBefore,
  decideOptOut,
  decideSubscribe,
  noMemory,
  optedOutInKlaviyo,
  type ConsentMemory,
} from './consent.js';
import type { ContactConnection, Side } from './connection.js';
import type { Eligibility } from './eligibility.js';
import type { Person } from './person.js';
import { consentStatus, type ConsentStatus } from './subscription.js';
import type { ConsentReason } from './words.js';

/** What the consent rules need beside the person. */
export interface ConsentScope {
  /** How people get onto the lists that subscribing rules name. */
  optIn: ReadonlyMap<string, 'single_opt_in' | 'double_opt_in'>;
  /** The moment of this pass. */
  now: string;
}

/** Somebody to be subscribed; decided once more on the consent as read right before. */
export interface PlannedSubscription {
  connectionId: string;
  listId: string;
  because: ConsentReason;
  was: ConsentStatus;
}

/** Somebody whose consent is to be withdrawn on one side. */
export interface PlannedOptOut {
  side: Side;
  connectionId: string;
  because: ConsentReason;
  /** What was read that says so. */
  evidence: string;
}

export interface ConsentPlan {
  subscribe: PlannedSubscription | null;
  optOuts: PlannedOptOut[];
  /** What is to be remembered, or null when that stays as it is. */
  memory: ConsentMemory | null;
}

export const hubspotOptOutProperty = 'hs_email_optout';

/** Whether the contact opted out of all email in HubSpot. */
export const optedOutInHubspot = (person: Person): boolean =>
  person.hubspot?.properties[hubspotOptOutProperty] === 'true';

/** Whether any of these connections writes or carries consent: only then it is read and remembered. */
export const caresForConsent = (connections: readonly ContactConnection[]): boolean =>
  connections.some(({ options }) => options.subscribe || options.carryOptOuts !== 'off' || options.unsubscribeOnExit);

/** Decides on the consent of one person over all connections (C1–C6). `within` are those whose rules match. Pure. */
export function planConsent(
  person: Person,
  connections: readonly ContactConnection[],
  within: readonly { connection: ContactConnection; match: Eligibility }[],
  scope: ConsentScope,
): ConsentPlan {
  const { consent: before } = person;
  const subscription = person.klaviyo?.subscription ?? null;
  const plan: ConsentPlan = { subscribe: null, optOuts: [], memory: null };
  // Where nobody cares for consent nothing was remembered, and there is nothing to decide.
  if (before === noMemory && !caresForConsent(connections)) return plan;
  const after: { -readonly [Key in keyof ConsentMemory]: ConsentMemory[Key] } = {
    ...before,
    optedOut: carriedBefore(person, within.length > 0),
  };
  const carriers = connections.filter(({ options }) => options.carryOptOuts !== 'off');
  if (carriers.length > 0 && person.hubspot !== null) {
    const decision = decideOptOut(carried(carriers), {
      hubspotOptedOut: optedOutInHubspot(person),
      subscription,
      seen: after.optedOut,
    });
    after.optedOut = decision.seen;
    const carrier = carriers[0];
    if (decision.to !== null && carrier !== undefined) {
      plan.optOuts.push({
        side: decision.to,
        connectionId: carrier.id,
        because: decision.because === 'opted_out_in_hubspot' ? 'opted_out_in_hubspot' : 'opted_out_in_klaviyo',
        evidence: decision.to === 'klaviyo' ? `${hubspotOptOutProperty} is true` : evidenceOf(person),
      });
    }
  }
  const subscribing = within.filter(({ connection, match }) => connection.options.subscribe && match.lists.length > 0);
  const strict = subscribing[0]?.connection ?? carriers.find(({ options }) => options.carryOptOuts !== 'to_hubspot');
  const alreadyOut = optedOutInKlaviyo(subscription) || plan.optOuts.some(({ side }) => side === 'klaviyo');
  if (person.mergedOptOut && !alreadyOut && subscription !== null && strict !== undefined) {
    plan.optOuts.push({
      side: 'klaviyo',
      connectionId: strict.id,
      because: 'opted_out_before_merge',
      evidence: 'the profile of a contact that was merged into this one is unsubscribed',
    });
  }
  // The other side may not have heard of it yet: contacts are merged faster than opt-outs cross.
  const carrier = carriers.find(({ options }) => options.carryOptOuts !== 'to_klaviyo');
  const hubspotKnows = optedOutInHubspot(person) || plan.optOuts.some(({ side }) => side === 'hubspot');
  if (person.mergedOptOut && !hubspotKnows && person.hubspot !== null && carrier !== undefined) {
    plan.optOuts.push({
      side: 'hubspot',
      connectionId: carrier.id,
      because: 'opted_out_before_merge',
      evidence: 'the profile of a contact that was merged into this one is unsubscribed',
    });
  }
  for (const { connection, match } of subscribing) {
    const listId = match.lists[0] ?? '';
    const decision = decideSubscribe(connection.options, {
      subscription,
      hubspotOptedOut: optedOutInHubspot(person),
      mergedOptOut: person.mergedOptOut,
      memory: before,
      listId,
      optIn: scope.optIn.get(listId) ?? 'unknown',
      now: scope.now,
    });
    if (decision.subscribe && plan.subscribe === null && plan.optOuts.length === 0) {
      const because: ConsentReason = decision.because === 'resubscribe' ? 'resubscribe' : 'never_subscribed';
      plan.subscribe = {
        connectionId: connection.id,
        listId,
        because,
        was: subscription === null ? 'NEVER_SUBSCRIBED' : consentStatus(subscription),
      };
    }
  }
  if (subscribing.length > 0 && subscription !== null) {
    if (optedOutInKlaviyo(subscription)) after.unsubscribed = true;
    else if (consentStatus(subscription) === 'SUBSCRIBED') after.unsubscribed = false;
  }
  after.enteredAt = subscribing.some(({ connection }) => connection.options.resubscribe)
    ? (before.enteredAt ?? scope.now)
    : null;
  if (JSON.stringify(after) !== JSON.stringify(before)) plan.memory = after;
  return plan;
}

/** Consent that is withdrawn because the person left the rules, where the connection says so (B8). */
export function exitOptOut(
  person: Person,
  connection: ContactConnection,
  because: 'left_rules' | 'merged',
): PlannedOptOut | null {
  const subscription = person.klaviyo?.subscription;
  if (!connection.options.unsubscribeOnExit || subscription === undefined) return null;
  const status = consentStatus(subscription);
  // Who is unsubscribed or suppressed already gets no email: nothing to withdraw.
  if (status !== 'SUBSCRIBED' && status !== 'NEVER_SUBSCRIBED') return null;
  return { side: 'klaviyo', connectionId: connection.id, because, evidence: `was ${status}` };
}

/** Several connections over one pair of accounts: what one of them carries is carried. */
function carried(carriers: readonly ContactConnection[]): 'to_hubspot' | 'to_klaviyo' | 'both' {
  const ways = new Set(carriers.map(({ options }) => options.carryOptOuts));
  if (ways.has('both') || (ways.has('to_hubspot') && ways.has('to_klaviyo'))) return 'both';
  return ways.has('to_hubspot') ? 'to_hubspot' : 'to_klaviyo';
}

function evidenceOf({ klaviyo }: Person): string {
  const reasons = klaviyo?.subscription?.suppressions.map(({ reason }) => reason) ?? [];
  return `consent ${klaviyo?.subscription?.consent ?? ''}${reasons.length === 0 ? '' : `, suppressed: ${reasons.join(', ')}`}`;
}

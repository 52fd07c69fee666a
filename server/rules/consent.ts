import type { Side } from './connection.js';
import type { Person, Subscription } from './person.js';
import { consentStatus, type ConsentStatus } from './subscription.js';

/**
 * Consent as a table. Opt-outs may cross to the other side, opt-ins never do; nothing but a HubSpot → Klaviyo rule with
 * its switch on ever subscribes anybody, and never over an opt-out that is fresher than the person's entry (C1–C6).
 */
export interface ConsentSwitches {
  subscribe: boolean;
  resubscribe: boolean;
}

/** What is remembered of a person between passes. */
export interface ConsentMemory {
  /** Sides whose opt-out was seen, and carried where the connection says so. */
  optedOut: readonly Side[];
  /** Klaviyo showed an opt-out of this address last: it outlives the profile. */
  unsubscribed: boolean;
  /** When the person was asked to be subscribed last, and on which list. */
  askedAt: string | null;
  askedList: string | null;
  /** Since when the person is in the scope of a subscribing rule: a later unsubscribe is the person's last word. */
  enteredAt: string | null;
}

export const noMemory: ConsentMemory = {
  optedOut: [],
  unsubscribed: false,
  askedAt: null,
  askedList: null,
  enteredAt: null,
};

/** What is known at the moment of deciding. */
export interface ConsentFacts {
  /** The profile's consent as just read; null when there is no profile yet. */
  subscription: Subscription | null;
  hubspotOptedOut: boolean;
  /** A record that was merged into this person had opted out (C6). */
  mergedOptOut: boolean;
  memory: ConsentMemory;
  /** The list that the rule names, and how people get onto it. */
  listId: string;
  optIn: 'single_opt_in' | 'double_opt_in' | 'unknown';
  now: string;
}

export type SubscribeBecause =
  | 'switched_off'
  | 'never_subscribed'
  | 'resubscribe'
  | 'already_subscribed'
  | 'suppressed'
  | 'unsubscribed'
  | 'unsubscribed_from_list'
  | 'unsubscribed_since_entering'
  | 'opted_out_in_hubspot'
  | 'opted_out_before_merge'
  | 'waiting_for_confirmation'
  | 'asked_already';

export interface SubscribeDecision {
  subscribe: boolean;
  because: SubscribeBecause;
}

/** Klaviyo carries a subscription out within minutes and names no job; after this long the request counts as lost. */
const askAgainAfterMs = 15 * 60_000;

const no = (because: SubscribeBecause): SubscribeDecision => ({ subscribe: false, because });

/** Decides whether one person is subscribed to email marketing now, and why. Pure. */
export function decideSubscribe(switches: ConsentSwitches, facts: ConsentFacts): SubscribeDecision {
  const { subscription, memory } = facts;
  if (!switches.subscribe) return no('switched_off');
  const status: ConsentStatus = subscription === null ? 'NEVER_SUBSCRIBED' : consentStatus(subscription);
  if (status === 'SUPPRESSED') return no('suppressed');
  if (facts.hubspotOptedOut) return no('opted_out_in_hubspot');
  if (facts.mergedOptOut) return no('opted_out_before_merge');
  const fromList = subscription?.listSuppressions?.some((one) => one.listId === facts.listId) === true;
  // A profile that was deleted and came back has forgotten; we have not.
  const forgotten = status === 'NEVER_SUBSCRIBED' && memory.unsubscribed;
  if (status === 'UNSUBSCRIBED' || fromList || forgotten) {
    if (!switches.resubscribe)
      return no(fromList && status !== 'UNSUBSCRIBED' ? 'unsubscribed_from_list' : 'unsubscribed');
    return memory.enteredAt === null ? { subscribe: true, because: 'resubscribe' } : no('unsubscribed_since_entering');
  }
  if (status === 'SUBSCRIBED') return no('already_subscribed');
  if (memory.askedAt === null) return { subscribe: true, because: 'never_subscribed' };
  // Another request would send a person who has not confirmed another email.
  if (facts.optIn !== 'single_opt_in') return no('waiting_for_confirmation');
  return Date.parse(facts.now) - Date.parse(memory.askedAt) > askAgainAfterMs
    ? { subscribe: true, because: 'never_subscribed' }
    : no('asked_already');
}

export interface OptOutFacts {
  hubspotOptedOut: boolean;
  /** Null when there is no profile, or its consent was not read. */
  subscription: Subscription | null;
  seen: readonly Side[];
}

export interface OptOutDecision {
  /** The side that is to be told, or null. */
  to: Side | null;
  because: 'opted_out_in_hubspot' | 'opted_out_in_klaviyo' | 'nothing_new' | 'both_know' | 'not_carried';
  /** Opt-outs that count as seen once this is done. */
  seen: Side[];
}

/**
 * The opt-outs that a pair has carried. One that comes to be has carried none yet, whatever is remembered of those who had
 * the address before. Pure.
 */
export const carriedBefore = ({ link, consent }: Pick<Person, 'link' | 'consent'>, inScope: boolean): readonly Side[] =>
  link === null && inScope ? [] : consent.optedOut;

/** Whether Klaviyo's consent is an opt-out of the person: an unsubscribe or a complaint, not a bounce and not the staff. */
export function optedOutInKlaviyo(subscription: Subscription | null): boolean {
  if (subscription === null) return false;
  return (
    subscription.consent === 'UNSUBSCRIBED' ||
    subscription.suppressions.some(({ reason }) => reason === 'UNSUBSCRIBE' || reason === 'SPAM_COMPLAINT')
  );
}

/**
 * Decides whether an opt-out crosses (C6). Each is carried once: who opts in again on the other side afterwards is not
 * opted out again by the old one.
 */
export function decideOptOut(carry: 'off' | 'to_hubspot' | 'to_klaviyo' | 'both', facts: OptOutFacts): OptOutDecision {
  const out = { hubspot: facts.hubspotOptedOut, klaviyo: optedOutInKlaviyo(facts.subscription) };
  const seen = (['hubspot', 'klaviyo'] as const).filter((side) => out[side]);
  const isNew = (side: Side): boolean => out[side] && !facts.seen.includes(side);
  if (carry === 'off') return { to: null, because: 'not_carried', seen: [...facts.seen] };
  if (out.hubspot && out.klaviyo) return { to: null, because: 'both_know', seen };
  // What is not carried stays new: should the connection carry it one day, it crosses then.
  if (isNew('klaviyo')) {
    return carry === 'to_klaviyo'
      ? { to: null, because: 'not_carried', seen: seen.filter((side) => side !== 'klaviyo') }
      : { to: 'hubspot', because: 'opted_out_in_klaviyo', seen };
  }
  // Without a profile there is nothing to write to yet: the opt-out stays new until there is one.
  if (isNew('hubspot') && facts.subscription === null)
    return { to: null, because: 'nothing_new', seen: seen.filter((side) => side !== 'hubspot') };
  if (isNew('hubspot')) {
    return carry === 'to_hubspot'
      ? { to: null, because: 'not_carried', seen: seen.filter((side) => side !== 'hubspot') }
      : { to: 'klaviyo', because: 'opted_out_in_hubspot', seen };
  }
  return { to: null, because: 'nothing_new', seen };
}

/** The stricter of two memories, when two records become one person (C6): what one of them knew, both know. */
export function strictest(memories: readonly ConsentMemory[]): ConsentMemory {
  const times = (pick: (memory: ConsentMemory) => string | null): string | null =>
    memories
      .map(pick)
      .filter((at) => at !== null)
      .sort()
      .at(-1) ?? null;
  const askedAt = times((memory) => memory.askedAt);
  return {
    optedOut: (['hubspot', 'klaviyo'] as const).filter((side) =>
      memories.every((memory) => memory.optedOut.includes(side)),
    ),
    unsubscribed: memories.some((memory) => memory.unsubscribed),
    askedAt,
    askedList: memories.find((memory) => memory.askedAt === askedAt)?.askedList ?? null,
    enteredAt: times((memory) => memory.enteredAt),
  };
}

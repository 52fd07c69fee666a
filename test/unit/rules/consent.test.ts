import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decideOptOut,
  decideSubscribe,
  noMemory,
  strictest,
  type ConsentFacts,
  type ConsentMemory,
} from '../../../server/rules/consent.js';
import type { Subscription } from '../../../server/rules/person.js';

const now = '2026-11-01T12:00:00.000Z';
const reasons = ['HARD_BOUNCE', 'INVALID_EMAIL', 'SPAM_COMPLAINT', 'UNSUBSCRIBE', 'USER_SUPPRESSED'] as const;
const consents = ['SUBSCRIBED', 'UNSUBSCRIBED', 'NEVER_SUBSCRIBED'] as const;
const optIns = ['single_opt_in', 'double_opt_in', 'unknown'] as const;
const facts = (more: Partial<ConsentFacts>): ConsentFacts => ({
  subscription: null,
  hubspotOptedOut: false,
  mergedOptOut: false,
  memory: noMemory,
  listId: 'L1',
  optIn: 'single_opt_in',
  now,
  ...more,
});
const state = (consent: string, ...suppressions: string[]): Subscription => ({
  consent,
  suppressions: suppressions.map((reason) => ({ reason })),
});

/** Every consent state with every set of suppression reasons: 3 × 32. */
const states = consents.flatMap((consent) =>
  Array.from({ length: 2 ** reasons.length }, (_, mask) =>
    state(consent, ...reasons.filter((_reason, bit) => (mask & (1 << bit)) !== 0)),
  ),
);

describe('C2: who is subscribed: consent × suppressions × switches × opt-in process, all of them', () => {
  test.each(
    [true, false].flatMap((subscribe) =>
      [true, false].flatMap((resubscribe) => optIns.map((optIn) => [{ subscribe, resubscribe }, optIn] as const)),
    ),
  )('with %j on a %s list', (switches, optIn) => {
    for (const subscription of states) {
      const { subscribe, because } = decideSubscribe(switches, facts({ subscription, optIn }));
      const given = subscription.suppressions.map(({ reason }) => reason);
      const suppressed = given.some((reason) => reason !== 'UNSUBSCRIBE');
      const unsubscribed = !suppressed && (given.includes('UNSUBSCRIBE') || subscription.consent === 'UNSUBSCRIBED');
      const never = !suppressed && !unsubscribed && subscription.consent === 'NEVER_SUBSCRIBED';
      const expected = switches.subscribe && (never || (unsubscribed && switches.resubscribe));
      expect([JSON.stringify(subscription), subscribe]).toEqual([JSON.stringify(subscription), expected]);
      if (!switches.subscribe) expect(because).toBe('switched_off');
      else if (suppressed) expect(because).toBe('suppressed');
      else if (unsubscribed) expect(because).toBe(switches.resubscribe ? 'resubscribe' : 'unsubscribed');
      else expect(because).toBe(never ? 'never_subscribed' : 'already_subscribed');
    }
  });

  test('C2: a manually suppressed profile still reads SUBSCRIBED, and is never touched', () => {
    const on = { subscribe: true, resubscribe: true };
    expect(decideSubscribe(on, facts({ subscription: state('SUBSCRIBED', 'USER_SUPPRESSED') }))).toEqual({
      subscribe: false,
      because: 'suppressed',
    });
  });

  test('C2: who unsubscribed from the rule’s list alone counts as unsubscribed there', () => {
    const subscription = {
      ...state('SUBSCRIBED'),
      listSuppressions: [{ listId: 'L1', reason: 'UNSUBSCRIBE' }],
    };
    expect(decideSubscribe({ subscribe: true, resubscribe: false }, facts({ subscription })).because).toBe(
      'unsubscribed_from_list',
    );
    expect(
      decideSubscribe({ subscribe: true, resubscribe: false }, facts({ subscription, listId: 'L2' })).because,
    ).toBe('already_subscribed');
  });
});

const memory = (more: Partial<ConsentMemory>): ConsentMemory => ({ ...noMemory, ...more });
const on = { subscribe: true, resubscribe: true };

describe('C5: an unsubscribe that is fresher than the entry is the last word', () => {
  test('resubscribing happens once, when the person enters', () => {
    const subscription = state('UNSUBSCRIBED', 'UNSUBSCRIBE');
    expect(decideSubscribe(on, facts({ subscription })).subscribe).toBe(true);
    expect(decideSubscribe(on, facts({ subscription, memory: memory({ enteredAt: now }) }))).toEqual({
      subscribe: false,
      because: 'unsubscribed_since_entering',
    });
  });

  test('C6: an unsubscribe outlives the profile: one that comes back never asked is not subscribed', () => {
    const back = facts({ subscription: state('NEVER_SUBSCRIBED'), memory: memory({ unsubscribed: true }) });
    expect(decideSubscribe({ subscribe: true, resubscribe: false }, back)).toEqual({
      subscribe: false,
      because: 'unsubscribed',
    });
    const gone = facts({ subscription: null, memory: memory({ unsubscribed: true }) });
    expect(decideSubscribe({ subscribe: true, resubscribe: false }, gone).subscribe).toBe(false);
    expect(decideSubscribe(on, back)).toEqual({ subscribe: true, because: 'resubscribe' });
  });

  test('who was asked on a double opt-in list is not asked again; a lost request on another list is', () => {
    const asked = memory({ askedAt: '2026-11-01T10:00:00.000Z', askedList: 'L1' });
    const subscription = state('NEVER_SUBSCRIBED');
    const ask = (optIn: ConsentFacts['optIn'], more: Partial<ConsentMemory> = {}) =>
      decideSubscribe(on, facts({ subscription, optIn, memory: { ...asked, ...more } }));
    expect(ask('double_opt_in').because).toBe('waiting_for_confirmation');
    expect(ask('unknown').because).toBe('waiting_for_confirmation');
    expect(ask('single_opt_in').subscribe).toBe(true);
    expect(ask('single_opt_in', { askedAt: '2026-11-01T11:59:00.000Z' }).because).toBe('asked_already');
  });
});

describe('C6: opt-outs cross, opt-ins never do', () => {
  test('an opt-out in HubSpot keeps everybody from being subscribed, whatever the switches say', () => {
    for (const subscription of [null, ...states]) {
      for (const resubscribe of [true, false]) {
        const decision = decideSubscribe(
          { subscribe: true, resubscribe },
          facts({ subscription, hubspotOptedOut: true }),
        );
        expect(decision.subscribe).toBe(false);
      }
    }
  });

  test('an opt-out of a merged record keeps the survivor from being subscribed', () => {
    for (const subscription of [null, ...states])
      expect(decideSubscribe(on, facts({ subscription, mergedOptOut: true })).subscribe).toBe(false);
  });

  test.each([
    ['off', null, null],
    ['to_hubspot', 'hubspot', null],
    ['to_klaviyo', null, 'klaviyo'],
    ['both', 'hubspot', 'klaviyo'],
  ] as const)('carryOptOuts %s', (carry, ofKlaviyo, ofHubspot) => {
    const subscribed = state('SUBSCRIBED');
    const optOut = (hubspotOptedOut: boolean, subscription: Subscription) =>
      decideOptOut(carry, { hubspotOptedOut, subscription, seen: [] }).to;
    expect(optOut(false, state('UNSUBSCRIBED', 'UNSUBSCRIBE'))).toBe(ofKlaviyo);
    expect(optOut(false, state('UNSUBSCRIBED', 'SPAM_COMPLAINT'))).toBe(ofKlaviyo);
    expect(optOut(true, subscribed)).toBe(ofHubspot);
    expect(optOut(false, subscribed)).toBe(null);
    // A bounce and what the staff did are no opt-outs of the person.
    expect(optOut(false, state('SUBSCRIBED', 'HARD_BOUNCE', 'USER_SUPPRESSED'))).toBe(null);
  });

  test('an opt-out is carried once: who opts in again on the other side is not opted out by the old one', () => {
    const first = decideOptOut('both', { hubspotOptedOut: false, subscription: state('UNSUBSCRIBED'), seen: [] });
    expect(first).toEqual({ to: 'hubspot', because: 'opted_out_in_klaviyo', seen: ['klaviyo'] });
    const later = { hubspotOptedOut: false, subscription: state('UNSUBSCRIBED'), seen: first.seen };
    expect(decideOptOut('both', later)).toEqual({ to: null, because: 'nothing_new', seen: ['klaviyo'] });
    const back = decideOptOut('both', { hubspotOptedOut: false, subscription: state('SUBSCRIBED'), seen: first.seen });
    expect(back.seen).toEqual([]);
  });

  test('what is not carried stays new, for the day it is', () => {
    const known = { hubspotOptedOut: false, subscription: state('UNSUBSCRIBED'), seen: [] as const };
    const { seen } = decideOptOut('to_klaviyo', known);
    expect(decideOptOut('both', { ...known, seen }).to).toBe('hubspot');
  });

  test('property: no decision ever turns an opt-out into consent', () => {
    const anyState = fc.constantFrom(...states);
    const anySides = fc.subarray(['hubspot', 'klaviyo'] as const);
    fc.assert(
      fc.property(
        anyState,
        fc.boolean(),
        anySides,
        fc.constantFrom('off', 'to_hubspot', 'to_klaviyo', 'both'),
        (subscription, out, seen, carry) => {
          const decision = decideOptOut(carry, { hubspotOptedOut: out, subscription, seen });
          // Only the side that is not out is told, and only of an opt-out that exists.
          if (decision.to === 'hubspot') expect(out).toBe(false);
          if (decision.to === 'klaviyo') expect(out).toBe(true);
          const subscribing = decideSubscribe(
            { subscribe: true, resubscribe: false },
            facts({ subscription, hubspotOptedOut: out }),
          );
          if (subscribing.subscribe) expect([out, subscription.consent]).toEqual([false, 'NEVER_SUBSCRIBED']);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('on merges the strictest memory stands: an opt-out is new unless both knew it, an entry is the later one', () => {
    expect(
      strictest([
        memory({ optedOut: ['klaviyo'], enteredAt: '2026-01-01T00:00:00.000Z' }),
        memory({ enteredAt: '2026-02-01T00:00:00.000Z', askedAt: now, askedList: 'L2' }),
      ]),
    ).toEqual({
      optedOut: [],
      unsubscribed: false,
      askedAt: now,
      askedList: 'L2',
      enteredAt: '2026-02-01T00:00:00.000Z',
    });
  });
});

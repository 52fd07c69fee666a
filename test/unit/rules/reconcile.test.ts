import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  afterRefusal,
  heldOn,
  reconcile,
  sameValue,
  withoutRefusal,
  type Base,
  type Canonical,
  type Decision,
  type FieldPolicy,
  type FieldValues,
} from '../../../server/rules/reconcile.js';

const filled: fc.Arbitrary<Canonical> = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '0', 'false'),
  fc.boolean(),
  fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { minLength: 1 }).map((items) => [...items].sort()),
);
const value: fc.Arbitrary<Canonical> = fc.oneof(fc.constant(null), filled);
const values: fc.Arbitrary<FieldValues> = fc.record({
  hubspot: value,
  klaviyo: value,
  base: fc.oneof(fc.constant(undefined), value),
});
const policy: fc.Arbitrary<FieldPolicy> = fc.record({
  direction: fc.constantFrom('both', 'to_klaviyo', 'to_hubspot'),
  winner: fc.constantFrom('hubspot', 'klaviyo'),
  emptyToo: fc.boolean(),
});

/** Both sides and the base after the decision has been carried out. */
function after(before: FieldValues, decision: Decision): FieldValues {
  if (decision.action === 'none') return { ...before, base: decision.base };
  return { ...before, [decision.to]: decision.value, base: decision.base };
}

const swapSide = { hubspot: 'klaviyo', klaviyo: 'hubspot' } as const;
const swapDirection = { both: 'both', to_klaviyo: 'to_hubspot', to_hubspot: 'to_klaviyo' } as const;

describe('D4: the three-way comparison', () => {
  const both: FieldPolicy = { direction: 'both', winner: 'hubspot', emptyToo: false };
  const rows: [string, FieldValues, FieldPolicy, Partial<Decision> & Record<string, unknown>][] = [
    [
      'equal on both sides becomes the base',
      { hubspot: 'a', klaviyo: 'a', base: 'b' },
      both,
      { action: 'none', because: 'agree', base: 'a' },
    ],
    [
      'only HubSpot changed: goes across',
      { hubspot: 'n', klaviyo: 'o', base: 'o' },
      both,
      { action: 'write', to: 'klaviyo', value: 'n', because: 'changed' },
    ],
    [
      'only Klaviyo changed: goes across',
      { hubspot: 'o', klaviyo: 'n', base: 'o' },
      both,
      { action: 'write', to: 'hubspot', value: 'n', because: 'changed' },
    ],
    [
      'both changed differently: the winner stands, the other is kept',
      { hubspot: 'h', klaviyo: 'k', base: 'o' },
      both,
      { to: 'klaviyo', value: 'h', because: 'both_changed_winner', overruled: 'k' },
    ],
    [
      'D3: the winner may be Klaviyo',
      { hubspot: 'h', klaviyo: 'k', base: 'o' },
      { ...both, winner: 'klaviyo' },
      { to: 'hubspot', value: 'k', overruled: 'h' },
    ],
    [
      'first contact, one side empty: filled',
      { hubspot: null, klaviyo: 'k', base: undefined },
      both,
      { to: 'hubspot', value: 'k', because: 'filled' },
    ],
    [
      'first contact, both filled: the winner',
      { hubspot: 'h', klaviyo: 'k', base: undefined },
      both,
      { to: 'klaviyo', value: 'h', because: 'first_contact_winner', overruled: 'k' },
    ],
    [
      'D6: emptied, not carried by default',
      { hubspot: null, klaviyo: 'o', base: 'o' },
      both,
      { action: 'none', because: 'emptying_not_carried', base: 'o' },
    ],
    [
      'D6: emptied, carried when the mapping says so',
      { hubspot: null, klaviyo: 'o', base: 'o' },
      { ...both, emptyToo: true },
      { to: 'klaviyo', value: null, because: 'emptied', base: null },
    ],
    [
      'an empty winner does not erase a fresh value',
      { hubspot: null, klaviyo: 'n', base: 'o' },
      both,
      { to: 'hubspot', value: 'n' },
    ],
    [
      'one-way: the source is put back',
      { hubspot: 'o', klaviyo: 'k', base: 'o' },
      { ...both, direction: 'to_klaviyo' },
      { to: 'klaviyo', value: 'o', because: 'source_holds', overruled: 'k' },
    ],
    [
      'one-way: a value that only the destination ever had is left alone',
      { hubspot: null, klaviyo: 'k', base: undefined },
      { ...both, direction: 'to_klaviyo', emptyToo: true },
      { action: 'none', because: 'source_empty' },
    ],
    [
      'one-way to HubSpot never writes Klaviyo',
      { hubspot: 'n', klaviyo: null, base: undefined },
      { ...both, direction: 'to_hubspot' },
      { action: 'none', because: 'source_empty' },
    ],
  ];
  test.each(rows)('%s', (_name, given, how, expected) => {
    expect(reconcile(given, how)).toMatchObject(expected);
  });
});

describe('properties of the comparison', () => {
  test('D5: idempotent: once carried out, nothing is left to do', () => {
    fc.assert(
      fc.property(values, policy, (given, how) => {
        const settled = after(given, reconcile(given, how));
        const again = reconcile(settled, how);
        expect(again.action).toBe('none');
        expect(after(settled, again)).toEqual(settled);
      }),
      { numRuns: 2000 },
    );
  });

  test('converges in one pass: both sides agree afterwards unless an empty side is not carried', () => {
    fc.assert(
      fc.property(values, policy, (given, how) => {
        const settled = after(given, reconcile(given, how));
        const agree = sameValue(settled.hubspot, settled.klaviyo);
        expect(agree || settled.hubspot === null || settled.klaviyo === null).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('symmetric under exchange of sides and winner', () => {
    fc.assert(
      fc.property(values, policy, (given, how) => {
        const decision = reconcile(given, how);
        const mirrored = reconcile(
          { hubspot: given.klaviyo, klaviyo: given.hubspot, base: given.base },
          { ...how, winner: swapSide[how.winner], direction: swapDirection[how.direction] },
        );
        expect(mirrored).toEqual(decision.action === 'none' ? decision : { ...decision, to: swapSide[decision.to] });
      }),
      { numRuns: 2000 },
    );
  });

  test('never invents a value: what is written stood on the other side', () => {
    fc.assert(
      fc.property(values, policy, (given, how) => {
        const decision = reconcile(given, how);
        if (decision.action === 'write') expect(decision.value).toEqual(given[swapSide[decision.to]]);
      }),
      { numRuns: 2000 },
    );
  });

  test('D6: empties only where the mapping allows it and something had been agreed on', () => {
    fc.assert(
      fc.property(values, policy, (given, how) => {
        const decision = reconcile(given, how);
        if (decision.action === 'write' && decision.value === null) {
          expect(how.emptyToo).toBe(true);
          expect(given.base ?? null).not.toBeNull();
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('D1: a one-way field never writes its source', () => {
    fc.assert(
      fc.property(values, policy, (given, how) => {
        const decision = reconcile(given, how);
        if (decision.action === 'write' && how.direction !== 'both') expect(`to_${decision.to}`).toBe(how.direction);
      }),
      { numRuns: 2000 },
    );
  });

  test('D4: every overruled value is kept', () => {
    fc.assert(
      fc.property(values, policy, (given, how) => {
        const decision = reconcile(given, how);
        if (decision.action !== 'write') return;
        const lost = given[decision.to];
        const known = lost === null || sameValue(lost, heldOn(decision.to, given.base));
        // What the destination alone had is overruled; what both had agreed on is in the history already.
        if (!known) expect(decision.overruled).toEqual(lost);
      }),
      { numRuns: 2000 },
    );
  });

  test('F6: values that an undo put apart stay apart until a side is edited, and then only the edit goes across', () => {
    fc.assert(
      fc.property(value, value, filled, policy, (hubspot, klaviyo, edit, how) => {
        fc.pre(!sameValue(hubspot, klaviyo) && !sameValue(edit, hubspot) && !sameValue(edit, klaviyo));
        const base = { hubspot, klaviyo };
        expect(reconcile({ hubspot, klaviyo, base }, how)).toEqual({
          action: 'none',
          because: 'left_apart',
          base: undefined,
        });
        for (const side of ['hubspot', 'klaviyo'] as const) {
          const decision = reconcile({ hubspot, klaviyo, base, [side]: edit }, how);
          const goesAcross = how.direction === 'both' || how.direction !== `to_${side}`;
          if (goesAcross) expect(decision).toMatchObject({ action: 'write', to: swapSide[side], value: edit });
          else expect(decision).toMatchObject({ action: 'none', because: 'left_apart' });
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('F5: a write that a vendor refused rests until a side is edited or somebody retries, and then goes as before', () => {
    const settled: fc.Arbitrary<Base | undefined> = fc.oneof(
      fc.constant(undefined),
      value,
      fc.record({ hubspot: value, klaviyo: value }),
    );
    fc.assert(
      fc.property(value, value, settled, value, policy, (hubspot, klaviyo, before, edit, how) => {
        const given = { hubspot, klaviyo, base: before };
        const decision = reconcile(given, how);
        fc.pre(decision.action === 'write');
        const by = decision.action === 'write' ? decision.to : 'klaviyo';
        const refused = afterRefusal(before, { hubspot, klaviyo }, by, 'code');
        expect(reconcile({ ...given, base: refused }, how)).toEqual({
          action: 'none',
          because: 'refused',
          base: undefined,
        });
        expect([heldOn('hubspot', refused), heldOn('klaviyo', refused)]).toEqual([hubspot, klaviyo]);
        // Retried, or edited on a side: as if nothing had been refused.
        expect(withoutRefusal(refused)).toEqual(before);
        for (const side of ['hubspot', 'klaviyo'] as const) {
          if (sameValue(edit, given[side])) continue;
          const edited = { ...given, [side]: edit };
          expect(reconcile({ ...edited, base: refused }, how)).toEqual(reconcile(edited, how));
          // Refused again with the new value: what was agreed on before either is kept.
          expect(withoutRefusal(afterRefusal(refused, edited, by, 'code'))).toEqual(before);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('one edit on one side after agreement always arrives on the other', () => {
    fc.assert(
      fc.property(
        value,
        filled,
        fc.constantFrom('hubspot' as const, 'klaviyo' as const),
        policy,
        (agreed, edit, side, how) => {
          fc.pre(!sameValue(agreed, edit));
          fc.pre(how.direction === 'both' || how.direction !== `to_${side}`);
          const given = { hubspot: agreed, klaviyo: agreed, base: agreed, [side]: edit };
          expect(reconcile(given, how)).toMatchObject({ action: 'write', to: swapSide[side], value: edit });
        },
      ),
      { numRuns: 2000 },
    );
  });
});

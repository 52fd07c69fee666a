import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SweptProfiles } from '../../../server/contacts/swept-profiles.js';
import type { KlaviyoProfile } from '../../../server/vendors/klaviyo/types.js';

const profile = (id: string, version = 0): KlaviyoProfile => ({
  id,
  email: null,
  phoneNumber: null,
  attributes: { version },
  properties: {},
  created: '',
  updated: '',
});

test('what a page brought is given out once, and only while it is fresh', () => {
  let now = 0;
  const swept = new SweptProfiles(() => now);
  swept.keep(swept.asking('a'), [profile('1'), profile('2'), profile('3')]);
  expect(swept.take('b', ['1'])).toEqual([]);
  expect(swept.take('a', ['1', '9'])).toEqual([profile('1')]);
  expect(swept.take('a', ['1'])).toEqual([]);
  now = 2000;
  expect(swept.take('a', ['2'])).toEqual([profile('2')]);
  now = 2001;
  expect(swept.take('a', ['3'])).toEqual([]);
});

test('after another process had the drain nothing is given out', () => {
  const swept = new SweptProfiles(() => 0);
  swept.turn('a', '7');
  const asked = swept.asking('a');
  swept.keep(asked, [profile('1')]);
  swept.turn('a', '8');
  swept.keep(asked, [profile('2')]);
  expect(swept.take('a', ['1', '2'])).toEqual([profile('1'), profile('2')]);
  swept.keep(asked, [profile('1')]);
  swept.turn('a', '10');
  swept.keep(asked, [profile('2')]);
  expect(swept.take('a', ['1', '2'])).toEqual([]);
});

/** `id`: whom a write is about; `others`: how many turns other processes had before a turn of ours. */
interface Step {
  does: 'ask' | 'answer' | 'write' | 'turn';
  account: number;
  id: number;
  others: number;
}

test('D5: what is given out is never older than our last write to the profile', () => {
  const step: fc.Arbitrary<Step> = fc.record({
    does: fc.constantFrom('ask', 'answer', 'write', 'turn'),
    account: fc.nat(1),
    id: fc.nat(2),
    others: fc.nat(1),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const swept = new SweptProfiles(() => 0);
      /** Writes to each profile so far, by any process. */
      const versions = new Map<string, number>();
      const version = (account: number, id: number): number => versions.get(`${account} ${id}`) ?? 0;
      const write = (account: number, id: number): void =>
        void versions.set(`${account} ${id}`, version(account, id) + 1);
      const tokens = [0, 0];
      // A page is as old as the moment it is asked for, at worst.
      const pages: { asked: ReturnType<SweptProfiles['asking']>; account: number; page: KlaviyoProfile[] }[] = [];
      for (const one of steps) {
        if (one.does === 'ask')
          pages.push({
            asked: swept.asking(String(one.account)),
            account: one.account,
            page: [0, 1, 2].map((id) => profile(String(id), version(one.account, id))),
          });
        else if (one.does === 'answer') {
          const { asked, page } = pages.shift() ?? {};
          if (asked !== undefined && page !== undefined) swept.keep(asked, page);
        } else if (one.does === 'write') {
          write(one.account, one.id);
          swept.written(String(one.account), [String(one.id)]);
        } else {
          // Others write during their turns only, and those end before ours begins.
          for (let n = 0; n < one.others; n += 1) for (const id of [0, 1, 2]) write(one.account, id);
          tokens[one.account] = (tokens[one.account] ?? 0) + one.others + 1;
          swept.turn(String(one.account), String(tokens[one.account]));
        }
        // Within a turn of ours: whatever is given out is as it is now.
        if (one.does === 'ask') continue;
        for (const id of [0, 1, 2])
          for (const { attributes } of swept.take(String(one.account), [String(id)]))
            expect(attributes['version']).toBe(version(one.account, id));
      }
    }),
    { numRuns: 2000 },
  );
});

import { expect, test } from '@jest/globals';
import { isReady, ReadyPeople, type AllRead } from '../../../server/contacts/work-ahead.js';
import type { PersonPlan } from '../../../server/rules/plan-person.js';

const plan = (hubspot: boolean, klaviyo: boolean, more: object = {}): PersonPlan =>
  ({
    person: { hubspot: hubspot ? { id: 'h' } : null, klaviyo: klaviyo ? { id: 'k' } : null },
    ending: null,
    issues: [],
    standings: [{ state: 'in_sync' }],
    klaviyo: null,
    ...more,
  }) as unknown as PersonPlan;
const numbered = { klaviyo: { attributes: { phone_number: '+4930123456' } } };
const read = (contacts: boolean, profiles: boolean): AllRead => ({ contacts, profiles });

test.each<[string, PersonPlan, AllRead, boolean]>([
  ['both records are there', plan(true, true), read(false, false), true],
  ['a contact alone, while profiles are read', plan(true, false), read(true, false), false],
  ['a contact alone, when all profiles are', plan(true, false), read(false, true), true],
  ['a profile alone, while contacts are read', plan(false, true), read(false, true), false],
  ['a profile alone, when all contacts are', plan(false, true), read(true, false), true],
  ['a number, while profiles are read', plan(true, true, numbered), read(true, false), false],
  ['a number, when all profiles are', plan(true, true, numbered), read(false, true), true],
  ['somebody who is skipped', plan(true, true, { standings: [{ state: 'skipped' }] }), read(true, true), false],
  ['a pair that ends', plan(true, true, { ending: 'deleted_in_hubspot' }), read(true, true), false],
  ['somebody with an issue', plan(true, true, { issues: [{}] }), read(true, true), false],
  ['somebody who waits', plan(true, true, { waits: 'The run counts.' }), read(true, true), false],
])('F3: whether somebody can be worked on before their turn: %s', (_what, one, of, ready) => {
  expect(isReady(one, of)).toBe(ready);
});

test('F3: people who are ready go in full batches of a kind, each once', () => {
  const ids = (prefix: string, from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_one, n) => `${prefix}${from + n}`);
  const ready = new ReadyPeople(2000);
  ready.add({ contacts: ids('h', 0, 1500), profiles: ids('k', 0, 1999) });
  expect(ready.take()).toBeNull();
  // Found twice: as the page brought them, and by looking through those of before.
  ready.add({ contacts: ids('h', 1000, 2100), profiles: ['k0'] });
  expect(ready.take()).toEqual({ contacts: ids('h', 0, 2000), profiles: [] });
  expect(ready.take()).toBeNull();
  ready.add({ contacts: [], profiles: ['k1999'] });
  expect(ready.take()).toEqual({ contacts: [], profiles: ids('k', 0, 2000) });
});

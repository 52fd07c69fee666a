import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LeaseLost } from '../../../server/store/lease.js';
import { openEverybody, type Everybody } from '../../helpers/everybody.js';
import { until } from '../../helpers/service.js';

let world: Everybody;
beforeEach(async () => {
  world = await openEverybody();
}, 60_000);
afterEach(() => world.close());

const created = async (side: 'hubspot' | 'klaviyo'): Promise<{ email: string; n: number }[]> =>
  world.database.db.query(
    `select email, count(*)::int as n from history where action = 'create' and side = $1 and outcome = 'done' group by email`,
    [side],
  );
const run = async (): Promise<{ state: string; counts: Record<string, number> }> => {
  const [row] = await world.database.db.query<{ state: string; counts: Record<string, number> }>(
    'select state, counts from run',
  );
  return row!;
};
const pairs = async (): Promise<number> => (await world.database.db.query('select from link')).length;

/** Many more profiles than contacts: HubSpot is read long before Klaviyo. */
function moreProfiles(): void {
  for (let n = 0; n < 300; n += 1) world.contact(`both${n}@example.org`, { firstname: `B${n}` });
  world.portal.addEmail(world.contact('first@example.org'), 'k4000@example.org');
  for (let n = 0; n < 300; n += 1) world.profile(`both${n}@example.org`);
  for (let n = 0; n < 6000; n += 1) world.profile(`k${n}@example.org`, { first_name: `K${n}` });
}

/** Profiles are through before the contacts, of whom most are read by then. */
function moreContacts(): void {
  for (let n = 0; n < 400; n += 1) world.profile(`both${n}@example.org`);
  for (let n = 0; n < 4200; n += 1) world.profile(`k${n}@example.org`);
  for (let n = 0; n < 400; n += 1) world.contact(`both${n}@example.org`, { firstname: `B${n}` });
  for (let n = 0; n < 6500; n += 1) world.contact(`h${n}@example.org`, { firstname: `H${n}` });
}

test('F3: profiles that no contact has are created while Klaviyo is still read, once HubSpot is', async () => {
  moreProfiles();
  const { contacts } = world.portal;
  const before = contacts.size;
  await world.readBothSides();
  // Two batches of those read since, one of those before, more where reading takes longer; another holds one of the addresses.
  expect(contacts.size - before).toBeGreaterThanOrEqual(1999);
  expect(contacts.size - before).toBeLessThan(6000);
  await world.goOn();

  expect(contacts.size).toBe(before + 5999);
  expect(world.contactOf('k4000@example.org')).toBeUndefined();
  expect(world.contactOf('k5999@example.org')?.properties['firstname']).toBe('K5999');
  const made = await created('hubspot');
  expect([made.length, made.filter(({ n }) => n > 1)]).toEqual([5999, []]);
  expect(await run()).toMatchObject({ state: 'finished', counts: { createdInHubspot: 5999 } });
  // Full batches: those ahead and those in their turn each end with one that is not.
  expect(world.count('contacts.batchCreate')).toBeLessThanOrEqual(66);
}, 60_000);

test('F3: contacts without a profile get theirs while HubSpot is still read, once Klaviyo is; numbers keep their holders', async () => {
  moreContacts();
  const { profiles } = world.account;
  const held = '+493012345678';
  world.profile('holder@example.org', { phone_number: held });
  // Ahead all profiles are known, so a number can be given; one that somebody has is left out.
  world.contact('taker@example.org', { firstname: 'Taker', phone: held });
  world.contact('numbered@example.org', { phone: '+49 30 12345679' });
  const before = profiles.size;
  await world.readBothSides();
  expect(profiles.size - before).toBeGreaterThanOrEqual(1500);
  expect(profiles.size - before).toBeLessThan(6502);
  await world.goOn();

  expect(profiles.size).toBe(before + 6502);
  const made = await created('klaviyo');
  expect([made.length, made.filter(({ n }) => n > 1)]).toEqual([6502, []]);
  expect(world.profileOf('both399@example.org')?.first_name).toBe('B399');
  expect(world.profileOf('h6499@example.org')?.first_name).toBe('H6499');
  expect(world.profileOf('numbered@example.org')?.phone_number).toBe('+493012345679');
  expect(world.profileOf('taker@example.org')).toMatchObject({ first_name: 'Taker', phone_number: null });
  expect(world.profileOf('holder@example.org')?.phone_number).toBe(held);
  expect(await run()).toMatchObject({ state: 'finished', counts: { createdInKlaviyo: 6502 } });
}, 60_000);

test('F4: whom Klaviyo refuses ahead is not tried again in their turn, and counts once', async () => {
  // Refused by Klaviyo, whose addresses have no empty label.
  world.contact('refused@.example.org', { firstname: 'Refused' });
  moreContacts();
  await world.readBothSides();
  const issues = () => world.database.db.query(`select code from issue where email = 'refused@.example.org'`);
  expect(await issues()).toHaveLength(1);
  world.klaviyo.calls.reset();
  await world.goOn();

  expect(await issues()).toHaveLength(1);
  expect(world.count('imports.errors')).toBe(0);
  expect(await run()).toMatchObject({ state: 'finished', counts: { failed: 1 } });
}, 60_000);

test('G1: a process that loses its lease ahead leaves nobody out, and creates nobody twice', async () => {
  moreProfiles();
  const { contacts } = world.portal;
  const before = contacts.size;
  // Another process has the lease by the time HubSpot has created them: nobody writes down that it did.
  let taken: Promise<unknown> | undefined;
  const mayWrite = (): void => {
    taken ??= world.database.db.query('update lease set token = token + 1');
  };
  await expect(world.readBothSides(mayWrite)).rejects.toThrow(LeaseLost);
  await taken;
  await world.database.db.query('delete from lease');
  // What the process sent before it gave up arrives: a whole batch.
  await until('the batch to arrive', () => (contacts.size - before < 1999 ? null : true));
  expect(await pairs()).toBeLessThan(1000);
  await world.goOn();

  expect(contacts.size).toBe(before + 5999);
  expect(await pairs()).toBe(6300);
  expect((await run()).state).toBe('finished');
}, 60_000);

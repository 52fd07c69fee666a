import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { differences } from '../../sandbox/agreement.js';
import { makePeople } from '../../sandbox/seed/people.js';
import { contactTables, onlyAsPortal } from '../helpers/only-as-portal.js';
import { openWorld, settled, syncEverybody, until, type World } from '../helpers/service.js';

let world: World;
let connectionId = '';
beforeAll(async () => {
  world = await openWorld({ people: makePeople(300, 5) });
  // A1: everything about people is written behind row-level security.
  await onlyAsPortal(world.database, contactTables);
  connectionId = await syncEverybody(world);
}, 60_000);
afterAll(() => world.close());

const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;
/** Somebody who is on both sides, with a first name. */
const somebody = () => {
  for (const contact of portal().contacts.values()) {
    const [profile] = account().holder({ email: contact.properties['email'] });
    if (profile !== undefined && contact.properties['firstname'] !== undefined) return { contact, profile };
  }
  throw new Error('nobody');
};

test('B1, B4, D4: the initial sync brings both sides into agreement, nobody twice', () => {
  expect(differences(portal(), account())).toEqual([]);
});

test('F4: people are skipped with their reasons, and counted', async () => {
  const status = await settled(world, connectionId);
  const noEmail = [...portal().contacts.values()].filter((contact) => contact.properties['email'] === undefined).length;
  expect(status.skippedBy).toContainEqual(expect.objectContaining({ reason: 'no_email', count: noEmail }));
  expect(status.counts.inSync).toBeGreaterThan(200);
});

test('C1: contacts of the rule are on its list, and nobody was subscribed', () => {
  const list = account().lists.get('CstHub')!;
  const withEmail = [...portal().contacts.values()].flatMap((contact) =>
    account().holder({ email: contact.properties['email'] }),
  );
  expect(withEmail.every((profile) => list.members.has(profile.id))).toBe(true);
  expect(world.klaviyo.calls.summary().byOperation['subscriptions.subscribe']).toBeUndefined();
});

test('B10: a field changed in HubSpot arrives in Klaviyo within two seconds, by hint', async () => {
  const { contact, profile } = somebody();
  const started = Date.now();
  portal().update('contacts', contact, { firstname: 'Hinted' }, 'CRM_UI');
  await until('the name in Klaviyo', () => (profile.first_name === 'Hinted' ? true : null));
  expect(Date.now() - started).toBeLessThan(2000);
});

test('B10: a field changed in Klaviyo arrives in HubSpot by sweep, and nothing is written back (D5)', async () => {
  const { contact, profile } = somebody();
  profile.first_name = 'Swept';
  account().touch(profile);
  // Klaviyo does not answer for the last five seconds, and watermarks stay behind: seconds, not minutes.
  await until('the name in HubSpot', () => (contact.properties['firstname'] === 'Swept' ? true : null));
  expect(profile.first_name).toBe('Swept');
});

test('D5: after quiescence ten sweeps write nothing', async () => {
  await settled(world, connectionId);
  const searches = (): number => world.hubspot.calls.summary().byOperation['contacts.search']?.count ?? 0;
  // Our own last writes are looked at once more by the sweeps that follow them.
  const before = searches();
  await until('sweeps over our own writes', () => (searches() >= before + 3 ? true : null), 40_000);
  await settled(world, connectionId);
  world.hubspot.calls.reset();
  world.klaviyo.calls.reset();
  await until('ten sweeps', () => (searches() >= 10 ? true : null), 40_000);
  expect(world.hubspot.calls.summary().writes).toBe(0);
  expect(world.klaviyo.calls.summary().writes).toBe(0);
}, 90_000);

test('F6: history says what was written where, with old and new value and the reason', async () => {
  const { contact } = somebody();
  const answer = await world.call('GET', `/history?contactId=${contact.id}`);
  const rows = (
    answer.json as {
      results: { side: string; field: string; oldValue: string; newValue: string; because: string; outcome: string }[];
    }
  ).results;
  expect(rows).toContainEqual(
    expect.objectContaining({
      side: 'hubspot',
      field: 'firstname',
      newValue: 'Swept',
      because: 'It changed in Klaviyo.',
      outcome: 'done',
    }),
  );
});

test('F7: the contact’s card says that it is in sync', async () => {
  const { contact, profile } = somebody();
  await until('the card to be in sync', async () => {
    const card = (await world.call('GET', `/contacts/${contact.id}`)).json as {
      sync: { state: string; klaviyoUrl: string };
    };
    return card.sync.state === 'in_sync' && card.sync.klaviyoUrl.endsWith(profile.id) ? true : null;
  });
});

test('F8: each contact counts once this month', async () => {
  const { usage } = (await world.call('GET', '/account')).json as { usage: { uniqueContacts: number } };
  const status = await settled(world, connectionId);
  expect(usage.uniqueContacts).toBeGreaterThanOrEqual(status.counts.inSync);
  expect(usage.uniqueContacts).toBeLessThanOrEqual(status.counts.inSync + status.counts.failed);
});

test('A4: neither keys nor addresses are in the log', () => {
  expect(world.output()).not.toMatch(/pk_sandbox_TANDM1|access-41|refresh-|@example/);
});

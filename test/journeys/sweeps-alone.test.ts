import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import { openWorld, syncEverybody, until, type World } from '../helpers/service.js';

/** No webhook is ever delivered here: sweeps alone find everything, within their period and five seconds. */
const pollSeconds = 2;
let world: World;
beforeAll(async () => {
  world = await openWorld({
    people: makePeople(40, 12),
    webhooks: false,
    environment: { POLL_SECONDS: String(pollSeconds) },
  });
  await syncEverybody(world);
}, 60_000);
afterAll(() => world.close());

const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;

async function within(what: string, ask: () => true | null): Promise<void> {
  const started = Date.now();
  await until(what, ask, 30_000);
  expect(Date.now() - started).toBeLessThan((pollSeconds + 5) * 1000);
}

test('B10: a field changed in HubSpot', async () => {
  const contact = [...portal().contacts.values()].find((one) => one.properties['email'] !== undefined)!;
  portal().update('contacts', contact, { firstname: 'Swept' }, 'CRM_UI');
  await within('the name in Klaviyo', () =>
    account().holder({ email: contact.properties['email'] })[0]?.first_name === 'Swept' ? true : null,
  );
});

test('B10: a new contact', async () => {
  portal().create('contacts', { email: 'newcomer@example.com', lastname: 'Newcomer' }, 'CRM_UI');
  await within('the profile', () => (account().holder({ email: 'newcomer@example.com' }).length > 0 ? true : null));
});

test('B10: a field changed in Klaviyo', async () => {
  const [profile] = account().holder({ email: 'newcomer@example.com' });
  profile!.last_name = 'Settled';
  account().touch(profile!);
  const contact = portal().contacts.get(portal().emails.get('newcomer@example.com') ?? '')!;
  await within('the name in HubSpot', () => (contact.properties['lastname'] === 'Settled' ? true : null));
});

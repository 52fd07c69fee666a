import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import { connectKlaviyo, openWorld, syncEverybody, until, type World } from '../helpers/service.js';

let world: World;
let connectionId = '';
beforeAll(async () => {
  world = await openWorld({ people: makePeople(30, 15) });
  connectionId = await syncEverybody(world);
}, 60_000);
afterAll(() => world.close());

const key = 'pk_sandbox_TANDM1';
const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;
const denied = (): number =>
  Object.values(world.klaviyo.calls.summary().byOperation).reduce(
    (sum, { statuses }) => sum + (statuses['403'] ?? 0),
    0,
  );
const issues = async (): Promise<{ code: string; detail: string; fix: string }[]> =>
  ((await world.call('GET', `/issues?connectionId=${connectionId}`)).json as { results: never[] }).results;

test('a permission taken away: the connection says which, and the vendor is not asked again and again', async () => {
  const scopes = ['accounts:read', 'profiles:read', 'lists:read', 'lists:write', 'segments:read'];
  account().keys.set(key, scopes);
  const contact = [...portal().contacts.values()].find((one) => one.properties['email'] !== undefined)!;
  portal().update('contacts', contact, { firstname: 'Denied' }, 'CRM_UI');
  const issue = await until(
    'the issue',
    async () => (await issues()).find(({ code }) => code === 'missing_scope') ?? null,
  );
  expect(issue.detail).toContain('profiles:write');
  expect(issue.fix).toMatch(/[Cc]onnect/);
  const before = denied();
  // Later hints have their turn (their events are unpacked) and ask nothing.
  portal().update('contacts', contact, { city: 'Later' }, 'CRM_UI');
  await until('the hint to be unpacked', async () => {
    const rows = await world.database.db.query<{ cause: string }>(
      `select cause from change where record_id = $1 and generation > 1`,
      [contact.id],
    );
    return rows.length > 0 ? true : null;
  });
  expect(denied()).toBeLessThanOrEqual(before + 1);

  account().keys.set(key, null);
  await connectKlaviyo(world);
  await until('the change to arrive', () =>
    account().holder({ email: contact.properties['email'] })[0]?.first_name === 'Denied' ? true : null,
  );
  await until('the issue to be gone', async () =>
    (await issues()).some(({ code }) => code === 'missing_scope') ? null : true,
  );
});

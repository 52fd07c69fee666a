import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import { activateConnection, draftConnection, openWorld, settled, until, type World } from '../helpers/service.js';

let world: World;
let connectionId = '';
const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;
const linked = async (): Promise<string[]> =>
  (await world.database.db.query<{ email: string }>('select email from link order by email')).map(({ email }) => email);
const runs = async (): Promise<{ kind: string }[]> =>
  ((await world.call('GET', `/connections/${connectionId}/runs`)).json as { results: { kind: string }[] }).results;

beforeAll(async () => {
  world = await openWorld({ people: makePeople(150, 31) });
  connectionId = await draftConnection(world, { options: { limit: 20 } });
}, 60_000);
afterAll(() => world.close());

let first: string[] = [];

test('F9: a limited connection syncs N people and writes nothing to others', async () => {
  const before = { contacts: portal().contacts.size, profiles: account().profiles.size };
  await activateConnection(world, connectionId);
  const status = await settled(world, connectionId);
  first = await linked();
  expect(first).toHaveLength(20);
  expect(status.counts.inSync + status.counts.failed).toBe(20);
  expect(status.skippedBy.find(({ reason }) => reason === 'beyond_limit')?.count).toBeGreaterThan(80);
  const created = portal().contacts.size - before.contacts + account().profiles.size - before.profiles;
  expect(created).toBeLessThanOrEqual(20);
  const touched = await world.database.db.query<{ email: string }>('select distinct email from history');
  expect(touched.every(({ email }) => first.includes(email))).toBe(true);
});

test('F9: a newcomer waits while there is no room', async () => {
  portal().create('contacts', { email: 'late@example.org' }, 'CRM_UI');
  await until('the newcomer to be looked at', async () =>
    (
      await world.database.db.query(
        `select from standing where reason = 'beyond_limit' and side = 'hubspot' and record_id = $1`,
        [portal().emails.get('late@example.org')],
      )
    ).length === 1
      ? true
      : null,
  );
  expect(account().holder({ email: 'late@example.org' })).toEqual([]);
});

test('F9: widened, the connection goes on by itself with the same people and more, without another initial run', async () => {
  expect((await world.call('PATCH', `/connections/${connectionId}`, { options: { limit: 50 } })).status).toBe(200);
  await until('fifty', async () => ((await linked()).length === 50 ? true : null));
  await settled(world, connectionId);
  const now = await linked();
  expect(now).toHaveLength(50);
  expect(first.every((email) => now.includes(email))).toBe(true);
  expect((await runs()).filter(({ kind }) => kind === 'initial')).toHaveLength(1);
});

test('F9: without the limit everybody follows', async () => {
  expect((await world.call('PATCH', `/connections/${connectionId}`, { options: { limit: null } })).status).toBe(200);
  await until('everybody', async () => ((await linked()).length > 120 ? true : null));
  const status = await settled(world, connectionId);
  expect(status.skippedBy.map(({ reason }) => reason)).not.toContain('beyond_limit');
  expect(account().holder({ email: 'late@example.org' })).toHaveLength(1);
});

test('rules edited while a run is under way: the run goes over everybody again under the new ones', async () => {
  const slow = { operation: 'contacts.list', kind: 'slow', delayMs: 1500 };
  await fetch(`${world.hubspot.url}/_sandbox/faults`, { method: 'POST', body: JSON.stringify(slow) });
  const members = account().lists.get('VipLst')!.members;
  expect(members.size).toBeLessThan(10);
  expect((await world.call('POST', `/connections/${connectionId}/sync`)).status).toBe(202);
  await until('the run to be under way', async () =>
    ((await world.call('GET', `/connections/${connectionId}/status`)).json as { run: { state: string } }).run.state ===
    'running'
      ? true
      : null,
  );
  const rules = {
    hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'VipLst' }],
    klaviyoToHubspot: [{ source: { all: true } }],
  };
  expect((await world.call('PATCH', `/connections/${connectionId}`, { rules })).status).toBe(200);
  await until('everybody on the new list', () => (members.size > 100 ? true : null));
  await settled(world, connectionId);
  const missing = (await linked()).filter((email) => !members.has(account().holder({ email })[0]!.id));
  expect(missing).toEqual([]);
});

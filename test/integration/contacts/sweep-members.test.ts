import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { arrangeSweeps, sweep } from '../../../server/contacts/sweep.js';
import { openSteps, type StepWorld } from '../../helpers/sync-context.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

/** Lists larger than one period's share of the budget: 16,250 HubSpot members are 65 pages, 15,100 of Klaviyo's 151. */
let database: TestDatabase;
let hubspot: HubspotSandbox;
let klaviyo: KlaviyoSandbox;
let steps: StepWorld;
let nowMs = Date.now();
const portal = () => hubspot.portals.get(steps.portalId)!;
const noted = async (): Promise<string[]> => {
  const rows = await database.db.query<{ record_id: string }>('delete from change returning record_id');
  return rows.map((row) => row.record_id);
};
const run = (name: string): Promise<void> =>
  sweep(steps.ctx, steps.klaviyoAccountId, name, new AbortController().signal);
const calls = (sandbox: { calls: HubspotSandbox['calls'] }, operation: string): number =>
  sandbox.calls.summary().byOperation[operation]?.count ?? 0;

beforeAll(async () => {
  [database, hubspot, klaviyo] = await Promise.all([
    openTestDatabase(),
    startHubspot({ limits: false }),
    startKlaviyo({ limits: false }),
  ]);
  steps = await openSteps(
    database,
    hubspot,
    klaviyo,
    {
      direction: 'two_way',
      rules: {
        hubspotToKlaviyo: [{ source: { hubspotListIds: ['41'] }, klaviyoListId: 'CstHub' }],
        klaviyoToHubspot: [{ source: { klaviyoListIds: ['VipLst'] } }],
      },
      mappings: [],
      options: { limit: null, subscribe: false, carryOptOuts: 'off', unsubscribeOnExit: false },
    },
    () => new Date(nowMs),
  );
  const list = portal().lists.get('41')!;
  for (let n = 0; n < 16_250; n += 1)
    list.members.add(portal().create('contacts', { email: `member${n}@example.org` }, 'CRM_UI').id);
  const account = klaviyo.accounts.get('TANDM1')!;
  for (let n = 0; n < 15_100; n += 1) {
    const profile = account.create();
    account.lists.get('VipLst')!.members.set(profile.id, account.now() - 600_000);
  }
  await arrangeSweeps(steps.ctx, steps.portalId, steps.klaviyoAccountId);
}, 60_000);
afterAll(async () => {
  await Promise.all([hubspot.close(), klaviyo.close()]);
  await database.close();
});

test('B10: a large HubSpot list is gone round in slices; newcomers are found in between, leavers after the round', async () => {
  const list = portal().lists.get('41')!;
  await run('hubspot_list:41');
  expect(calls(hubspot, 'lists.joinOrder')).toBe(60);
  expect(await noted()).toHaveLength(15_000);
  await run('hubspot_list:41');
  expect(new Set(await noted()).size).toBe(1250);
  // The round is through; the next one rests, and a newcomer is found at once with a single call.
  const newcomer = portal().create('contacts', { email: 'newcomer@example.org' }, 'CRM_UI').id;
  list.members.add(newcomer);
  const before = calls(hubspot, 'lists.joinOrder');
  await run('hubspot_list:41');
  expect(await noted()).toEqual([newcomer]);
  expect(calls(hubspot, 'lists.joinOrder') - before).toBeLessThanOrEqual(2);
  // HubSpot counts one member less than known, although one joined as well: the round begins at once, and in haste.
  const [leaver = ''] = list.members;
  const another = portal().create('contacts', { email: 'another@example.org' }, 'CRM_UI').id;
  list.members.add(another);
  list.members.delete(leaver);
  await run('hubspot_list:41');
  expect((await noted()).sort()).toEqual([another, leaver].sort());
  expect(await database.db.query(`select from list_member where list_id = '41'`)).toHaveLength(16_251);
  // Nobody left: a while passes without a round, then there is one all the same.
  const quiet = calls(hubspot, 'lists.joinOrder');
  nowMs += 60_000;
  await run('hubspot_list:41');
  expect(calls(hubspot, 'lists.joinOrder') - quiet).toBe(1);
  nowMs += 60_000;
  await run('hubspot_list:41');
  expect(calls(hubspot, 'lists.joinOrder') - quiet).toBeGreaterThan(50);
  await run('hubspot_list:41');
  expect(await noted()).toEqual([]);
}, 60_000);

test('B10: a count of HubSpot’s that is wrong costs one round and is not listened to again', async () => {
  const before = calls(hubspot, 'lists.joinOrder');
  await database.db.query(
    `update sweep set position = position || jsonb_build_object('members', 20000, 'roundMs', $1::bigint) where name = 'hubspot_list:41'`,
    [nowMs],
  );
  await run('hubspot_list:41');
  const round = calls(hubspot, 'lists.joinOrder') - before;
  expect(round).toBeGreaterThan(60);
  await database.db.query(
    `update sweep set position = position || '{"members": 20000}' where name = 'hubspot_list:41'`,
  );
  await run('hubspot_list:41');
  expect(calls(hubspot, 'lists.joinOrder') - before - round).toBe(1);
  expect(await database.db.query(`select from list_member where list_id = '41'`)).toHaveLength(16_251);
}, 60_000);

test('B10: so is a large Klaviyo list, whose newcomers are asked for by the time they joined', async () => {
  // Klaviyo refuses to be asked for joins of the future.
  nowMs = Date.now();
  const account = klaviyo.accounts.get('TANDM1')!;
  const { members } = account.lists.get('VipLst')!;
  await run('klaviyo_list:VipLst');
  expect(await noted()).toHaveLength(15_000);
  await run('klaviyo_list:VipLst');
  expect(new Set(await noted()).size).toBe(100);
  const newcomer = account.create();
  const [leaver = ''] = members.keys();
  members.set(newcomer.id, account.now());
  members.delete(leaver);
  await run('klaviyo_list:VipLst');
  expect(await noted()).toEqual([newcomer.id]);
  nowMs += 5000;
  await run('klaviyo_list:VipLst');
  await run('klaviyo_list:VipLst');
  expect(await noted()).toEqual([leaver]);
}, 60_000);

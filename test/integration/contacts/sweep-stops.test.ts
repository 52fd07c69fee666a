import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { suppressPerson } from '../../../sandbox/klaviyo/consent.js';
import { arrangeSweeps, sweep } from '../../../server/contacts/sweep.js';
import { openSteps, type StepWorld } from '../../helpers/sync-context.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

// More of everything than one page carries.
const many = 510;
const numbers = Array.from({ length: many }, (_, n) => n);
let database: TestDatabase;
let hubspot: HubspotSandbox;
let klaviyo: KlaviyoSandbox;
let steps: StepWorld;
let contactIds: string[];
let profileIds: string[];

beforeAll(async () => {
  [database, hubspot, klaviyo] = await Promise.all([
    openTestDatabase(),
    startHubspot({ limits: false, searchLagMs: 0 }),
    startKlaviyo({ limits: false }),
  ]);
  steps = await openSteps(database, hubspot, klaviyo, {
    direction: 'two_way',
    rules: {
      hubspotToKlaviyo: [{ source: { hubspotListIds: ['41'] }, klaviyoListId: 'CstHub' }],
      klaviyoToHubspot: [{ source: { klaviyoListIds: ['VipLst'] } }],
    },
    mappings: [],
    options: { limit: null, subscribe: false, carryOptOuts: 'to_hubspot', unsubscribeOnExit: false },
  });
  const portal = hubspot.portals.get(steps.portalId)!;
  const account = klaviyo.accounts.get('TANDM1')!;
  contactIds = numbers.map((n) => portal.create('contacts', { email: `p${n}@example.org` }, 'CRM_UI').id);
  for (const id of contactIds) portal.lists.get('41')!.members.add(id);
  const profiles = numbers.map((n) => {
    const made = account.create();
    account.identify(made, { email: `k${n}@example.org` });
    account.touch(made);
    suppressPerson(account, made);
    account.lists.get('VipLst')!.members.set(made.id, account.now());
    return made;
  });
  profileIds = profiles.map(({ id }) => id);
  await arrangeSweeps(steps.ctx, steps.portalId, steps.klaviyoAccountId);
}, 60_000);
afterAll(async () => {
  await Promise.all([hubspot.close(), klaviyo.close()]);
  await database.close();
});

const noted = async (): Promise<string[]> => {
  const rows = await database.db.query<{ record_id: string }>('delete from change returning record_id');
  return rows.map((row) => row.record_id);
};

test.each([
  ['hubspot_contacts', () => contactIds],
  ['klaviyo_profiles', () => profileIds],
  ['klaviyo_consent', () => profileIds],
  ['hubspot_list:41', () => contactIds],
  ['klaviyo_list:VipLst', () => profileIds],
] as const)(
  'G2: %s: told to stop, a sweep ends behind its page, and the next one leaves nobody out',
  async (name, all) => {
    const { ctx, klaviyoAccountId } = steps;
    const asked = (): number => hubspot.calls.summary().total + klaviyo.calls.summary().total;
    const calls = asked();
    await sweep(ctx, klaviyoAccountId, name, AbortSignal.abort());
    expect(asked() - calls).toBeGreaterThan(0);
    const before = await noted();
    expect(before.length).toBeLessThan(many);
    await sweep(ctx, klaviyoAccountId, name, new AbortController().signal);
    const after = new Set([...before, ...(await noted())]);
    expect(all().filter((id) => !after.has(id))).toEqual([]);
  },
);

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

/** Sweeps that the connection of this test does not have by itself. */
const arrange = (name: string): Promise<unknown> =>
  database.db.query(
    'insert into sweep (klaviyo_account_id, portal_id, name) values ($1, $2, $3) on conflict do nothing',
    [steps.klaviyoAccountId, steps.portalId, name],
  );

test('G2: hubspot_companies: told to stop, a sweep ends behind its page, and the next one leaves nobody out', async () => {
  const { ctx, klaviyoAccountId } = steps;
  const portal = hubspot.portals.get(steps.portalId)!;
  for (const [n, id] of contactIds.entries()) {
    const company = portal.create('companies', { name: `C${id}` }, 'CRM_UI');
    // At times of their own: of one moment a search brings only whole ones.
    company.updatedAt -= (many - n) * 10;
    portal.companyOf.set(id, company.id);
  }
  await arrange('hubspot_companies');
  await noted();
  await sweep(ctx, klaviyoAccountId, 'hubspot_companies', AbortSignal.abort());
  const before = await noted();
  // The last of a page is left to the next one.
  expect(before).toHaveLength(199);
  await sweep(ctx, klaviyoAccountId, 'hubspot_companies', new AbortController().signal);
  expect(new Set([...before, ...(await noted())])).toEqual(new Set(contactIds));
});

test('G2: links: told to stop, the round over the pairs stays where it is, and goes on there', async () => {
  const { ctx, klaviyoAccountId, portalId } = steps;
  // Pairs whose records are gone: each is noted when the round comes by.
  await database.db.query(
    `insert into link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email, base)
     select $1, $2, (900000 + n)::text, 'gone' || n, 'gone' || n || '@example.org', '{}' from generate_series(1, $3::int) as n`,
    [portalId, klaviyoAccountId, many],
  );
  await arrange('links');
  await sweep(ctx, klaviyoAccountId, 'links', AbortSignal.abort());
  expect(await noted()).toEqual([]);
  const found = new Set<string>();
  for (const most of [500, many - 500]) {
    await sweep(ctx, klaviyoAccountId, 'links', new AbortController().signal);
    const now = await noted();
    expect(now).toHaveLength(most);
    for (const id of now) found.add(id);
  }
  expect(found.size).toBe(many);
});

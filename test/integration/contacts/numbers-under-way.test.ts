import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { loadScope } from '../../../server/contacts/account-scope.js';
import { processBatch } from '../../../server/contacts/process-batch.js';
import { catalogueOf } from '../../../server/rules/mappings.js';
import { acquireLease } from '../../../server/store/lease.js';
import { openSteps, type StepWorld } from '../../helpers/sync-context.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let database: TestDatabase;
let hubspot: HubspotSandbox;
let klaviyo: KlaviyoSandbox;
let steps: StepWorld;
const portal = () => hubspot.portals.get(steps.portalId)!;
const account = () => klaviyo.accounts.get('TANDM1')!;

beforeAll(async () => {
  [database, hubspot, klaviyo] = await Promise.all([
    openTestDatabase(),
    startHubspot({ limits: false }),
    startKlaviyo({ limits: false }),
  ]);
  const mapping = {
    hubspot: { object: 'contact', property: 'phone' },
    klaviyo: { kind: 'attribute', name: 'phone_number' },
  };
  steps = await openSteps(
    database,
    hubspot,
    klaviyo,
    {
      direction: 'two_way',
      rules: { hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }], klaviyoToHubspot: [] },
      mappings: [{ ...mapping, direction: 'both', winner: null, emptyToo: false }],
      options: {
        winner: 'hubspot',
        limit: null,
        stage: 'all',
        subscribe: false,
        carryOptOuts: 'off',
        createInKlaviyo: true,
        defaultRegion: 'DE',
      },
    },
    undefined,
    catalogueOf(
      [
        {
          object: 'contact',
          name: 'phone',
          label: 'Phone',
          type: 'phone_number',
          fieldType: 'phonenumber',
          readOnly: false,
        },
      ],
      [{ kind: 'attribute', name: 'phone_number', label: 'Phone', type: 'string', readOnly: false }],
    ),
  );
}, 60_000);
afterAll(async () => {
  await Promise.all([hubspot.close(), klaviyo.close()]);
  await database.close();
});

test.each([
  ['one by one', 1],
  ['by import jobs', 8],
])('B4: two batches at once, both with the same new number: two people stay two (%s)', async (_how, size) => {
  const scope = (await loadScope(steps.ctx, steps.klaviyoAccountId))!;
  const lease = (await acquireLease(database.db, `test ${size}`, 'test', 30))!;
  const batch = (name: string) => {
    const contacts = Array.from({ length: size }, (_one, n) =>
      portal().create(
        'contacts',
        { email: `${name}${n}-${size}@example.org`, phone: `+49 30 1234 ${size}${n}0` },
        'CRM_UI',
      ),
    );
    return processBatch(steps.ctx, scope, lease, {
      hubspotIds: contacts.map(({ id }) => id),
      klaviyoIds: [],
      priority: size === 1 ? 'person' : 'sweep',
      claimed: [],
      run: null,
      mayWrite: () => undefined,
    });
  };
  await Promise.all([batch('ada'), batch('max')]);
  for (let n = 0; n < size; n += 1) {
    const both = ['ada', 'max'].flatMap((name) => account().holder({ email: `${name}${n}-${size}@example.org` }));
    expect(both).toHaveLength(2);
    expect(new Set(both.map(({ id }) => id)).size).toBe(2);
    expect(both.filter(({ phone_number: phone }) => phone !== null)).toHaveLength(1);
  }
  const issues = await database.db.query<{ code: string }>('delete from issue returning code');
  expect(issues.map(({ code }) => code)).toEqual(Array.from({ length: size }, () => 'phone_taken_in_klaviyo'));
  expect(scope.numbersUnderWay.size).toBe(0);
});

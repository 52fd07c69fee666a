import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { loadScope, type AccountScope } from '../../../server/contacts/account-scope.js';
import { processBatch } from '../../../server/contacts/process-batch.js';
import { catalogueOf } from '../../../server/rules/mappings.js';
import { dueChanges, noteChanges } from '../../../server/store/changes.js';
import { acquireLease, type Lease } from '../../../server/store/lease.js';
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

describe('F5: a number that Klaviyo refused', () => {
  let scope: AccountScope;
  let lease: Lease;
  beforeAll(async () => {
    scope = (await loadScope(steps.ctx, steps.klaviyoAccountId))!;
    lease = (await acquireLease(database.db, 'refused', 'test', 60))!;
  });

  const holder = (email: string, phone_number: string) => {
    const profile = account().create();
    account().identify(profile, { email, phone_number });
    return profile;
  };
  const note = (side: 'hubspot' | 'klaviyo', recordId: string, cause: string) =>
    noteChanges(database.db, steps.portalId, steps.klaviyoAccountId, [{ side, recordId, priority: 2, cause }]);
  /** Works off what waits; answers how many updates Klaviyo was asked for. */
  const work = async (): Promise<number> => {
    const claimed = await dueChanges(database.db, steps.klaviyoAccountId, 10);
    const ids = (side: string) => claimed.flatMap((one) => (one.side === side ? one.recordId : []));
    klaviyo.calls.reset();
    await processBatch(steps.ctx, scope, lease, {
      hubspotIds: ids('hubspot'),
      klaviyoIds: ids('klaviyo'),
      priority: 'sweep',
      claimed,
      run: null,
      mayWrite: () => undefined,
    });
    return klaviyo.calls.summary().byOperation['profiles.update']?.count ?? 0;
  };
  const look = async (recordId: string, cause = 'hubspot_contacts'): Promise<number> => {
    await note('hubspot', recordId, cause);
    return work();
  };
  const issues = (): Promise<{ attempts: number; detail: string }[]> =>
    database.db.query('select attempts, detail from issue order by id');
  const standing = async (recordId: string): Promise<unknown> =>
    (await database.db.query('select state, reason from standing where record_id = $1', [recordId]))[0];
  const waiting = (): Promise<unknown[]> => database.db.query('select record_id, cause from change');
  const failed = { state: 'failed', reason: 'phone_taken_in_klaviyo' };
  const inSync = { state: 'in_sync', reason: null };

  test('it is not sent again with every touch; a retry sends it, and so does an edit', async () => {
    holder('has-it@example.org', '+493012349900');
    const contact = portal().create('contacts', { email: 'wants-it@example.org', phone: '+49 30 1234 9900' }, 'CRM_UI');
    // The profile comes to be without it.
    expect(await look(contact.id)).toBe(0);
    const told = await issues();
    expect(told[0]?.detail).toContain('has-it@example.org');
    expect(await look(contact.id)).toBe(0);
    portal().update('contacts', contact, { firstname: 'Edited' }, 'CRM_UI');
    expect(await look(contact.id)).toBe(0);
    // The issue stays as it was, and the person failed.
    expect(await issues()).toEqual(told);
    expect(await standing(contact.id)).toEqual(failed);

    expect(await look(contact.id, 'retry')).toBe(1);
    expect((await issues())[0]?.attempts).toBe((told[0]?.attempts ?? 0) + 1);
    expect(await look(contact.id)).toBe(0);
    // Somebody pressed Retry and a webhook came right after: it is a retry still.
    await note('hubspot', contact.id, 'retry');
    expect(await look(contact.id)).toBe(1);

    portal().update('contacts', contact, { phone: '+49 30 1234 9901' }, 'CRM_UI');
    expect(await look(contact.id)).toBe(1);
    expect(account().holder({ email: 'wants-it@example.org' })[0]?.phone_number).toBe('+493012349901');
    expect([await issues(), await standing(contact.id)]).toEqual([[], inSync]);
  });

  test.each(['in HubSpot', 'in Klaviyo', 'by deleting the profile'])(
    'it goes to who waits for it as soon as its holder gives it up %s',
    async (where) => {
      const at = { 'in HubSpot': '10', 'in Klaviyo': '20' }[where] ?? '30';
      const [has, wants] = [`has-it-${at}@example.org`, `wants-it-${at}@example.org`];
      const number = `+4930123498${at}`;
      const having = portal().create('contacts', { email: has, phone: number }, 'CRM_UI');
      const contact = portal().create('contacts', { email: wants }, 'CRM_UI');
      await note('hubspot', having.id, 'test');
      await look(contact.id);
      portal().update('contacts', contact, { phone: number }, 'CRM_UI');
      expect(await look(contact.id)).toBe(1);
      expect(await issues()).toHaveLength(1);
      expect(await waiting()).toEqual([]);

      const profile = account().holder({ phone_number: number })[0]!;
      if (where === 'in HubSpot') portal().update('contacts', having, { phone: '+49 30 12349700' }, 'CRM_UI');
      else if (where === 'in Klaviyo') account().identify(profile, { phone_number: '+493012349701' });
      else account().remove(profile);
      await note(
        where === 'in HubSpot' ? 'hubspot' : 'klaviyo',
        where === 'in HubSpot' ? having.id : profile.id,
        'test',
      );
      await work();
      expect(await waiting()).toEqual([{ record_id: contact.id, cause: 'retry' }]);
      expect(await work()).toBe(1);
      expect(
        account()
          .holder({ phone_number: number })
          .map(({ email }) => email),
      ).toEqual([wants]);
      expect([await issues(), await standing(contact.id)]).toEqual([[], inSync]);
    },
  );
});

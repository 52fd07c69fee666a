import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { drain, noteAndWake } from '../../../server/contacts/drain.js';
import { arrangeSweeps, sweep } from '../../../server/contacts/sweep.js';
import { catalogueOf } from '../../../server/rules/mappings.js';
import { cancelRuns, queueRun } from '../../../server/store/runs.js';
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
    startHubspot({ limits: false, searchLagMs: 0 }),
    startKlaviyo({ limits: false }),
  ]);
  const text = { label: '', type: 'string', readOnly: false } as const;
  const catalogue = catalogueOf(
    [{ ...text, object: 'contact', name: 'firstname', fieldType: 'text' }],
    [{ ...text, kind: 'attribute', name: 'first_name' }],
  );
  steps = await openSteps(
    database,
    hubspot,
    klaviyo,
    {
      direction: 'two_way',
      rules: {
        hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }],
        klaviyoToHubspot: [{ source: { all: true } }],
      },
      mappings: [
        {
          hubspot: { object: 'contact', property: 'firstname' },
          klaviyo: { kind: 'attribute', name: 'first_name' },
          direction: 'both',
          winner: null,
          emptyToo: true,
        },
      ],
      options: {
        winner: 'hubspot',
        limit: null,
        stage: 'all',
        subscribe: false,
        carryOptOuts: 'off',
        createInKlaviyo: true,
        createInHubspot: true,
      },
    },
    undefined,
    catalogue,
  );
  await arrangeSweeps(steps.ctx, steps.portalId, steps.klaviyoAccountId);
}, 60_000);
afterAll(async () => {
  await Promise.all([hubspot.close(), klaviyo.close()]);
  await database.close();
});

/** What the two field sweeps note now, and nothing waits after. */
async function noted(): Promise<string[]> {
  for (const name of ['hubspot_contacts', 'klaviyo_profiles'])
    await sweep(steps.ctx, steps.klaviyoAccountId, name, new AbortController().signal);
  const rows = await database.db.query<{ record_id: string }>('delete from change returning record_id');
  return rows.map((row) => row.record_id);
}

test('D5: what the service wrote itself is not looked at again; what people do afterwards is', async () => {
  const contact = portal().create('contacts', { email: 'ada@example.org', firstname: 'Ada' }, 'CRM_UI');
  const other = account().create();
  account().identify(other, { email: 'max@example.org' });
  account().touch(Object.assign(other, { first_name: 'Max' }));
  await noteAndWake(steps.ctx, steps.portalId, steps.klaviyoAccountId, [
    { side: 'hubspot', recordId: contact.id, priority: 1, cause: 'test' },
    { side: 'klaviyo', recordId: other.id, priority: 1, cause: 'test' },
  ]);
  await drain(steps.ctx, steps.klaviyoAccountId, new AbortController().signal);
  const [profile] = account().holder({ email: 'ada@example.org' });
  const created = portal().contacts.get(portal().emails.get('max@example.org') ?? '')!;
  expect([profile?.first_name, created.properties['firstname']]).toEqual(['Ada', 'Max']);
  expect(await noted()).toEqual([]);
  portal().update('contacts', created, { firstname: 'Maximilian' }, 'CRM_UI');
  account().touch(Object.assign(profile!, { first_name: null }));
  expect((await noted()).sort()).toEqual([created.id, profile!.id].sort());
  // Nothing that is mapped, but an active list may turn on it: looked at, as it came after the pass.
  portal().update('contacts', contact, { lifecyclestage: 'customer' }, 'CRM_UI');
  expect(await noted()).toContain(contact.id);
});

test('D4: a profile that a sweep has just read is not read again by the drain it wakes, and its edit goes across', async () => {
  const { ctx, klaviyoAccountId } = steps;
  const [profile] = account().holder({ email: 'ada@example.org' });
  const contact = portal().contacts.get(portal().emails.get('ada@example.org') ?? '')!;
  const work = () => drain(ctx, klaviyoAccountId, new AbortController().signal);
  await noted();
  await work();
  const reads = async (does: () => Promise<void>): Promise<number> => {
    klaviyo.calls.reset();
    await does();
    return klaviyo.calls.summary().byOperation['profiles.list']?.count ?? 0;
  };
  account().touch(Object.assign(profile!, { first_name: 'Augusta' }));
  expect(await reads(() => sweep(ctx, klaviyoAccountId, 'klaviyo_profiles', new AbortController().signal))).toBe(1);
  expect(await reads(work)).toBe(0);
  expect(contact.properties['firstname']).toBe('Augusta');

  // Another process had the drain since: who knows what it wrote.
  account().touch(Object.assign(profile!, { first_name: 'Ada' }));
  await sweep(ctx, klaviyoAccountId, 'klaviyo_profiles', new AbortController().signal);
  await database.db.query('update lease set token = token + 1');
  expect(await reads(work)).toBe(1);
  expect(contact.properties['firstname']).toBe('Ada');
});

test('D5: while a run is under way and right after, what was modified a moment ago is left to the next sweep', async () => {
  await database.db.query('delete from change');
  const { ctx, portalId, klaviyoAccountId, connectionId } = steps;
  await queueRun(database.db, { id: connectionId, portalId, klaviyoAccountId }, 'manual');
  const contact = portal().create('contacts', { email: 'fresh@example.org' }, 'CRM_UI');
  const profile = account().create();
  account().identify(profile, { email: 'made@example.org' });
  account().touch(profile);
  const sweeping: StepWorld['ctx'] = { ...ctx, pollSeconds: 30 };
  const seen = async (): Promise<string[]> => {
    for (const name of ['hubspot_contacts', 'klaviyo_profiles'])
      await sweep(sweeping, klaviyoAccountId, name, new AbortController().signal);
    const rows = await database.db.query<{ record_id: string }>('delete from change returning record_id');
    return rows.map((row) => row.record_id).filter((id) => id === contact.id || id === profile.id);
  };
  expect(await seen()).toEqual([]);
  await cancelRuns(database.db, connectionId);
  expect(await seen()).toEqual([]);
  await database.db.query(`update run set finished_at = finished_at - interval '21 seconds'`);
  // The watermark stayed behind them.
  expect((await seen()).sort()).toEqual([contact.id, profile.id].sort());
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { drain } from '../../../server/contacts/drain.js';
import { arrangeSweeps, sweep } from '../../../server/contacts/sweep.js';
import { catalogueOf } from '../../../server/rules/mappings.js';
import { readParity } from '../../../server/store/parity.js';
import { openSteps, type StepWorld } from '../../helpers/sync-context.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

/** A round of the audit. `TANDEM_PARITY_PAIRS=100000` shows the same of a large account; it takes some minutes. */
const pairs = Number(process.env['TANDEM_PARITY_PAIRS'] ?? 3000);
const planted = 50;
let database: TestDatabase;
let hubspot: HubspotSandbox;
let klaviyo: KlaviyoSandbox;
let steps: StepWorld;

beforeAll(async () => {
  [database, hubspot, klaviyo] = await Promise.all([
    openTestDatabase(),
    startHubspot({ limits: false }),
    startKlaviyo({ limits: false }),
  ]);
  const mapping = (property: string, name: string) => ({
    hubspot: { object: 'contact', property },
    klaviyo: { kind: 'attribute', name },
    direction: 'both',
    winner: null,
    emptyToo: false,
  });
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
      mappings: [mapping('firstname', 'first_name'), mapping('lastname', 'last_name')],
      options: {
        winner: 'hubspot',
        limit: null,
        stage: 'all',
        subscribe: false,
        carryOptOuts: 'off',
        unsubscribeOnExit: false,
        defaultRegion: 'US',
      },
    },
    () => new Date(),
    catalogueOf(
      ['firstname', 'lastname'].map((name) => ({
        object: 'contact',
        name,
        label: name,
        type: 'string',
        fieldType: 'text',
        readOnly: false,
      })),
      ['first_name', 'last_name'].map((name) => ({
        kind: 'attribute',
        name,
        label: name,
        type: 'string',
        readOnly: false,
      })),
    ),
  );
  const portal = hubspot.portals.get(steps.portalId)!;
  const account = klaviyo.accounts.get('TANDM1')!;
  const rows: object[] = [];
  for (let n = 0; n < pairs; n += 1) {
    const email = `person${n}@example.org`;
    const contact = portal.create('contacts', { email, firstname: `First ${n}`, lastname: 'Last' }, 'CRM_UI');
    const profile = account.create();
    account.identify(profile, { email });
    Object.assign(profile, { first_name: `First ${n}`, last_name: 'Last' });
    rows.push({ hubspot: contact.id, klaviyo: profile.id, email, first: `First ${n}` });
  }
  for (let at = 0; at < rows.length; at += 10_000)
    await database.db.query(
      `with x as (select * from jsonb_to_recordset($3::jsonb) as x (hubspot text, klaviyo text, email text, first text)),
         s as (insert into standing (connection_id, portal_id, side, record_id, state, lists)
               select $4, $1, 'hubspot', x.hubspot, 'in_sync', '{CstHub}' from x)
       insert into link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email, base)
       select $1, $2, x.hubspot, x.klaviyo, x.email, jsonb_build_object('contact.firstname|attribute.first_name', x.first, 'contact.lastname|attribute.last_name', 'Last') from x`,
      [steps.portalId, steps.klaviyoAccountId, JSON.stringify(rows.slice(at, at + 10_000)), steps.connectionId],
    );
  await arrangeSweeps(steps.ctx, steps.portalId, steps.klaviyoAccountId);
  const contacts = [...portal.contacts.values()];
  for (let n = 0; n < planted; n += 1)
    contacts[Math.floor((n * pairs) / planted)]!.properties['lastname'] = `Planted ${n}`;
}, 300_000);
afterAll(async () => {
  await Promise.all([hubspot.close(), klaviyo.close()]);
  await database.close();
});

test('F10: a round finds every difference planted behind the service’s back, within the calls it states', async () => {
  const started = performance.now();
  for (let period = 0; (await readParity(database.db, steps.connectionId))?.last == null; period += 1) {
    expect(period).toBeLessThan(pairs / 500 + 2);
    await sweep(steps.ctx, steps.klaviyoAccountId, 'links', new AbortController().signal);
  }
  const { last } = (await readParity(database.db, steps.connectionId))!;
  expect(last).toMatchObject({
    checkedPairs: pairs,
    comparedValues: 2 * pairs,
    agreeing: 2 * pairs - planted,
    drift: planted,
  });
  const noted = await database.db.query(`select from change where cause = 'links'`);
  expect(noted).toHaveLength(planted);
  const perHundred = (sandbox: { calls: HubspotSandbox['calls'] }): number =>
    (Object.entries(sandbox.calls.summary().byOperation)
      .filter(([operation]) => !operation.startsWith('oauth'))
      .reduce((sum, [, { count }]) => sum + count, 0) *
      100) /
    pairs;
  expect(perHundred(hubspot)).toBeLessThanOrEqual(2);
  expect(perHundred(klaviyo)).toBeLessThanOrEqual(5);
  if (pairs > 10_000)
    process.stdout.write(
      `${pairs} pairs in ${((performance.now() - started) / 1000).toFixed(1)} s, calls a hundred: HubSpot ${perHundred(hubspot).toFixed(2)}, Klaviyo ${perHundred(klaviyo).toFixed(2)}\n`,
    );
}, 900_000);

test('F10: what was repaired while the audit read is no drift a second time', async () => {
  await database.db.query(`update sweep set position = null where name = 'links'`);
  let repaired = false;
  const ctx: StepWorld['ctx'] = {
    ...steps.ctx,
    hubspot(...parameters) {
      const session = steps.ctx.hubspot(...parameters);
      return {
        ...session,
        async request(request) {
          const answer = await session.request(request);
          // All that waits is worked off between the reading and what the audit asks next.
          if (request.operation === 'contacts.batchRead' && !repaired) {
            repaired = true;
            await drain(steps.ctx, steps.klaviyoAccountId, new AbortController().signal);
          }
          return answer;
        },
      };
    },
  };
  const lastRound = async () => (await readParity(database.db, steps.connectionId))!.last!;
  const { startedAt } = await lastRound();
  while ((await lastRound()).startedAt === startedAt)
    await sweep(ctx, steps.klaviyoAccountId, 'links', new AbortController().signal);
  expect(repaired).toBe(true);
  expect((await lastRound()).drift).toBe(0);
});

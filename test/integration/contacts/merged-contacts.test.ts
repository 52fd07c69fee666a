import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { drain, noteAndWake } from '../../../server/contacts/drain.js';
import { openSteps, type StepWorld } from '../../helpers/sync-context.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let database: TestDatabase;
let hubspot: HubspotSandbox;
let klaviyo: KlaviyoSandbox;
let steps: StepWorld;
const portal = () => hubspot.portals.get(steps.portalId)!;
const account = () => klaviyo.accounts.get('TANDM1')!;
const profileOf = (email: string) => account().holder({ email })[0]!;

beforeAll(async () => {
  [database, hubspot, klaviyo] = await Promise.all([
    openTestDatabase(),
    startHubspot({ limits: false }),
    startKlaviyo({ limits: false }),
  ]);
  steps = await openSteps(database, hubspot, klaviyo, {
    direction: 'two_way',
    rules: {
      hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }],
      klaviyoToHubspot: [{ source: { all: true } }],
    },
    mappings: [],
    options: {
      winner: 'hubspot',
      limit: null,
      stage: 'all',
      subscribe: false,
      carryOptOuts: 'off',
      unsubscribeOnExit: false,
      createInHubspot: true,
      createInKlaviyo: true,
    },
  });
}, 60_000);
afterAll(async () => {
  await Promise.all([hubspot.close(), klaviyo.close()]);
  await database.close();
});

async function look(...ids: string[]): Promise<void> {
  await noteAndWake(
    steps.ctx,
    steps.portalId,
    steps.klaviyoAccountId,
    ids.map((recordId) => ({ side: 'hubspot', recordId, priority: 1, cause: 'test' })),
  );
  await drain(steps.ctx, steps.klaviyoAccountId, new AbortController().signal);
}

test.each([
  ['the one whose address the survivor keeps', 'keeps'],
  ['the one whose address becomes a further one', 'loses'],
  ['both', 'both'],
])(
  'B7: a merge that is first heard of as a contact that is gone, %s: the survivor takes over its own profile',
  async (_what, which) => {
    const [keeps, loses] = ['keeps', 'loses'].map((name) =>
      portal().create('contacts', { email: `${name}.${which}@example.org` }, 'CRM_UI'),
    );
    await look(keeps!.id, loses!.id);
    const [own, released] = ['keeps', 'loses'].map((name) => profileOf(`${name}.${which}@example.org`));
    const members = account().lists.get('CstHub')!.members;
    expect([members.has(own!.id), members.has(released!.id)]).toEqual([true, true]);
    const survivor = portal().merge(keeps!, loses!, 'CRM_UI');
    await look(...{ keeps: [keeps!.id], loses: [loses!.id], both: [keeps!.id, loses!.id] }[which]!);
    await look(survivor.id);
    const links = await database.db.query('select hubspot_id, klaviyo_id from link');
    expect(links).toContainEqual({ hubspot_id: survivor.id, klaviyo_id: own!.id });
    expect(links.filter((link) => [keeps!.id, loses!.id].includes(String(link['hubspot_id'])))).toEqual([]);
    expect([members.has(own!.id), members.has(released!.id)]).toEqual([true, false]);
    expect(await database.db.query('delete from issue returning code')).toEqual([]);
  },
);

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { loadScope } from '../../../server/contacts/account-scope.js';
import { drain, noteAndWake } from '../../../server/contacts/drain.js';
import { eraseDue } from '../../../server/contacts/erase.js';
import { processBatch } from '../../../server/contacts/process-batch.js';
import { noteErasures } from '../../../server/store/erasures.js';
import { acquireLease, releaseLease } from '../../../server/store/lease.js';
import { openSteps, type StepWorld } from '../../helpers/sync-context.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let database: TestDatabase;
let hubspot: HubspotSandbox;
let klaviyo: KlaviyoSandbox;
let steps: StepWorld;
const portal = () => hubspot.portals.get(steps.portalId)!;
const account = () => klaviyo.accounts.get('TANDM1')!;
const source = () => portal().lists.get('41')!.members;
const onList = (email: string): boolean =>
  account()
    .lists.get('CstHub')!
    .members.has(account().holder({ email })[0]?.id ?? '');
const open = () => database.db.query('select from list_write');
const historyOf = async (email: string, action: string) => {
  const rows = await database.db.query('select from history where email = $1 and action = $2', [email, action]);
  return rows.length;
};

beforeAll(async () => {
  [database, hubspot, klaviyo] = await Promise.all([
    openTestDatabase(),
    startHubspot({ limits: false }),
    startKlaviyo({ limits: false }),
  ]);
  steps = await openSteps(database, hubspot, klaviyo, {
    direction: 'two_way',
    rules: {
      hubspotToKlaviyo: [{ source: { hubspotListIds: ['41'] }, klaviyoListId: 'CstHub' }],
      klaviyoToHubspot: [],
    },
    mappings: [],
    options: {
      limit: null,
      stage: 'all',
      subscribe: false,
      carryOptOuts: 'off',
      unsubscribeOnExit: false,
      createInKlaviyo: true,
    },
  });
}, 60_000);
afterAll(async () => {
  await Promise.all([hubspot.close(), klaviyo.close()]);
  await database.close();
});

/** Works off what is due, and what waits too, as if its time had come. */
async function pass(): Promise<void> {
  await database.db.query('update change set due_at = now()');
  await drain(steps.ctx, steps.klaviyoAccountId, new AbortController().signal);
}
async function enter(email: string) {
  const contact = portal().create('contacts', { email }, 'CRM_UI');
  source().add(contact.id);
  return contact;
}
const look = (contactId: string): Promise<void> =>
  noteAndWake(steps.ctx, steps.portalId, steps.klaviyoAccountId, [
    { side: 'hubspot', recordId: contactId, priority: 1, cause: 'test' },
  ]);
/** One pass whose answer to a list write is lost after Klaviyo carried it out. */
async function losing(operation: 'lists.add' | 'lists.remove', contactId: string): Promise<void> {
  klaviyo.faults.add({ kind: 'lost_answer', operation, times: 20 });
  await look(contactId);
  await pass();
  klaviyo.faults.clear();
}

test('B8/G1: taken off with a lost answer, back under the rule before the next pass: is on the list', async () => {
  const contact = await enter('back@example.org');
  await look(contact.id);
  await pass();
  expect(onList('back@example.org')).toBe(true);
  expect(await open()).toEqual([]);
  source().delete(contact.id);
  await losing('lists.remove', contact.id);
  expect(onList('back@example.org')).toBe(false);
  expect(await open()).toHaveLength(1);
  source().add(contact.id);
  await pass();
  expect(onList('back@example.org')).toBe(true);
  expect(await open()).toEqual([]);
});

test('B8/G1: put on with a lost answer, gone from the rule before the next pass: is on the list no more', async () => {
  const contact = await enter('gone@example.org');
  await losing('lists.add', contact.id);
  expect(onList('gone@example.org')).toBe(true);
  source().delete(contact.id);
  await pass();
  expect(onList('gone@example.org')).toBe(false);
  expect(await open()).toEqual([]);
});

test('F6: a join whose answer was lost is in the history once, as ours', async () => {
  const contact = await enter('once@example.org');
  await losing('lists.add', contact.id);
  await pass();
  expect(onList('once@example.org')).toBe(true);
  expect(await historyOf('once@example.org', 'list_add')).toBe(1);
});

test('G1: killed between Klaviyo’s answer and our writing it down, and gone from the rule meanwhile: is on the list no more', async () => {
  const contact = await enter('killed@example.org');
  await look(contact.id);
  const scope = (await loadScope(steps.ctx, steps.klaviyoAccountId))!;
  const lease = (await acquireLease(database.db, 'test', 'test', 30))!;
  await releaseLease(database.db, lease);
  const batch = processBatch(steps.ctx, scope, lease, {
    hubspotIds: [contact.id],
    klaviyoIds: [],
    priority: 'person',
    claimed: [],
    run: null,
    mayWrite: () => undefined,
  });
  await expect(batch).rejects.toThrow('held by somebody else');
  expect(onList('killed@example.org')).toBe(true);
  source().delete(contact.id);
  await pass();
  expect(onList('killed@example.org')).toBe(false);
});

test('B11: a privacy deletion takes the open list write along', async () => {
  const contact = await enter('erased@example.org');
  await losing('lists.add', contact.id);
  expect(await open()).toHaveLength(1);
  await noteErasures(database.db, steps.portalId, [contact.id]);
  const lease = (await acquireLease(database.db, 'erase', 'test', 30))!;
  await eraseDue(steps.ctx, steps.klaviyoAccountId, lease);
  expect(await open()).toEqual([]);
});

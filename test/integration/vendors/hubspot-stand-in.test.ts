import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { firstPortal, startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { makePeople } from '../../../sandbox/seed/people.js';
import { readAccount } from '../../../server/vendors/hubspot/account.js';
import { primaryCompanies } from '../../../server/vendors/hubspot/associations.js';
import { readByIds as readCompanies } from '../../../server/vendors/hubspot/companies.js';
import * as contacts from '../../../server/vendors/hubspot/contacts.js';
import { listById, listsOf, memberPage, searchLists } from '../../../server/vendors/hubspot/lists.js';
import {
  exchangeCode,
  introspect,
  refresh,
  revoke,
  uninstall,
  type HubspotApp,
} from '../../../server/vendors/hubspot/oauth.js';
import { readDealPipelines } from '../../../server/vendors/hubspot/pipelines.js';
import { createOption, ensureProperty, readFields } from '../../../server/vendors/hubspot/properties.js';
import { openHubspotSession, type HubspotSession } from '../../../server/vendors/hubspot/session.js';
import type { HubspotTokens } from '../../../server/vendors/hubspot/types.js';
import { watch } from './scripted-vendor.js';

/** The adapter against HubSpot's stand-in, whose answers the vendor's own documents judge. */
let sandbox: HubspotSandbox;
let app: HubspotApp;
let tokens: HubspotTokens;
let session: HubspotSession;
const portalId = String(firstPortal);
const recordTo = process.env['TANDEM_TEST_TRAFFIC'];

async function install(at: HubspotSandbox, as: HubspotApp): Promise<HubspotTokens> {
  const redirectUri = 'http://localhost/back';
  const form = { portalId, redirect_uri: redirectUri, scope: 'oauth crm.objects.contacts.read', state: 's' };
  const approved = await fetch(`${at.url}/oauth/authorize/approve`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
  const code = new URL(approved.headers.get('location') ?? '').searchParams.get('code') ?? '';
  return exchangeCode(as, code, redirectUri);
}

beforeAll(async () => {
  sandbox = await startHubspot({
    people: makePeople(300, 5),
    limits: false,
    searchLagMs: 0,
    ...(recordTo === undefined ? {} : { recordTo }),
  });
  app = { clientId: sandbox.clientId, clientSecret: sandbox.clientSecret, apiUrl: sandbox.url, appUrl: sandbox.url };
  tokens = await install(sandbox, app);
  session = openHubspotSession({
    ...watch(),
    portalId,
    apiUrl: sandbox.url,
    priority: 'person',
    token: async (fresh) => (fresh ? (tokens = await refresh(app, tokens.refreshToken)) : tokens).accessToken,
  });
});
beforeEach(() => sandbox.faults.clear());
afterAll(() => sandbox.close());

const every = (): string[] => [...(sandbox.portals.get(portalId)?.contacts.keys() ?? [])];

test('the account, its fields and its lists can be read', async () => {
  expect(tokens.hubId).toBe(portalId);
  expect(await readAccount(session)).toMatchObject({ portalId });
  const fields = await readFields(session);
  expect(fields.find(({ name }) => name === 'email')).toMatchObject({ object: 'contact', readOnly: false });
  expect(fields.some(({ object, readOnly }) => object === 'company' && !readOnly)).toBe(false);
  const { lists } = await searchLists(session, { query: '', offset: 0, count: 100 });
  const active = lists.find(({ type }) => type === 'active');
  expect(await listById(session, active?.id ?? '')).toMatchObject({ name: active?.name });
  expect(await listById(session, '987654')).toBeNull();
});

test('G6: every contact is read once, page by page and by id', async () => {
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof contacts.readPage>> = await contacts.readPage(session, {
      after,
      limit: 100,
      properties: ['email'],
    });
    seen.push(...page.contacts.map(({ id }) => id));
    after = page.after;
  } while (after !== null);
  expect(seen.toSorted()).toEqual(every().toSorted());
  const { contacts: found, missing } = await contacts.readByIds(session, [...seen, '999999999'], ['email']);
  expect(found.size).toBe(seen.length);
  expect(missing).toEqual(['999999999']);
});

test('G6: thousands modified in one moment are all found by the search', async () => {
  const portal = sandbox.portals.get(portalId);
  const moment = Date.now() - 60_000;
  for (const record of portal?.contacts.values() ?? []) {
    record.updatedAt = moment;
    record.indexedAt = moment;
  }
  const found: string[] = [];
  let next: contacts.ModifiedCursor | undefined;
  for (let done = false; !done;) {
    const search = {
      sinceMs: moment - 1000,
      limit: 50,
      properties: ['email'],
      ...(next === undefined ? {} : { after: next }),
    };
    const page = await contacts.searchModified(session, search);
    found.push(...page.contacts.map(({ id }) => id));
    next = page.next;
    done = page.done;
  }
  expect(found.toSorted()).toEqual(every().toSorted());
});

test('contacts are created, found by email, updated and refused one by one', async () => {
  const emails = Array.from({ length: 20 }, (_, n) => `new.${n}@example.org`);
  const made = await contacts.create(
    session,
    emails.map((email, n) => ({ traceId: `t${n}`, properties: { email, firstname: `N${n}` } })),
  );
  expect([...made.values()].every((outcome) => outcome.ok)).toBe(true);
  const again = await contacts.create(session, [
    { traceId: 'a', properties: { email: emails[3] ?? '' } },
    { traceId: 'b', properties: { email: 'no email' } },
    { traceId: 'c', properties: { email: 'fresh@example.org' } },
  ]);
  const third = made.get('t3');
  expect(again.get('a')).toMatchObject({
    refused: { code: 'email_taken_in_hubspot', detail: { existingId: third?.ok === true ? third.id : '' } },
  });
  expect(again.get('b')).toMatchObject({ refused: { code: 'invalid_email', detail: { field: 'email' } } });
  expect(again.get('c')).toMatchObject({ ok: true });

  const byEmail = await contacts.readByEmails(session, [...emails, 'nobody@example.org'], ['firstname']);
  expect(byEmail.size).toBe(20);
  const ids = emails.map((email) => byEmail.get(email)?.id ?? '');
  const outcomes = await contacts.update(session, [
    ...ids.slice(0, 10).map((id, n) => ({ id, properties: { firstname: `Changed ${n}` } })),
    { id: ids[10] ?? '', properties: { firstname: 'x', createdate: '2020-01-01' } },
    { id: ids[11] ?? '', properties: { email: emails[0] ?? '' } },
    { id: ids[12] ?? '', properties: { lifecyclestage: 'not a stage' } },
    { id: ids[13] ?? '', properties: { no_such_property: 'x' } },
    { id: '999999999', properties: { firstname: 'x' } },
  ]);
  const codeOf = (id: string | undefined): string | undefined => {
    const outcome = outcomes.get(id ?? '');
    return outcome?.ok === false ? outcome.refused.code : undefined;
  };
  expect(ids.slice(0, 10).every((id) => outcomes.get(id)?.ok === true)).toBe(true);
  expect([ids[10], ids[11], ids[12], ids[13]].map(codeOf)).toEqual([
    'field_read_only',
    'email_taken_in_hubspot',
    'option_missing',
    'field_missing',
  ]);
  expect(outcomes.get('999999999')).toMatchObject({ ok: false, refused: { detail: { status: 404 } } });
  const { contacts: now } = await contacts.readByIds(session, ids, ['firstname']);
  expect(now.get(ids[4] ?? '')?.properties['firstname']).toBe('Changed 4');
  // Taken back: gone, and another time of asking is no fault.
  const last = ids.slice(15);
  for (const round of [1, 2]) expect([round, (await contacts.archive(session, last)).size]).toEqual([round, 0]);
  const left = await contacts.readByIds(session, ids, ['firstname']);
  expect([...left.contacts.keys()].toSorted()).toEqual(ids.slice(0, 15).toSorted());
});

test('memberships and companies are those of the stand-in', async () => {
  const { lists } = await searchLists(session, { query: 'Germany', offset: 0, count: 10 });
  const list = lists[0]?.id ?? '';
  const members: string[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof memberPage>> = await memberPage(session, list, after);
    members.push(...page.recordIds);
    after = page.after;
  } while (after !== null);
  expect(members.length).toBeGreaterThan(0);
  const listsOfAll = await listsOf(session, every());
  const onIt = [...listsOfAll].filter(([, ids]) => ids.includes(list)).map(([id]) => id);
  expect(onIt.toSorted()).toEqual(members.toSorted());
  const companies = await primaryCompanies(session, every());
  expect([...companies]).toEqual(
    [...(sandbox.portals.get(portalId)?.companyOf ?? [])].filter(([id]) => companies.has(id)),
  );
  expect(companies.size).toBeGreaterThan(0);
  const [company = ''] = companies.values();
  expect((await readCompanies(session, [company, company], ['name'])).get(company)?.properties['name']).toEqual(
    expect.any(String),
  );
});

test('D8: an option that is added can be written at once', async () => {
  await createOption(session, 'lifecyclestage', { value: 'fan', label: 'Fan' });
  const [id = ''] = every();
  expect((await contacts.update(session, [{ id, properties: { lifecyclestage: 'fan' } }])).get(id)).toEqual({
    ok: true,
    id,
  });
  const property = {
    name: 'tandem_note',
    label: 'Note',
    description: '',
    groupName: 'contactinformation',
    type: 'string',
    fieldType: 'text',
  } as const;
  for (let times = 0; times < 2; times += 1) {
    await ensureProperty(session, property);
  }
  expect((await readFields(session)).filter(({ name }) => name === 'tandem_note')).toHaveLength(1);
});

test.each([
  [
    { kind: 'status', status: 429, retryAfter: 2 },
    { name: 'RetryLater', seconds: 2 },
  ],
  [{ kind: 'status', status: 503 }, { name: 'RetryLater' }],
  [{ kind: 'reset' }, { name: 'RetryLater', maybeDone: true }],
  [{ kind: 'lost_answer' }, { name: 'RetryLater', maybeDone: true }],
  [{ kind: 'half_answer' }, { name: 'RetryLater', maybeDone: true }],
] as const)('G1: %j while writing is to be done again', async (fault, error) => {
  const [id = ''] = every();
  sandbox.faults.add({ ...fault, operation: 'contacts.batchUpdate' });
  await expect(contacts.update(session, [{ id, properties: { city: 'Rome' } }])).rejects.toMatchObject(error);
});

test('E12: the deals that are there are of the pipelines that are listed', async () => {
  const pipelines = await readDealPipelines(session);
  expect(pipelines.map(({ name }) => name)).toEqual(['Sales pipeline', 'Renewals']);
  const deals = [...sandbox.portals.get(portalId)!.deals.values()];
  expect(new Set(deals.map(({ properties }) => properties['pipeline']))).toEqual(
    new Set(pipelines.map(({ id }) => id)),
  );
});

test('G5: a batch of which every second input is refused tells each apart', async () => {
  sandbox.faults.add({ kind: 'partial_batch', operation: 'contacts.batchUpdate' });
  const ids = every().slice(0, 10);
  const outcomes = await contacts.update(
    session,
    ids.map((id) => ({ id, properties: { city: 'Oslo' } })),
  );
  expect(outcomes.size).toBe(10);
  expect([...outcomes.values()].filter((outcome) => outcome.ok)).toHaveLength(5);
});

test('A4: an expired token is replaced on the way', async () => {
  sandbox.faults.add({ kind: 'expired_token' });
  const before = tokens.accessToken;
  expect(await readAccount(session)).toMatchObject({ portalId });
  expect(tokens.accessToken).not.toBe(before);
  expect(await introspect(app, tokens.accessToken)).toMatchObject({ active: true, hubId: portalId });
});

test('A5: after the app has removed itself nothing is read any more', async () => {
  // Not recorded: the documents at hand know neither of the two calls.
  const own = await startHubspot({ limits: false });
  try {
    const itsApp = { ...app, apiUrl: own.url };
    const its = await install(own, itsApp);
    const itsSession = openHubspotSession({
      ...watch(),
      portalId,
      apiUrl: own.url,
      priority: 'person',
      token: async (fresh) => (fresh ? await refresh(itsApp, its.refreshToken) : its).accessToken,
    });
    await uninstall(itsSession);
    await revoke(itsApp, its.refreshToken);
    await expect(readAccount(itsSession)).rejects.toMatchObject({ name: 'NeedsPerson', code: 'reconnect_hubspot' });
  } finally {
    await own.close();
  }
});

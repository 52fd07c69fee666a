import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { makePeople } from '../../../sandbox/seed/people.js';
import { missingScopes, readAccount } from '../../../server/vendors/klaviyo/account.js';
import { bulkImport, importErrors, importJob } from '../../../server/vendors/klaviyo/imports.js';
import * as lists from '../../../server/vendors/klaviyo/lists.js';
import { readCampaigns, readFlows } from '../../../server/vendors/klaviyo/messages.js';
import * as oauth from '../../../server/vendors/klaviyo/oauth.js';
import { requestDeletion } from '../../../server/vendors/klaviyo/privacy.js';
import { sampleFields } from '../../../server/vendors/klaviyo/profile-fields.js';
import { readByEmails, readByIds, readPage, update, upsert } from '../../../server/vendors/klaviyo/profiles.js';
import * as segments from '../../../server/vendors/klaviyo/segments.js';
import { KlaviyoSession, type KlaviyoCredential } from '../../../server/vendors/klaviyo/session.js';
import { subscribe, suppress, unsubscribe } from '../../../server/vendors/klaviyo/subscriptions.js';
import type { KlaviyoProfile } from '../../../server/vendors/klaviyo/types.js';
import { until } from '../../helpers/service.js';
import { watch } from './scripted-vendor.js';

/** The adapter against Klaviyo's stand-in, whose answers the vendor's own documents judge. */
let sandbox: KlaviyoSandbox;
const accountId = 'TANDM1';
const recordTo = process.env['TANDEM_TEST_TRAFFIC'];

const open = (credential: (fresh: boolean) => Promise<KlaviyoCredential>): KlaviyoSession =>
  new KlaviyoSession({ ...watch(), accountId, apiUrl: sandbox.url, priority: 'person', credential });
const key = `pk_sandbox_${accountId}`;
let session: KlaviyoSession;
/** Well-formed, and nobody's. */
const unknownId = '01ZZZZZZZZZZZZZZZZZZZZZZZZ';

beforeAll(async () => {
  sandbox = await startKlaviyo({
    people: makePeople(300, 5),
    limits: false,
    importMs: 40,
    jobMs: 20,
    ...(recordTo === undefined ? {} : { recordTo }),
  });
  session = open(async () => ({ kind: 'api_key', key }));
});
beforeEach(() => sandbox.faults.clear());
afterAll(() => sandbox.close());

const empty = { attributes: {}, properties: {}, unset: [] };
const one = async (email: string): Promise<KlaviyoProfile | undefined> =>
  (await readByEmails(session, [email], { subscriptions: true })).get(email)?.[0];

async function everyProfile(subscriptions = false): Promise<KlaviyoProfile[]> {
  const found: KlaviyoProfile[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(session, {
      cursor,
      size: 100,
      sort: 'created',
      subscriptions,
    });
    found.push(...page.profiles);
    cursor = page.cursor;
  } while (cursor !== null);
  return found;
}

test('A2: the account and what its key may do', async () => {
  expect(await readAccount(session, sandbox.url)).toMatchObject({ companyId: accountId });
  expect(await missingScopes(session)).toEqual([]);
  sandbox.accounts
    .get(accountId)
    ?.keys.set('pk_reader', ['accounts:read', 'profiles:read', 'lists:read', 'segments:read']);
  expect(await missingScopes(open(async () => ({ kind: 'api_key', key: 'pk_reader' })))).toEqual([
    'lists:write',
    'profiles:write',
  ]);
  await expect(
    readAccount(
      open(async () => ({ kind: 'api_key', key: 'pk_wrong' })),
      sandbox.url,
    ),
  ).rejects.toMatchObject({
    code: 'reconnect_klaviyo',
  });
});

test('G6: every profile is read once, page by page, by id and by email', async () => {
  const all = await everyProfile(true);
  expect(new Set(all.map(({ id }) => id)).size).toBe(sandbox.accounts.get(accountId)?.profiles.size);
  expect(all).toHaveLength(sandbox.accounts.get(accountId)?.profiles.size ?? -1);
  expect(all.every(({ subscription }) => subscription !== undefined)).toBe(true);
  const ids = all.map(({ id }) => id);
  const byId = await readByIds(session, [...ids, unknownId], {});
  expect(byId.size).toBe(ids.length);
  const emails = all.map(({ email }) => email ?? '').filter((email) => email !== '');
  const byEmail = await readByEmails(
    session,
    emails.map((email) => email.toUpperCase()),
    {},
  );
  expect([...byEmail.keys()].toSorted()).toEqual([...new Set(emails.map((email) => email.toLowerCase()))].toSorted());
});

test('a poll finds what was updated after a moment, in order', async () => {
  const before = new Date(Date.now() - 10_000);
  const [first] = await everyProfile();
  await update(session, first?.id ?? '', { ...empty, attributes: { title: 'Poet' } });
  const { profiles } = await readPage(session, { cursor: null, size: 100, sort: 'updated', updatedAfter: before });
  expect(profiles.map(({ id }) => id)).toContain(first?.id);
});

test('D6: values are written, emptied and removed; what is not mentioned stays', async () => {
  const email = 'write.me@example.org';
  const made = await upsert(session, {
    email,
    attributes: { first_name: 'Ada', 'location.city': 'Berlin', 'location.zip': '10115', phone_number: '+4930123456' },
    properties: { n: 0, f: false, list: ['a', 'b'], 'Shoe size': 38, gone: 'x' },
    unset: [],
  });
  expect(made).toMatchObject({ created: true, phoneIgnored: false });
  const again = await upsert(session, {
    ...empty,
    email: email.toUpperCase(),
    attributes: { title: 'Countess' },
  });
  expect(again).toEqual({ id: made.id, created: false, phoneIgnored: false });
  await update(session, made.id, {
    attributes: { first_name: null, 'location.zip': null },
    properties: { n: 1 },
    unset: ['gone'],
  });
  const profile = (await readByIds(session, [made.id], {})).get(made.id);
  expect(profile?.attributes).toMatchObject({
    first_name: null,
    title: 'Countess',
    'location.city': 'Berlin',
    'location.zip': null,
    phone_number: '+4930123456',
  });
  expect(profile?.properties).toEqual({ n: 1, f: false, list: ['a', 'b'], 'Shoe size': 38 });
  await expect(update(session, unknownId, { ...empty, attributes: { title: 'x' } })).rejects.toMatchObject({
    code: 'not_found',
  });
  const [other] = await everyProfile();
  await expect(update(session, made.id, { ...empty, email: other?.email ?? '' })).rejects.toMatchObject({
    code: 'duplicate_profile',
    detail: { existingId: other?.id },
  });
});

test('B7: a profile that was merged away answers under its old id', async () => {
  const [loser, winner] = await Promise.all(
    ['loser@example.org', 'winner@example.org'].map((email) => upsert(session, { ...empty, email })),
  );
  const account = sandbox.accounts.get(accountId);
  const [from, to] = [account?.find(loser?.id ?? ''), account?.find(winner?.id ?? '')];
  if (from !== undefined && to !== undefined) account?.merge(from, to);
  const found = await readByIds(session, [loser?.id ?? '', winner?.id ?? ''], {});
  expect(found.get(loser?.id ?? '')?.id).toBe(winner?.id);
});

test('G5: an import tells whom it refused', async () => {
  const good = Array.from({ length: 30 }, (_, n) => ({
    ...empty,
    email: `import.${n}@example.org`,
    properties: { n },
  }));
  const jobId = await bulkImport(session, [...good, { ...empty, email: 'not an email' }]);
  const job = await until('the import to be complete', async () => {
    const now = await importJob(session, jobId);
    return now.status === 'complete' ? now : null;
  });
  expect(job).toMatchObject({ total: 31, completed: 30, failed: 1 });
  expect(await importErrors(session, jobId)).toMatchObject([
    { email: 'not an email', code: 'invalid_email', field: 'email' },
  ]);
  const emails = good.map(({ email }) => email);
  expect((await readByEmails(session, emails, {})).size).toBe(30);
});

test('lists and segments with their members', async () => {
  const [list] = await lists.readLists(session);
  expect(await lists.listById(session, list?.id ?? '')).toEqual(list);
  expect(await lists.listById(session, 'NoSuch')).toBeNull();
  const added = await Promise.all(
    ['x', 'y', 'z'].map((name) => upsert(session, { ...empty, email: `${name}@example.org` })),
  );
  const ids = added.map(({ id }) => id);
  // Klaviyo refuses a moment too close to now.
  const since = new Date(Date.now() - 10_000);
  const refused = await lists.add(session, list?.id ?? '', [...ids, unknownId]);
  expect([...refused.keys()].filter((id) => ids.includes(id))).toEqual([]);
  const { profiles } = await lists.memberPage(session, {
    id: list?.id ?? '',
    cursor: null,
    joinedSince: since,
    subscriptions: true,
  });
  expect(profiles.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  expect(profiles[0]?.joinedGroupAt).toEqual(expect.any(String));
  await lists.remove(session, list?.id ?? '', ids.slice(1));
  const members = await lists.membersByEmail(session, list?.id ?? '', [
    'x@example.org',
    'y@example.org',
    'not an address',
  ]);
  expect(members.map(({ id }) => id)).toEqual(ids.slice(0, 1));
  await expect(lists.add(session, 'NoSuch', ids)).rejects.toMatchObject({ code: 'not_found' });

  const [segment] = await segments.readSegments(session);
  const some = await segments.memberIdsPage(session, { id: segment?.id ?? '', cursor: null });
  const full = await segments.memberPage(session, { id: segment?.id ?? '', cursor: null });
  expect(full.profiles.map(({ id }) => id)).toEqual(some.ids);
});

test('C2, C6: subscribing, unsubscribing and suppressing show in the consent', async () => {
  const email = 'consent@example.org';
  await upsert(session, { ...empty, email });
  expect((await one(email))?.subscription?.consent).toBe('NEVER_SUBSCRIBED');
  const [list] = (await lists.readLists(session)).filter(({ optIn }) => optIn === 'single_opt_in');
  const subscribed = until('the subscription', async () => {
    const profile = await one(email);
    return profile?.subscription?.consent === 'SUBSCRIBED' ? profile : null;
  });
  await subscribe(session, [{ email }], { listId: list?.id ?? '', source: 'Tandem' });
  await subscribed;
  const old = { email: 'old.consent@example.org', consentedAt: new Date('2025-01-02T03:04:05.000Z') };
  await subscribe(session, [old]);
  await unsubscribe(session, [email]);
  await until('the opt-out', async () => ((await one(email))?.subscription?.consent === 'UNSUBSCRIBED' ? true : null));
  const other = 'suppressed@example.org';
  await upsert(session, { ...empty, email: other });
  await suppress(session, [other]);
  const profile = await until('the suppression', async () => {
    const now = await one(other);
    return (now?.subscription?.suppressions.length ?? 0) > 0 ? now : null;
  });
  expect(profile?.subscription?.suppressions[0]?.reason).toBe('USER_SUPPRESSED');
});

test('D1, E1: fields, flows and campaigns', async () => {
  const fields = await sampleFields(session);
  expect(fields.find(({ name }) => name === 'Loyalty Points')).toMatchObject({ kind: 'property', type: 'number' });
  expect(fields.find(({ name }) => name === 'Colours')).toMatchObject({ type: 'list' });
  expect((await readFlows(session)).length).toBeGreaterThan(0);
  expect((await readCampaigns(session)).length).toBeGreaterThan(0);
});

test('B11: an erasure removes the profile', async () => {
  const { id } = await upsert(session, { ...empty, email: 'erase.me@example.org' });
  await requestDeletion(session, id);
  await until('the erasure', async () => ((await readByIds(session, [id], {})).size === 0 ? true : null));
});

test.each([
  [
    { kind: 'status', status: 429, retryAfter: 2 },
    { name: 'RetryLater', seconds: 2 },
  ],
  [
    { kind: 'status', status: 500 },
    { name: 'RetryLater', maybeDone: true },
  ],
  [{ kind: 'reset' }, { name: 'RetryLater', maybeDone: true }],
  [{ kind: 'lost_answer' }, { name: 'RetryLater', maybeDone: true }],
  [{ kind: 'half_answer' }, { name: 'RetryLater', maybeDone: true }],
] as const)('G1: %j while writing is to be done again', async (fault, error) => {
  sandbox.faults.add({ ...fault, operation: 'profiles.upsert' });
  await expect(upsert(session, { ...empty, email: 'fault@example.org' })).rejects.toMatchObject(error);
});

test('A2, A4, A5: connecting by OAuth, an expired token on the way, and the end of it', async () => {
  const app = {
    clientId: sandbox.clientId,
    clientSecret: sandbox.clientSecret,
    apiUrl: sandbox.url,
    appUrl: sandbox.url,
  };
  const verifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(verifier).digest('base64url');
  const redirectUri = 'http://localhost/back';
  const consent = new URL(
    oauth.authorizeUrl(app, { redirectUri, scopes: ['accounts:read'], state: 's', codeChallenge }),
  );
  expect((await fetch(consent)).status).toBe(200);
  const form = {
    account: accountId,
    redirect_uri: redirectUri,
    scope: 'accounts:read',
    state: 's',
    code_challenge: codeChallenge,
  };
  const approved = await fetch(`${sandbox.url}/oauth/authorize/approve`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
  const code = new URL(approved.headers.get('location') ?? '').searchParams.get('code') ?? '';
  let tokens = await oauth.exchangeCode(app, code, verifier, redirectUri);
  const connected = open(async (fresh) => {
    if (fresh) tokens = await oauth.refresh(app, tokens.refreshToken);
    return { kind: 'oauth', accessToken: tokens.accessToken };
  });
  const first = tokens.accessToken;
  sandbox.faults.add({ kind: 'expired_token' });
  expect(await readAccount(connected, sandbox.url)).toMatchObject({ companyId: accountId });
  expect(tokens.accessToken).not.toBe(first);
  await oauth.revoke(app, tokens.refreshToken);
  await expect(readAccount(connected, sandbox.url)).rejects.toMatchObject({ code: 'reconnect_klaviyo' });
});

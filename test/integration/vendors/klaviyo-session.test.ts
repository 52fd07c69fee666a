import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { readAccount } from '../../../server/vendors/klaviyo/account.js';
import { KlaviyoSession, type KlaviyoCredential } from '../../../server/vendors/klaviyo/session.js';
import { scriptedVendor, watch, type Reply, type ScriptedVendor, type Watch } from './scripted-vendor.js';

let vendor: ScriptedVendor;
beforeAll(async () => {
  vendor = await scriptedVendor();
});
afterAll(() => vendor.close());

const secret = 'pk_very_secret';
const tokens: KlaviyoCredential[] = [
  { kind: 'oauth', accessToken: secret },
  { kind: 'oauth', accessToken: 'fresh-token' },
];

function open(deps: Watch, credentials = tokens): { session: KlaviyoSession; asked: boolean[] } {
  const asked: boolean[] = [];
  const session = new KlaviyoSession({
    ...deps,
    accountId: 'TANDM1',
    apiUrl: vendor.url,
    priority: 'person',
    credential: async (fresh) => {
      asked.push(fresh);
      return credentials[fresh ? 1 : 0] ?? { kind: 'api_key', key: '' };
    },
  });
  return { session, asked };
}

const schema = z.object({ ok: z.boolean() });
const read = { method: 'GET', path: '/api/profiles', schema } as const;
const write = { method: 'POST', path: '/api/profile-import', body: { data: {} }, schema } as const;

async function failure(reply: Reply, request: typeof read | typeof write = read, deps = watch()) {
  vendor.answers(() => reply);
  const error: unknown = await open(deps)
    .session.request(request)
    .then(
      () => null,
      (cause: unknown) => cause,
    );
  return error as Error & { seconds?: number; code?: string; maybeDone?: boolean };
}

test('a request carries revision, credential and JSON:API types, takes both windows and is counted', async () => {
  vendor.answers(() => ({ json: { ok: true }, headers: { 'x-klaviyo-partial-failure': 'phone_number' } }));
  const deps = watch();
  const { session } = open(deps, [{ kind: 'api_key', key: secret }]);
  const answer = await session.request({ ...write, query: { 'page[size]': 5, none: undefined } });
  expect(answer).toMatchObject({ data: { ok: true }, status: 200 });
  expect(answer.headers['x-klaviyo-partial-failure']).toBe('phone_number');
  expect(vendor.seen[0]?.headers).toMatchObject({
    authorization: `Klaviyo-API-Key ${secret}`,
    revision: '2026-07-15',
    'content-type': 'application/vnd.api+json',
    accept: 'application/vnd.api+json',
  });
  expect([...(vendor.seen[0]?.query ?? [])]).toEqual([['page[size]', '5']]);
  expect(vendor.seen[0]?.json).toEqual({ data: {} });
  expect(deps.taken).toEqual([
    { keys: ['kl:TANDM1:profiles.upsert:s', 'kl:TANDM1:profiles.upsert:m'], n: 1, priority: 'person' },
  ]);
  expect(deps.calls).toMatchObject([{ vendor: 'klaviyo', operation: 'profiles.upsert', status: 200 }]);
});

test('filters arrive as they were written, whatever stands in them', async () => {
  vendor.answers(() => ({ json: { ok: true } }));
  const filter = 'any(email,["a+b@example.com","o\'x&y=z@example.com","q\\"u%@example.com","ü@example.com"])';
  await open(watch()).session.request({ ...read, query: { filter } });
  expect(vendor.seen[0]?.query.get('filter')).toBe(filter);
});

test('A4: a token that is refused is replaced once, and refused again waits; a key that is refused is not asked twice', async () => {
  vendor.answers((_request, index) => (index === 0 ? { status: 401 } : { json: { ok: true } }));
  const once = open(watch());
  expect(await once.session.request(read)).toMatchObject({ data: { ok: true } });
  expect(once.asked).toEqual([false, true]);
  expect(vendor.seen.map(({ headers }) => headers['authorization'])).toEqual([
    `Bearer ${secret}`,
    'Bearer fresh-token',
  ]);

  expect(await failure({ status: 401 })).toMatchObject({ name: 'RetryLater', seconds: 30, maybeDone: false });
  expect(vendor.seen).toHaveLength(2);
  vendor.answers(() => ({ status: 401 }));
  const same: KlaviyoCredential = { kind: 'api_key', key: secret };
  const key = open(watch(), [same, same]);
  await expect(key.session.request(read)).rejects.toMatchObject({ code: 'reconnect_klaviyo' });
  expect(vendor.seen).toHaveLength(1);
  // Another key was entered since: that one is asked.
  vendor.answers((_request, index) => (index === 0 ? { status: 401 } : { json: { ok: true } }));
  const changed = open(watch(), [same, { kind: 'api_key', key: 'pk_entered_since' }]);
  expect(await changed.session.request(read)).toMatchObject({ data: { ok: true } });
  expect(vendor.seen.at(-1)?.headers['authorization']).toBe('Klaviyo-API-Key pk_entered_since');
});

test('G1, G2: after a 429 everybody pauses on both windows of that endpoint', async () => {
  const deps = watch();
  const error = await failure({ status: 429, headers: { 'retry-after': '11' } }, read, deps);
  expect(error).toMatchObject({ name: 'RetryLater', seconds: 11, maybeDone: false });
  expect(deps.paused).toEqual([{ keys: ['kl:TANDM1:profiles.list:s', 'kl:TANDM1:profiles.list:m'], seconds: 11 }]);
  expect(vendor.seen).toHaveLength(1);
});

test.each([
  [{ status: 500 }, write, true],
  [{ status: 503, text: '<html>' }, read, false],
  [{ breaks: 'reset' }, write, true],
  [{ breaks: 'reset' }, read, false],
  [{ breaks: 'half', json: { ok: true, more: 'x'.repeat(200) } }, write, true],
  [{ text: '{"ok":tr' }, write, true],
] as const)('G1: %j is to be done again (%#)', async (reply, request, maybeDone) => {
  expect(await failure(reply, request)).toMatchObject({ name: 'RetryLater', maybeDone });
  expect(vendor.seen).toHaveLength(1);
});

test('G1: silence is given up after the timeout', async () => {
  const deps = watch(80);
  expect(await failure({ hangs: true }, write, deps)).toMatchObject({ name: 'RetryLater', maybeDone: true });
  expect(deps.calls).toMatchObject([{ status: 'none' }]);
});

test('a 403 names the scope, a 4xx is a refusal, a redirect is not followed', async () => {
  const json = { errors: [{ code: 'permission_denied', detail: 'Missing required scopes: lists:write' }] };
  expect(await failure({ status: 403, json })).toMatchObject({
    name: 'NeedsPerson',
    code: 'missing_scope',
    message: 'Klaviyo denies profiles.list: it needs lists:write.',
  });
  expect(await failure({ status: 400, json: { errors: [] } })).toMatchObject({ code: 'klaviyo_rejected' });
  const away = await failure({ status: 302, headers: { location: `${vendor.url}/elsewhere` } });
  expect(away).toMatchObject({ name: 'VendorBug' });
  expect(vendor.seen.map(({ path }) => path)).toEqual(['/api/profiles']);
  expect(await failure({ json: { okay: 1 } })).toMatchObject({ name: 'VendorBug' });
});

test('A4: no error tells the key or the body', async () => {
  const leak = { email: 'ada@example.com', key: secret };
  const replies: Reply[] = [429, 500, 401, 200].map((status) => ({ status, json: leak }));
  for (const reply of [...replies, { breaks: 'reset' } as const]) {
    const error = await failure(reply);
    const words = JSON.stringify([error.message, error.stack, String(error.cause), { ...error }]);
    expect(words).not.toContain(secret);
    expect(words).not.toContain('ada@example.com');
  }
});

test('the SDK’s own calls go through the same door', async () => {
  const account = {
    type: 'account',
    id: 'TANDM1',
    attributes: { timezone: 'Europe/Berlin', contact_information: { organization_name: 'Lantern Books' } },
    links: { self: 'https://a.klaviyo.com/api/accounts/TANDM1/' },
  };
  vendor.answers((_request, index) => (index === 0 ? { status: 401 } : { json: { data: [account] } }));
  const deps = watch();
  expect(await readAccount(open(deps).session, vendor.url)).toEqual({
    companyId: 'TANDM1',
    name: 'Lantern Books',
    timeZone: 'Europe/Berlin',
  });
  expect(vendor.seen).toHaveLength(2);
  expect(vendor.seen[1]).toMatchObject({
    path: '/api/accounts',
    headers: { authorization: 'Bearer fresh-token', revision: '2026-07-15' },
  });
  expect(deps.taken[0]?.keys[0]).toBe('kl:TANDM1:accounts.list:s');
  vendor.answers(() => ({ status: 429, headers: { 'retry-after': '3' } }));
  await expect(readAccount(open(deps).session, vendor.url)).rejects.toMatchObject({ name: 'RetryLater', seconds: 3 });
  expect(vendor.seen).toHaveLength(1);
  vendor.answers(() => ({ json: { data: [] } }));
  await expect(readAccount(open(deps).session, vendor.url)).rejects.toMatchObject({ name: 'VendorBug' });
});

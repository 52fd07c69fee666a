import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { openHubspotSession, type HubspotSession } from '../../../server/vendors/hubspot/session.js';
import { scriptedVendor, watch, type Reply, type ScriptedVendor, type Watch } from './scripted-vendor.js';

let vendor: ScriptedVendor;
beforeAll(async () => {
  vendor = await scriptedVendor();
});
afterAll(() => vendor.close());

const secret = 'access-token-very-secret';

function open(deps: Watch, tokens: string[] = [secret, 'fresh-token']): HubspotSession & { asked: boolean[] } {
  const asked: boolean[] = [];
  const session = openHubspotSession({
    ...deps,
    portalId: '41',
    apiUrl: vendor.url,
    priority: 'sweep',
    token: async (fresh) => {
      asked.push(fresh);
      return tokens[fresh ? 1 : 0] ?? '';
    },
  });
  return { ...session, asked };
}

const schema = z.object({ ok: z.boolean() });
const read = { operation: 'contacts.list', method: 'GET', path: '/crm/objects/2026-09/contacts', schema } as const;
const write = { ...read, operation: 'contacts.batchUpdate', method: 'POST', body: { inputs: [] } } as const;
const search = { ...write, operation: 'contacts.search', search: true } as const;

async function failure(reply: Reply, request: typeof read | typeof write | typeof search = read, deps = watch()) {
  vendor.answers(() => reply);
  const error: unknown = await open(deps)
    .request(request)
    .then(
      () => null,
      (cause: unknown) => cause,
    );
  return error as Error & { seconds?: number; code?: string; maybeDone?: boolean; fix?: string };
}

test('a request carries path, query, body and token, takes its limit and is counted', async () => {
  vendor.answers(() => ({ json: { ok: true } }));
  const deps = watch();
  const answer = await open(deps).request({ ...read, query: { limit: 5, properties: 'a,b c', after: undefined } });
  expect(answer).toEqual({ ok: true });
  const [seen] = vendor.seen;
  expect(seen).toMatchObject({ method: 'GET', path: '/crm/objects/2026-09/contacts' });
  expect([...(seen?.query ?? [])]).toEqual([
    ['limit', '5'],
    ['properties', 'a,b c'],
  ]);
  expect(seen?.headers['authorization']).toBe(`Bearer ${secret}`);
  expect(deps.taken).toEqual([{ keys: ['hs:41'], n: 1, priority: 'sweep' }]);
  expect(deps.calls).toMatchObject([{ vendor: 'hubspot', operation: 'contacts.list', status: 200 }]);
  await open(deps).request(search);
  expect(deps.taken.at(-1)?.keys).toEqual(['hs:41:search']);
  expect(vendor.seen[1]?.json).toEqual({ inputs: [] });
});

test('the token is asked for after the wait for the limit, because it lives for half an hour only', async () => {
  vendor.answers(() => ({ json: { ok: true } }));
  const order: string[] = [];
  const deps = watch();
  const session = openHubspotSession({
    ...deps,
    limiter: { ...deps.limiter, take: async () => void order.push('limit') },
    portalId: '41',
    apiUrl: vendor.url,
    priority: 'person',
    token: async () => {
      order.push('token');
      return secret;
    },
  });
  await session.request(read);
  expect(order).toEqual(['limit', 'token']);
});

test('A4: a 401 is asked once more with a fresh token; refused again, it waits and asks nobody to connect again', async () => {
  vendor.answers((_request, index) => (index === 0 ? { status: 401, json: {} } : { json: { ok: true } }));
  const once = open(watch());
  expect(await once.request(read)).toEqual({ ok: true });
  expect(once.asked).toEqual([false, true]);
  expect(vendor.seen[1]?.headers['authorization']).toBe('Bearer fresh-token');
  const error = await failure({ status: 401, json: { category: 'EXPIRED_AUTHENTICATION' } });
  expect(error).toMatchObject({ name: 'RetryLater', seconds: 30, maybeDone: false });
  expect(vendor.seen).toHaveLength(2);
});

test.each([
  ['its Retry-After', { headers: { 'retry-after': '7' } }, read, 7],
  ['five seconds', {}, read, 5],
  ['a second for searches', {}, search, 1],
  ['long for a daily limit', { json: { policyName: 'DAILY', errorType: 'RATE_LIMIT' } }, read, 900],
])('G1, G2: after a 429 everybody pauses for %s', async (_words, reply, request, seconds) => {
  const deps = watch();
  const error = await failure({ status: 429, ...reply }, request, deps);
  expect(error).toMatchObject({ name: 'RetryLater', seconds, maybeDone: false });
  expect(deps.paused).toEqual([{ keys: [request === search ? 'hs:41:search' : 'hs:41'], seconds }]);
  expect(vendor.seen).toHaveLength(1);
});

test.each([
  [500, read, false],
  [502, write, true],
  [503, search, false],
  [504, write, true],
  [521, write, true],
  [423, write, false],
  [477, write, false],
])('G1: %p is to be done again (%#)', async (status, request, maybeDone) => {
  const error = await failure({ status, text: '<html>', headers: { 'retry-after': '3' } }, request);
  expect(error).toMatchObject({ name: 'RetryLater', seconds: 3, maybeDone });
  expect(vendor.seen).toHaveLength(1);
});

test.each([
  [{ breaks: 'reset' }, write, true],
  [{ breaks: 'reset' }, read, false],
  [{ breaks: 'half', json: { ok: true, more: 'x'.repeat(200) } }, write, true],
  [{ text: '{"ok":tr' }, write, true],
  [{ text: '{"ok":tr' }, read, false],
] as const)('G1: a broken connection or half an answer is to be done again (%#)', async (reply, request, maybeDone) => {
  const deps = watch();
  const error = await failure(reply, request, deps);
  expect(error).toMatchObject({ name: 'RetryLater', maybeDone });
  expect(deps.calls).toHaveLength(1);
});

test('G1: silence is given up after the timeout', async () => {
  const deps = watch(80);
  expect(await failure({ hangs: true }, write, deps)).toMatchObject({ name: 'RetryLater', maybeDone: true });
  expect(deps.calls).toMatchObject([{ status: 'none' }]);
});

test('a 403 names the scope that is missing', async () => {
  const json = {
    category: 'MISSING_SCOPES',
    message: 'This app hasn’t been granted all required scopes to make this call.',
    errors: [{ message: 'required', context: { requiredGranularScopes: ['crm.lists.read'] } }],
  };
  const error = await failure({ status: 403, json });
  expect(error).toMatchObject({ name: 'NeedsPerson', code: 'missing_scope' });
  expect(error.message).toBe('HubSpot denies contacts.list: it needs crm.lists.read.');
});

test('a 4xx is a refusal, a redirect or an unknown shape is outside the contract', async () => {
  expect(await failure({ status: 400, json: { message: 'no' } })).toMatchObject({
    name: 'RecordRefused',
    message: 'no',
  });
  expect(await failure({ json: { okay: 1 } })).toMatchObject({ name: 'VendorBug' });
  expect(await failure({ status: 304 })).toMatchObject({ name: 'VendorBug' });
});

test('A4: no error tells the token or the body', async () => {
  const leak = { email: 'ada@example.com', token: secret };
  for (const reply of [
    { status: 500, json: leak },
    { status: 429, json: leak },
    { status: 401, json: leak },
    { json: leak },
    { breaks: 'reset' },
  ] as const) {
    const error = await failure(reply);
    const words = JSON.stringify([error.message, error.stack, String(error.cause), { ...error }]);
    expect(words).not.toContain(secret);
    expect(words).not.toContain('ada@example.com');
  }
});

import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { klaviyoCoverage } from '../../../sandbox/klaviyo/coverage.js';
import { operations } from '../../../sandbox/klaviyo/operations.js';
import { existsSync } from 'node:fs';
import { openKlaviyo, type Client } from './klaviyo-client.js';

let client: Client;
beforeAll(async () => {
  client = await openKlaviyo({ accounts: 2 });
});
afterAll(() => client.close());
beforeEach(async () => {
  await client.steer('DELETE', '/faults');
  await client.steer('POST', '/limits', { enabled: false });
});

const basic = (): string => {
  const { clientId, clientSecret } = client.sandbox;
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
};
const redirectUri = 'https://tandem.example/oauth/klaviyo/callback';

async function form(
  path: string,
  values: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; text: string; json: Record<string, string> }> {
  const response = await fetch(client.sandbox.url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(values).toString(),
  });
  const text = await response.text();
  const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, string>) : {};
  return { status: response.status, headers: response.headers, text, json };
}

/** What a person does on the consent page. */
async function consent(account: string, scope: string): Promise<{ code: string; state: string; verifier: string }> {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.sandbox.clientId,
    redirect_uri: redirectUri,
    scope,
    state: 'our state',
    code_challenge_method: 'S256',
    code_challenge: challenge,
  });
  const page = await fetch(`${client.sandbox.url}/oauth/authorize?${query.toString()}`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('Allow');
  const { headers } = await form('/oauth/authorize/approve', {
    account,
    redirect_uri: redirectUri,
    scope,
    state: 'our state',
    code_challenge: challenge,
  });
  const back = new URL(headers.get('location') ?? '');
  expect(back.origin + back.pathname).toBe(redirectUri);
  return { code: back.searchParams.get('code') ?? '', state: back.searchParams.get('state') ?? '', verifier };
}

const exchange = (code: string, verifier: string) =>
  form(
    '/oauth/token',
    { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri },
    { authorization: basic() },
  );

test('every operation is in the coverage table and in that of the limits, and every entry has its route', () => {
  const served = client.sandbox.router.routes().filter(({ operation }) => !['sandbox', 'page'].includes(operation));
  const names = [...new Set(served.map(({ operation }) => operation))].sort();
  expect(Object.keys(klaviyoCoverage).sort()).toEqual(names);
  expect(Object.keys(operations).sort()).toEqual(names.filter((name) => !name.startsWith('oauth.')));
  for (const { testedBy } of Object.values(klaviyoCoverage)) expect(existsSync(testedBy)).toBe(true);
});

test('a private key tells its account; accounts are apart', async () => {
  const [first, second] = await Promise.all([
    client.call('GET', '/api/accounts'),
    client.call('GET', '/api/accounts', { auth: 'Klaviyo-API-Key pk_sandbox_TANDM2' }),
  ]);
  expect(first.data[0]?.id).toBe('TANDM1');
  expect(second.data[0]?.id).toBe('TANDM2');
  expect((await client.call('GET', '/api/accounts/TANDM1')).one.attributes['public_api_key']).toBe('TANDM1');
  const other = await client.call('GET', '/api/accounts/TANDM2', { wrong: true });
  expect(other.status).toBe(404);
  expect(await client.all('/api/profiles')).not.toHaveLength(0);
  expect((await client.call('GET', '/api/profiles', { auth: 'Klaviyo-API-Key pk_sandbox_TANDM2' })).data).toEqual([]);
});

test('a wrong key, no key and no revision are refused in Klaviyo’s words', async () => {
  const wrong = await client.call('GET', '/api/lists', { auth: 'Klaviyo-API-Key nonsense', wrong: true });
  expect(wrong.status).toBe(401);
  expect(wrong.error.code).toBe('not_authenticated');
  expect((await client.call('GET', '/api/lists', { auth: '', wrong: true })).status).toBe(401);
  const noRevision = await client.call('GET', '/api/lists', { headers: { revision: '' }, wrong: true });
  expect(noRevision.status).toBe(400);
  expect(
    (await client.call('GET', '/api/lists', { query: { nonsense: '1' }, wrong: true })).error.source.parameter,
  ).toBe('nonsense');
  const typed = await client.call('POST', '/api/lists', {
    body: 'x=1',
    headers: { 'content-type': 'text/plain' },
    wrong: true,
  });
  expect([400, 415]).toContain(typed.status);
  expect((await client.call('POST', '/api/lists', { body: '{ broken', wrong: true })).status).toBe(400);
  expect((await client.call('GET', '/api/nothing', { wrong: true })).error.code).toBe('not_found');
  expect((await client.call('DELETE', '/api/profiles', { wrong: true })).status).toBe(405);
});

test('A2: a key without a scope is told which one is missing', async () => {
  await client.steer('POST', '/keys', { account: 'TANDM1', key: 'pk_narrow', scopes: ['profiles:read'] });
  const auth = 'Klaviyo-API-Key pk_narrow';
  expect((await client.call('GET', '/api/profiles', { auth })).status).toBe(200);
  const refused = await client.call('GET', '/api/lists/NwsLtr/profiles', { auth });
  expect(refused.status).toBe(403);
  expect(refused.error.detail).toContain('lists:read');
  await client.steer('DELETE', '/keys', { account: 'TANDM1', key: 'pk_narrow' });
  expect((await client.call('GET', '/api/profiles', { auth })).status).toBe(401);
});

test('OAuth with PKCE: a code works once, with its verifier; the refresh token stays the same', async () => {
  const { code, state, verifier } = await consent('TANDM2', 'accounts:read profiles:read');
  expect(state).toBe('our state');
  const stranger = await form(
    '/oauth/token',
    { grant_type: 'refresh_token', refresh_token: 'x' },
    { authorization: 'Basic eDp5' },
  );
  expect(stranger.json['error']).toBe('invalid_client');
  const first = await exchange(code, verifier);
  expect(first.status).toBe(200);
  expect(first.json).toMatchObject({ expires_in: 3600, scope: 'accounts:read profiles:read' });
  expect((await exchange(code, verifier)).json['error']).toBe('invalid_grant');

  const auth = `Bearer ${first.json['access_token'] ?? ''}`;
  expect((await client.call('GET', '/api/accounts', { auth })).data[0]?.id).toBe('TANDM2');
  expect((await client.call('GET', '/api/lists', { auth })).status).toBe(403);

  const refreshed = await form(
    '/oauth/token',
    { grant_type: 'refresh_token', refresh_token: first.json['refresh_token'] ?? '' },
    { authorization: basic() },
  );
  expect(refreshed.json['refresh_token']).toBe(first.json['refresh_token']);
  expect(refreshed.json['access_token']).not.toBe(first.json['access_token']);
  // The older access token lives on until it runs out.
  expect((await client.call('GET', '/api/accounts', { auth })).status).toBe(200);
});

test('a wrong verifier, and a consent page asked for without PKCE, are refused', async () => {
  const { code } = await consent('TANDM1', 'accounts:read');
  expect((await exchange(code, 'not the verifier')).json['error']).toBe('invalid_grant');
  const page = await fetch(
    `${client.sandbox.url}/oauth/authorize?response_type=code&client_id=${client.sandbox.clientId}&redirect_uri=${encodeURIComponent(redirectUri)}`,
  );
  expect(page.status).toBe(400);
});

test('A5: revoking and uninstalling end the access, expired tokens can be refreshed', async () => {
  const granted = async (): Promise<Record<string, string>> => {
    const { code, verifier } = await consent('TANDM1', 'accounts:read');
    return (await exchange(code, verifier)).json;
  };
  const refresh = (token: string) =>
    form('/oauth/token', { grant_type: 'refresh_token', refresh_token: token }, { authorization: basic() });
  const works = async (token: string): Promise<boolean> =>
    (await client.call('GET', '/api/accounts', { auth: `Bearer ${token}` })).status === 200;

  const first = await granted();
  await client.steer('POST', '/accounts/TANDM1/expire-tokens');
  expect(await works(first['access_token'] ?? '')).toBe(false);
  const again = await refresh(first['refresh_token'] ?? '');
  expect(await works(again.json['access_token'] ?? '')).toBe(true);

  const revoked = await form(
    '/oauth/revoke',
    { token: first['refresh_token'] ?? '', token_type_hint: 'refresh_token' },
    { authorization: basic() },
  );
  expect(revoked.status).toBe(200);
  expect(await works(again.json['access_token'] ?? '')).toBe(false);
  expect((await refresh(first['refresh_token'] ?? '')).json['error']).toBe('invalid_grant');

  const second = await granted();
  await client.steer('POST', '/accounts/TANDM1/uninstall');
  expect((await refresh(second['refresh_token'] ?? '')).json['error']).toBe('invalid_grant');
});

test('limits: fixed windows by operation, headers while there is room, only Retry-After when there is none', async () => {
  await client.steer('POST', '/limits', { enabled: true });
  const first = await client.call('GET', '/api/accounts', { auth: 'Klaviyo-API-Key pk_sandbox_TANDM2' });
  expect(first.headers.get('ratelimit-limit')).toBe('1, 1;w=1, 15;w=60');
  expect(first.headers.get('ratelimit-remaining')).toBe('0');
  const second = await client.call('GET', '/api/accounts', { auth: 'Klaviyo-API-Key pk_sandbox_TANDM2' });
  expect(second.status).toBe(429);
  expect(second.error.code).toBe('throttled');
  expect(second.headers.get('retry-after')).toBe('1');
  expect(second.headers.get('ratelimit-limit')).toBeNull();
  // Another operation has room of its own, and so has another account.
  expect((await client.call('GET', '/api/lists', { auth: 'Klaviyo-API-Key pk_sandbox_TANDM2' })).status).toBe(200);
  const token = String(client.sandbox.tokens.issue('TANDM2', '')['access_token']);
  expect((await client.call('GET', '/api/accounts', { auth: `Bearer ${token}` })).status).toBe(200);
});

test('limits: dear answers count apart from their cheap operation', async () => {
  await client.steer('POST', '/limits', { enabled: true });
  const query = { 'additional-fields[list]': 'profile_count' };
  expect((await client.call('GET', '/api/lists/VipLst', { query })).one.attributes['profile_count']).toBeGreaterThan(0);
  expect((await client.call('GET', '/api/lists/VipLst', { query })).status).toBe(429);
  const cheap = await client.call('GET', '/api/lists/VipLst');
  expect(cheap.headers.get('ratelimit-limit')).toBe('75, 75;w=1, 750;w=60');
});

test('G1: faults strike as they are told', async () => {
  await client.steer('POST', '/faults', { kind: 'status', status: 429, retryAfter: 7, operation: 'lists.' });
  const throttled = await client.call('GET', '/api/lists');
  expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '7']);
  await client.steer('POST', '/faults', { kind: 'expired_token' });
  expect((await client.call('GET', '/api/lists')).status).toBe(401);

  const body = { data: { type: 'list', attributes: { name: 'Kept although the answer was lost' } } };
  await client.steer('POST', '/faults', { kind: 'lost_answer', operation: 'lists.create' });
  await expect(client.call('POST', '/api/lists', { body })).rejects.toThrow();
  expect((await client.all('/api/lists')).map(({ attributes }) => attributes['name'])).toContain(
    'Kept although the answer was lost',
  );
  await client.steer('POST', '/faults', { kind: 'reset', operation: 'lists.create' });
  await expect(client.call('POST', '/api/lists', { body })).rejects.toThrow();
  expect(
    (await client.all('/api/lists')).filter(({ attributes }) => attributes['name'] === body.data.attributes.name),
  ).toHaveLength(1);
  await client.steer('POST', '/faults', { kind: 'half_answer', operation: 'lists.list' });
  await expect(client.call('GET', '/api/lists')).rejects.toThrow();
});

test('calls are counted by operation, and everything can be put back to the start', async () => {
  await client.steer('DELETE', '/calls');
  await client.call('GET', '/api/lists');
  await client.call('POST', '/api/lists', { body: { data: { type: 'list', attributes: { name: 'Short-lived' } } } });
  expect(await client.steer('GET', '/calls')).toMatchObject({
    total: 2,
    writes: 1,
    byOperation: { 'lists.list': { count: 1 }, 'lists.create': { count: 1, statuses: { '201': 1 } } },
  });
  await client.steer('POST', '/reset');
  expect((await client.all('/api/lists')).map(({ id }) => id).sort()).toEqual(['CstHub', 'NwsLtr', 'VipLst']);
});

test('the inspector shows profiles, lists, events, jobs and calls, and escapes what it shows', async () => {
  const [account] = client.sandbox.accounts.values();
  const [profile] = account?.profiles.values() ?? [];
  if (account === undefined || profile === undefined) throw new Error('nobody');
  profile.first_name = '<b>bold</b>';
  account.touch(profile);
  const page = async (path: string): Promise<string> => {
    const response = await fetch(client.sandbox.url + path);
    expect(response.status).toBe(200);
    return response.text();
  };
  const root = '/_sandbox/inspect/TANDM1';
  expect(await page('/')).toContain('TANDM1');
  for (const path of ['', '/lists', '/groups/NwsLtr', '/groups/DeSpkr', '/events', '/jobs']) await page(root + path);
  expect(await page('/_sandbox/inspect/calls')).toContain('lists.list');
  const found = await page(`${root}?q=%3Cb%3Ebold`);
  expect(found).toContain('&#60;b&#62;bold');
  expect(found).not.toContain('<b>bold');

  const editor = `${root}/profiles/${profile.id}`;
  expect(await page(editor)).toContain('Save as a person in Klaviyo');
  const saved = await form(editor, { email: profile.email ?? '', first_name: 'Edited', 'location.city': 'Łódź' });
  expect(saved.status).toBe(303);
  expect([profile.first_name, profile.location['city']]).toEqual(['Edited', 'Łódź']);
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as hubspot from '../../../server/vendors/hubspot/oauth.js';
import { openHubspotSession } from '../../../server/vendors/hubspot/session.js';
import * as klaviyo from '../../../server/vendors/klaviyo/oauth.js';
import { scriptedVendor, watch, type Reply, type ScriptedVendor } from './scripted-vendor.js';

let vendor: ScriptedVendor;
let app: hubspot.HubspotApp & klaviyo.KlaviyoApp;
beforeAll(async () => {
  vendor = await scriptedVendor();
  app = { clientId: 'id', clientSecret: 'client-secret', apiUrl: vendor.url, appUrl: 'https://app.example.com' };
});
afterAll(() => vendor.close());

const formOf = (index = 0): Record<string, string> => Object.fromEntries(new URLSearchParams(vendor.seen[index]?.body));

test('the consent pages are asked with everything that the vendors want', () => {
  const request = { redirectUri: 'https://tandem.example.com/back', scopes: ['a', 'b'], state: 'x y' };
  const plain = new URL(hubspot.authorizeUrl(app, request));
  expect(plain.origin + plain.pathname).toBe('https://app.example.com/oauth/authorize');
  expect(Object.fromEntries(plain.searchParams)).toEqual({
    client_id: 'id',
    redirect_uri: 'https://tandem.example.com/back',
    scope: 'a b',
    state: 'x y',
  });
  const pinned = new URL(hubspot.authorizeUrl(app, { ...request, optionalScopes: ['c'], portalId: '41' }));
  expect(pinned.pathname).toBe('/oauth/41/authorize');
  expect(pinned.searchParams.get('optional_scope')).toBe('c');
  const pkce = new URL(klaviyo.authorizeUrl(app, { ...request, codeChallenge: 'challenge' }));
  expect(Object.fromEntries(pkce.searchParams)).toMatchObject({
    response_type: 'code',
    code_challenge: 'challenge',
    code_challenge_method: 'S256',
    scope: 'a b',
  });
});

test('a code is exchanged at the dated endpoint, with everything in the form', async () => {
  vendor.answers(() => ({
    json: {
      access_token: 'at',
      refresh_token: 'rt',
      expires_in: 1800,
      hub_id: 41,
      scopes: ['oauth'],
      token_type: 'bearer',
    },
  }));
  expect(await hubspot.exchangeCode(app, 'code', 'https://back')).toEqual({
    accessToken: 'at',
    refreshToken: 'rt',
    expiresIn: 1800,
    hubId: '41',
    scopes: ['oauth'],
  });
  expect(vendor.seen[0]?.path).toBe('/oauth/2026-09/token');
  expect(formOf()).toEqual({
    grant_type: 'authorization_code',
    code: 'code',
    redirect_uri: 'https://back',
    client_id: 'id',
    client_secret: 'client-secret',
  });
  await hubspot.refresh(app, 'old');
  expect(formOf(1)).toMatchObject({ grant_type: 'refresh_token', refresh_token: 'old' });
});

test('Klaviyo’s code goes with its verifier and Basic authorisation', async () => {
  vendor.answers(() => ({ json: { access_token: 'at', refresh_token: 'rt', expires_in: 3600, scope: 'a  b' } }));
  expect(await klaviyo.exchangeCode(app, 'code', 'verifier', 'https://back')).toEqual({
    accessToken: 'at',
    refreshToken: 'rt',
    expiresIn: 3600,
    scopes: ['a', 'b'],
  });
  expect(vendor.seen[0]).toMatchObject({
    path: '/oauth/token',
    headers: { authorization: `Basic ${Buffer.from('id:client-secret').toString('base64')}` },
  });
  expect(formOf()).toEqual({
    grant_type: 'authorization_code',
    code: 'code',
    code_verifier: 'verifier',
    redirect_uri: 'https://back',
  });
  expect(await klaviyo.refresh(app, 'old')).toMatchObject({ refreshToken: 'rt' });
});

const refreshes = [
  ['HubSpot', () => hubspot.refresh(app, 'refresh-secret')],
  ['Klaviyo', () => klaviyo.refresh(app, 'refresh-secret')],
] as const;
const oauthError = (error: string, status: string): Reply => ({
  status: 400,
  json: { error, error_description: 'refresh token is invalid, expired or revoked', status, message: 'x' },
});

const outcomes: [string, Reply, object][] = [
  ['a withdrawn token', oauthError('invalid_grant', 'BAD_REFRESH_TOKEN'), { name: 'NeedsPerson' }],
  [
    'our own wrong credentials',
    { ...oauthError('invalid_client', 'BAD_CLIENT_SECRET'), status: 401 },
    { name: 'VendorBug' },
  ],
  ['a refusal by something in between', { status: 403, text: '<html>Forbidden</html>' }, { name: 'VendorBug' }],
  ['an unknown path', { status: 404, json: { message: 'not found' } }, { name: 'VendorBug' }],
  ['a redirect', { status: 302, headers: { location: 'https://elsewhere.example.com/' } }, { name: 'VendorBug' }],
  ['too many', { status: 429 }, { name: 'RetryLater' }],
  ['a bad gateway', { status: 502, text: 'bad' }, { name: 'RetryLater' }],
  ['half an answer', { text: '{"access_token":"at","refr' }, { name: 'RetryLater' }],
  [
    'an answer without a token',
    { json: { access_token: '', refresh_token: 'x', expires_in: 1 } },
    { name: 'RetryLater' },
  ],
  ['a reset', { breaks: 'reset' }, { name: 'RetryLater' }],
];

test.each(
  refreshes.flatMap(([name, refresh]) =>
    outcomes.map(([words, reply, kind]) => [name, words, refresh, reply, kind] as const),
  ),
)('A4, A5: %s refreshing meets %s', async (_name, _words, refresh, reply, kind) => {
  vendor.answers(() => reply);
  const error = await refresh().then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toMatchObject(kind);
  const words = JSON.stringify([(error as Error).message, (error as Error).stack, { ...(error as Error) }]);
  expect(words).not.toMatch(/refresh-secret|client-secret/);
});

test('a code that was used before is told in words', async () => {
  vendor.answers(() => oauthError('invalid_grant', 'BAD_AUTH_CODE'));
  await expect(hubspot.exchangeCode(app, 'c', 'r')).rejects.toMatchObject({
    code: 'reconnect_hubspot',
    message: expect.stringContaining('code'),
  });
  await expect(klaviyo.exchangeCode(app, 'c', 'v', 'r')).rejects.toMatchObject({
    code: 'reconnect_klaviyo',
    message: expect.stringContaining('code'),
  });
});

test('A5: a revocation of what is gone is done; one that did not arrive is to be done again', async () => {
  for (const revoke of [() => hubspot.revoke(app, 'rt'), () => klaviyo.revoke(app, 'rt')]) {
    for (const status of [200, 204, 400, 404]) {
      vendor.answers(() => ({ status, json: {} }));
      await revoke();
      expect(formOf()).toMatchObject({ token: 'rt', token_type_hint: 'refresh_token' });
    }
    vendor.answers(() => ({ status: 503 }));
    await expect(revoke()).rejects.toMatchObject({ name: 'RetryLater' });
    vendor.answers(() => ({ status: 401, json: { error: 'invalid_client' } }));
    await expect(revoke()).rejects.toMatchObject({ name: 'VendorBug' });
  }
});

test('a token can be asked what it is worth', async () => {
  vendor.answers(() => ({ json: { active: true, hub_id: 41, scopes: ['oauth'], token_use: 'access_token' } }));
  expect(await hubspot.introspect(app, 'at')).toEqual({ active: true, hubId: '41', scopes: ['oauth'] });
  vendor.answers(() => ({ json: { active: false } }));
  expect(await hubspot.introspect(app, 'at')).toEqual({ active: false, hubId: null, scopes: [] });
  vendor.answers(() => ({ status: 400, json: {} }));
  await expect(hubspot.introspect(app, 'at')).rejects.toMatchObject({ name: 'VendorBug' });
});

test('A5: the app removes itself with the portal’s own token', async () => {
  vendor.answers(() => ({ status: 204 }));
  const session = openHubspotSession({
    ...watch(),
    portalId: '41',
    apiUrl: vendor.url,
    priority: 'person',
    token: async () => 'at',
  });
  await hubspot.uninstall(session);
  expect(vendor.seen[0]).toMatchObject({
    method: 'DELETE',
    path: '/appinstalls/2026-09/external-install',
    headers: { authorization: 'Bearer at' },
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import request from 'supertest';
import { approve, connectByKey, openApiWorld, type ApiWorld } from '../api/api-world.js';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
  await world.install(world.portalId);
  await world.install(world.otherPortalId);
});
afterAll(() => world.close());
beforeEach(() => world.database.db.query('delete from klaviyo_account'));

interface Account {
  id: string;
  name: string;
  state: string;
  auth: string;
  missingScopes: string[];
}
const accounts = async (): Promise<Account[]> =>
  ((await world.call('GET', '/account')).body as { klaviyoAccounts: Account[] }).klaviyoAccounts;

/** The path of the link that begins the flow. */
async function link(): Promise<string> {
  const answer = await world.call('POST', '/klaviyo-accounts/oauth-link');
  expect(answer.status).toBe(201);
  const { url, expiresAt } = answer.body as { url: string; expiresAt: string };
  expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(500_000);
  return url.replace(world.publicUrl, '');
}

describe('connecting Klaviyo by OAuth', () => {
  test('A2: link, consent with PKCE, exchange, the company’s name shown', async () => {
    const browser = request.agent(world.app);
    const begun = await browser.get(await link());
    expect(begun.status).toBe(302);
    const consent = new URL(begun.headers['location'] ?? '');
    expect(consent.searchParams.get('code_challenge_method')).toBe('S256');
    expect(consent.searchParams.get('scope')).toContain('profiles:write');
    const page = await browser.get(await approve(consent.href, { account: 'TANDM1' }));
    expect([page.status, page.text.includes('Lantern Books Shop')]).toEqual([200, true]);
    expect(await accounts()).toEqual([
      { id: expect.any(String), name: 'Lantern Books Shop', state: 'connected', auth: 'oauth', missingScopes: [] },
    ]);
    const [row] = await world.database.db.query<{ text: string }>(
      'select klaviyo_account::text as text from klaviyo_account',
    );
    expect(row?.text).not.toMatch(/k[ar]-[0-9a-f]{20}/);
    const [state] = await world.database.db.query<{ text: string }>(
      `select string_agg(oauth_state::text, ' ') as text from oauth_state`,
    );
    expect(state?.text).not.toContain(consent.searchParams.get('state') ?? '');
  });

  test('a link works once, and only while it lasts', async () => {
    const path = await link();
    expect((await request(world.app).get(path)).status).toBe(302);
    const again = await request(world.app).get(path);
    expect([again.status, again.text.includes('has been used or is too old')]).toEqual([400, true]);
    const late = await link();
    await world.database.db.query(`update oauth_state set expires_at = now() - interval '1 second'`);
    expect((await request(world.app).get(late)).status).toBe(400);
    expect((await request(world.app).get('/oauth/klaviyo/start?ticket=guessed')).status).toBe(400);
  });

  test('A1: a consent cannot be finished in another browser, nor a link be used as a state', async () => {
    const browser = request.agent(world.app);
    const begun = await browser.get(await link());
    const back = await approve(begun.headers['location'] ?? '', { account: 'TANDM1' });
    expect((await request.agent(world.app).get(back)).status).toBe(400);
    const ticket = new URL(await link(), world.publicUrl).searchParams.get('ticket') ?? '';
    const forged = await request(world.app)
      .get(`/oauth/klaviyo/callback?code=abc&state=${ticket}`)
      .set('cookie', 'tandem_oauth=ticket');
    expect(forged.status).toBe(400);
    expect(await accounts()).toEqual([]);
  });

  test('a denied consent and a code Klaviyo does not know end on a page', async () => {
    const browser = request.agent(world.app);
    expect((await browser.get('/oauth/klaviyo/callback?error=access_denied')).status).toBe(400);
    const begun = new URL((await browser.get(await link())).headers['location'] ?? '');
    const wrong = await browser.get(
      `/oauth/klaviyo/callback?code=wrong&state=${begun.searchParams.get('state') ?? ''}`,
    );
    expect([wrong.status, wrong.type]).toEqual([400, 'text/html']);
  });
});

describe('connecting Klaviyo by private key', () => {
  test('A2: the key is checked at once, the company’s name is shown, the key lies sealed', async () => {
    const answer = await world.call('POST', '/klaviyo-accounts', { apiKey: ' pk_sandbox_TANDM1 ' });
    expect([answer.status, answer.body]).toEqual([
      201,
      { id: expect.any(String), name: 'Lantern Books Shop', state: 'connected', auth: 'api_key', missingScopes: [] },
    ]);
    const [row] = await world.database.db.query<{ text: string }>(
      'select klaviyo_account::text as text from klaviyo_account',
    );
    expect(row?.text).not.toContain('pk_sandbox');
    expect(JSON.stringify(await accounts())).not.toContain('pk_');
  });

  test('A2: a key that Klaviyo does not know is refused in words', async () => {
    const answer = await world.call('POST', '/klaviyo-accounts', { apiKey: 'pk_nobody_knows_it' });
    expect([answer.status, answer.body]).toMatchObject([
      422,
      { error: { code: 'invalid_api_key', message: 'Klaviyo does not know this key.', field: 'apiKey' } },
    ]);
    expect(JSON.stringify(answer.body)).not.toContain('pk_nobody');
    expect(await accounts()).toEqual([]);
  });

  test('A2: a key without a needed permission is refused, and the permission named', async () => {
    const keys = world.klaviyo.accounts.get('TANDM1')?.keys;
    keys?.set('pk_without_accounts', ['profiles:read', 'lists:read', 'segments:read']);
    keys?.set('pk_without_lists', ['accounts:read', 'profiles:read', 'profiles:write', 'segments:read']);
    keys?.set('pk_that_only_reads', ['accounts:read', 'profiles:read', 'lists:read', 'segments:read']);
    keys?.set('pk_without_segments', ['accounts:read', 'profiles:read', 'profiles:write', 'lists:read', 'lists:write']);
    const connect = async (apiKey: string): Promise<unknown> => {
      const answer = await world.call('POST', '/klaviyo-accounts', { apiKey });
      return [answer.status, answer.body];
    };
    expect(await connect('pk_without_accounts')).toMatchObject([
      422,
      { error: { code: 'missing_scope', message: expect.stringContaining('accounts:read') } },
    ]);
    expect(await connect('pk_without_lists')).toMatchObject([
      422,
      { error: { code: 'missing_scope', message: expect.stringContaining('lists:read') } },
    ]);
    expect(await connect('pk_that_only_reads')).toMatchObject([
      422,
      { error: { code: 'missing_scope', message: expect.stringContaining('profiles:write') } },
    ]);
    expect(await connect('pk_without_segments')).toMatchObject([201, { missingScopes: ['segments:read'] }]);
  });

  test('reconnecting the same company keeps its id, also by the other way, and brings its connections back', async () => {
    const id = await connectByKey(world);
    const { db } = world.database;
    await db.query(
      `insert into connection (portal_id, klaviyo_account_id, type, name, state, config, activated_at) values ($1, $2, 'contact', 'c', 'active', '{}', now())`,
      [world.portalId, id],
    );
    expect((await world.call('DELETE', `/klaviyo-accounts/${id}`)).status).toBe(204);
    expect(await db.query('select state, state_reason from connection')).toEqual([
      { state: 'stopped', state_reason: 'klaviyo_disconnected' },
    ]);
    expect(await accounts()).toMatchObject([{ id, state: 'disconnected' }]);
    const browser = request.agent(world.app);
    const begun = await browser.get(await link());
    await browser.get(await approve(begun.headers['location'] ?? '', { account: 'TANDM1' }));
    expect(await accounts()).toMatchObject([{ id, state: 'connected', auth: 'oauth' }]);
    expect(await db.query('select state from connection')).toEqual([{ state: 'paused' }]);
    expect(await db.query('select api_key from klaviyo_account')).toEqual([{ api_key: null }]);
  });

  test('disconnecting an OAuth account takes its access back at Klaviyo too', async () => {
    const browser = request.agent(world.app);
    const begun = await browser.get(await link());
    await browser.get(await approve(begun.headers['location'] ?? '', { account: 'TANDM1' }));
    const [account] = await accounts();
    const revoked = (): number => world.klaviyo.calls.summary().byOperation['oauth.revoke']?.count ?? 0;
    const before = revoked();
    expect((await world.call('DELETE', `/klaviyo-accounts/${account?.id ?? ''}`)).status).toBe(204);
    expect(revoked()).toBe(before + 1);
  });

  test('A3: a portal connects several companies; A1: another portal sees none of them', async () => {
    const first = await connectByKey(world);
    const second = (await world.call('POST', '/klaviyo-accounts', { apiKey: 'pk_sandbox_TANDM2' })).body as Account;
    expect((await accounts()).map((account) => account.id).sort()).toEqual([first, second.id].sort());
    const other = { portalId: world.otherPortalId };
    expect((await world.call('GET', '/klaviyo-accounts', undefined, other)).body).toEqual({ results: [], next: null });
    expect((await world.call('DELETE', `/klaviyo-accounts/${first}`, undefined, other)).status).toBe(404);
    // The same company in two portals is two accounts.
    expect(await connectByKey(world, world.otherPortalId)).not.toBe(first);
  });
});

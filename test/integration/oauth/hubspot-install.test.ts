import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import request from 'supertest';
import { hubspotScopes } from '../../../server/oauth/scopes.js';
import { approve, openApiWorld, type ApiWorld } from '../api/api-world.js';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(() => world.close());
beforeEach(() => world.database.db.query('delete from portal'));

const begin = async (browser: ReturnType<typeof request.agent>): Promise<URL> => {
  const answer = await browser.get('/oauth/hubspot/install');
  expect(answer.status).toBe(302);
  return new URL(answer.headers['location'] ?? '');
};
const portals = (): Promise<unknown[]> =>
  world.database.db.query('select id, state, ui_domain from portal order by id');

describe('installing from HubSpot', () => {
  test('A1: consent, exchange, stored sealed, and a page that leads back to HubSpot', async () => {
    const browser = request.agent(world.app);
    const consent = await begin(browser);
    expect(consent.origin).toBe(world.hubspot.url);
    expect(Object.fromEntries(consent.searchParams)).toMatchObject({
      client_id: world.hubspot.clientId,
      redirect_uri: `${world.publicUrl}/oauth/hubspot/callback`,
      scope: hubspotScopes.join(' '),
    });
    const page = await browser.get(await approve(consent.href, { portalId: world.portalId }));
    expect([page.status, page.type]).toEqual([200, 'text/html']);
    expect(page.text).toContain(`/connected-apps/${world.portalId}/`);
    expect(await portals()).toEqual([{ id: world.portalId, state: 'installed', ui_domain: expect.any(String) }]);
    const [row] = await world.database.db.query<{ text: string }>('select portal::text as text from portal');
    expect(row?.text).not.toMatch(/access-|refresh-/);
    expect((await world.call('GET', '/account')).status).toBe(200);
  });

  test('a state works once, even when it comes back twice at the same moment', async () => {
    const browser = request.agent(world.app);
    const back = await approve((await begin(browser)).href, { portalId: world.portalId });
    const pages = await Promise.all([browser.get(back), browser.get(back)]);
    expect(pages.map((page) => page.status).sort()).toEqual([200, 400]);
    const again = await browser.get(back);
    expect(again.status).toBe(400);
    expect(again.text).toContain('used already');
  });

  test('a state of another browser, an unknown one and an expired one are refused in words', async () => {
    const browser = request.agent(world.app);
    const back = await approve((await begin(browser)).href, { portalId: world.portalId });
    const foreign = await request.agent(world.app).get(back);
    expect([foreign.status, foreign.text.includes('another browser')]).toEqual([400, true]);
    const unknown = await browser.get('/oauth/hubspot/callback?code=abc&state=guessed');
    expect([unknown.status, unknown.text.includes('not begun here')]).toEqual([400, true]);
    await world.database.db.query(`update oauth_state set expires_at = now() - interval '1 second'`);
    const late = await browser.get(back);
    expect([late.status, late.text.includes('ten minutes')]).toEqual([400, true]);
    expect(await portals()).toEqual([]);
  });

  test('a code that HubSpot does not know, no code, and a consent that was denied end on a page, not on an error', async () => {
    const browser = request.agent(world.app);
    const { searchParams } = await begin(browser);
    const wrong = await browser.get(`/oauth/hubspot/callback?code=wrong&state=${searchParams.get('state') ?? ''}`);
    expect([wrong.status, wrong.type]).toEqual([400, 'text/html']);
    expect((await browser.get('/oauth/hubspot/callback')).status).toBe(400);
    const denied = await browser.get(
      '/oauth/hubspot/callback?error=access_denied&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E',
    );
    expect(denied.status).toBe(400);
    expect(denied.text).not.toContain('<script>');
    expect(await portals()).toEqual([]);
  });

  test('an install begun on the marketplace: authorize hands back a state of ours, finalize ends where it began', async () => {
    const browser = request.agent(world.app);
    const returnUrl = 'https://app-eu1.hubspot.com/ecosystem/install?app=1';
    const authorize = await browser.get(
      `/oauth/hubspot/callback?step=authorize&returnUrl=${encodeURIComponent(returnUrl)}`,
    );
    expect(authorize.status).toBe(302);
    const target = new URL(authorize.headers['location'] ?? '');
    expect([target.origin, target.searchParams.get('app')]).toEqual(['https://app-eu1.hubspot.com', '1']);
    const state = target.searchParams.get('state') ?? '';
    const consent = `${world.hubspot.url}/oauth/authorize?client_id=x&scope=oauth&redirect_uri=${encodeURIComponent(`${world.publicUrl}/oauth/hubspot/callback`)}&state=${state}`;
    const back = await approve(consent, { portalId: world.portalId });
    const done = await browser.get(`${back}&step=finalize&returnUrl=${encodeURIComponent(returnUrl)}`);
    expect([done.status, done.headers['location']]).toEqual([302, returnUrl]);
    expect(await portals()).toHaveLength(1);
  });

  test.each([
    'https://evil.test/',
    'https://app.hubspot.com.evil.test/',
    'https://app-eu1.hubspot.com@evil.test/',
    'http://app.hubspot.com/',
    'https://app-x.y.hubspot.com/',
    'javascript:alert(1)',
    '//evil.test',
    '',
  ])('nobody is sent on to %p', async (returnUrl) => {
    const answer = await request(world.app).get(
      `/oauth/hubspot/callback?step=authorize&returnUrl=${encodeURIComponent(returnUrl)}`,
    );
    expect([answer.status, answer.headers['location']]).toEqual([400, undefined]);
  });

  test('A5: reinstalling within 30 days brings the connections back, paused', async () => {
    await world.install(world.portalId);
    const { db } = world.database;
    const [account] = await db.query<{ id: string }>(
      `insert into klaviyo_account (portal_id, company_id, name, state, auth) values ($1, 'ABC123', 'Shop', 'connected', 'api_key') returning id`,
      [world.portalId],
    );
    await db.query(
      `insert into connection (portal_id, klaviyo_account_id, type, name, config, state, state_reason, activated_at)
       values ($1, $2, 'contact', 'c', '{}', 'stopped', 'uninstalled', now()), ($1, $2, 'contact', 'k', '{}', 'stopped', 'klaviyo_disconnected', now())`,
      [world.portalId, account?.id],
    );
    await db.query(`update portal set state = 'uninstalled', erase_after = now() + interval '1 day'`);
    expect((await world.call('GET', '/account')).status).toBe(403);
    expect((await world.install(world.portalId)).status).toBe(200);
    expect(await db.query('select name, state from connection order by name')).toEqual([
      { name: 'c', state: 'paused' },
      { name: 'k', state: 'stopped' },
    ]);
    expect(await db.query('select erase_after from portal')).toEqual([{ erase_after: null }]);
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorld, until, type World } from '../helpers/service.js';

let world: World;
beforeAll(async () => {
  world = await openWorld({ installed: false });
}, 60_000);
afterAll(() => world.close());

/** A browser: keeps the service's cookies, follows redirects, presses the button of a consent page. */
function openBrowser() {
  const cookies = new Map<string, string>();
  const visited: string[] = [];
  const go = async (url: string, form?: URLSearchParams): Promise<{ url: string; status: number; text: string }> => {
    visited.push(url);
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location !== null) return go(new URL(location, url).href);
    return { url, status: answer.status, text: await answer.text() };
  };
  const allow = (page: { url: string }, choice: Record<string, string>) => {
    const { origin, searchParams } = new URL(page.url);
    return go(
      `${origin}/oauth/authorize/approve`,
      new URLSearchParams({ ...Object.fromEntries(searchParams), ...choice }),
    );
  };
  return { go, allow, visited };
}

const states = () => world.database.db.query<{ id: string; state: string }>('select id, state from portal');
const asked = (vendor: 'hubspot' | 'klaviyo', ...names: string[]): string[] =>
  world[vendor].calls.recent.map(({ operation }) => operation).filter((name) => names.includes(name));

async function tandem(...given: string[]): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [join(process.cwd(), 'build/server/operator.js'), ...given], {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: world.environment,
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (out += text));
  return { code: await new Promise((resolve) => child.once('close', resolve)), out };
}

test('A1: an installation begun on HubSpot’s marketplace goes authorize, finalize, and ends where HubSpot wants it', async () => {
  const browser = openBrowser();
  const listing = new URL('/marketplace/install', world.hubspot.url);
  listing.searchParams.set('redirect_uri', `${world.backend}/oauth/hubspot/callback`);
  listing.searchParams.set('portalId', world.portalId);
  const end = await browser.go(listing.href);
  expect([end.status, new URL(end.url).pathname]).toEqual([200, '/marketplace/done']);
  const steps = browser.visited.map((url) => new URL(url).searchParams.get('step')).filter((step) => step !== null);
  expect(steps).toEqual(['authorize', 'finalize']);
  expect(await states()).toEqual([{ id: world.portalId, state: 'installed' }]);
  expect((await world.call('GET', '/account')).status).toBe(200);
});

test('A2: an installation begun in Klaviyo’s directory asks HubSpot who is there, and ends connected', async () => {
  const browser = openBrowser();
  const hubspot = await browser.go(`${world.backend}/oauth/klaviyo/install`);
  expect(new URL(hubspot.url).origin).toBe(world.hubspot.url);
  const klaviyo = await browser.allow(hubspot, { portalId: world.portalId });
  expect(new URL(klaviyo.url).origin).toBe(world.klaviyo.url);
  const end = await browser.allow(klaviyo, { account: 'TANDM1' });
  expect([end.status, end.text]).toEqual([200, expect.stringContaining('Klaviyo is connected')]);
  expect(await world.database.db.query('select portal_id, company_id, auth, state from klaviyo_account')).toEqual([
    { portal_id: world.portalId, company_id: 'TANDM1', auth: 'oauth', state: 'connected' },
  ]);
});

test('A5: removed from our side: Klaviyo and HubSpot are told, tokens go, configuration stays for 30 days', async () => {
  expect(await tandem('uninstall', world.portalId)).toEqual({ code: 0, out: expect.stringContaining('uninstalled') });
  expect(asked('hubspot', 'oauth.uninstall', 'oauth.revoke')).toEqual(['oauth.uninstall', 'oauth.revoke']);
  expect(asked('klaviyo', 'oauth.revoke')).toHaveLength(1);
  expect(
    await world.database.db.query(
      `select p.state, p.access_token, p.refresh_token, p.erase_after > now() + interval '29 days' as kept, a.state as klaviyo, a.refresh_token as klaviyo_token
       from portal p join klaviyo_account a on a.portal_id = p.id`,
    ),
  ).toEqual([
    {
      state: 'uninstalled',
      access_token: null,
      refresh_token: null,
      kept: true,
      klaviyo: 'disconnected',
      klaviyo_token: null,
    },
  ]);
  expect((await world.call('GET', '/account')).status).toBe(403);
  expect((await tandem('uninstall', world.portalId)).code).toBe(2);
});

test('A5: removed on HubSpot’s side after a new installation: the syncs stop with the first refused token', async () => {
  const browser = openBrowser();
  await browser.allow(await browser.go(`${world.backend}/oauth/hubspot/install`), { portalId: world.portalId });
  expect(await states()).toEqual([{ id: world.portalId, state: 'installed' }]);
  await fetch(`${world.hubspot.url}/_sandbox/uninstall`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ portalId: world.portalId }),
  });
  await until('the removal to be noticed', async () => {
    await world.call('GET', '/hubspot/lists');
    return (await states())[0]?.state === 'uninstalled' ? true : null;
  });
});

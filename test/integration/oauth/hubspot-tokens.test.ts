import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { NeedsPerson, RetryLater, VendorBug } from '../../../server/errors.js';
import { createMetrics } from '../../../server/metrics.js';
import { hubspotAccessToken, hubspotSecretOwner, type HubspotTokenDeps } from '../../../server/oauth/hubspot-tokens.js';
import { createSealer } from '../../../server/oauth/seal.js';
import { openPool, poolDatabase } from '../../../server/store/database.js';
import { eraseExpired, findPortal, installPortal } from '../../../server/store/portals.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';
import { startTokenServer, type TokenServer } from './token-server.js';

const portalId = '41';
const owner = hubspotSecretOwner(portalId);
const sealer = createSealer([{ id: 't', key: Buffer.alloc(32, 1) }]);
let database: TestDatabase;
let tokens: TokenServer;
let pools: ReturnType<typeof openPool>[];
/** Two processes of the service, as far as the database sees. */
let processes: HubspotTokenDeps[];

beforeAll(async () => {
  [database, tokens] = await Promise.all([openTestDatabase(), startTokenServer()]);
  pools = ['one', 'two'].map((name) => openPool(database.url, { max: 4, applicationName: name }, () => undefined));
  processes = pools.map((pool, n) => ({
    db: poolDatabase(pool),
    sealer,
    app: { clientId: 'id', clientSecret: 'secret', apiUrl: tokens.url, appUrl: tokens.url },
    owner: `process-${n}`,
    clock: () => new Date(),
    metrics: createMetrics(),
  }));
});
afterAll(async () => {
  await Promise.all([tokens.close(), ...pools.map((pool) => pool.end())]);
  await database.close();
});

/** Installs the portal with an access token that lasts for so many seconds. */
async function install(seconds: number, refreshToken = 'refresh-0'): Promise<void> {
  await installPortal(
    database.db,
    { id: portalId, name: 'Lantern', uiDomain: 'app.hubspot.com', timeZone: null },
    {
      accessToken: sealer.seal('access-0', owner),
      refreshToken: sealer.seal(refreshToken, owner),
      expiresAt: new Date(Date.now() + seconds * 1000),
      scopes: ['oauth'],
    },
  );
}
beforeEach(async () => {
  await database.db.query('delete from portal');
  tokens.requests.length = 0;
  tokens.answer = null;
  tokens.delayMs = 0;
});

const one = (): HubspotTokenDeps => processes[0] as HubspotTokenDeps;

describe('access tokens of HubSpot', () => {
  test('A4: forty callers in two processes with an expired token are one refresh, and all get the new token', async () => {
    await install(-10);
    tokens.delayMs = 150;
    const got = await Promise.all(
      Array.from({ length: 40 }, (_, n) => hubspotAccessToken(processes[n % 2] as HubspotTokenDeps, portalId)),
    );
    expect(new Set(got)).toEqual(new Set(['access-1']));
    expect(tokens.requests).toHaveLength(1);
    expect(Object.fromEntries(tokens.requests[0] ?? [])).toEqual({
      client_id: 'id',
      client_secret: 'secret',
      grant_type: 'refresh_token',
      refresh_token: 'refresh-0',
    });
  });

  test('A4: a token is refreshed ahead of its end, and used while it lasts', async () => {
    await install(600);
    expect(await hubspotAccessToken(one(), portalId)).toBe('access-0');
    await install(90);
    expect(await hubspotAccessToken(one(), portalId)).toBe('access-1');
    expect(await hubspotAccessToken(one(), portalId)).toBe('access-1');
    expect(tokens.requests).toHaveLength(1);
  });

  test('A4: tokens and their successors lie sealed in the row', async () => {
    await install(-1);
    await hubspotAccessToken(one(), portalId);
    const [row] = await database.db.query<{ text: string }>('select portal::text as text from portal');
    expect(row?.text).not.toMatch(/access-|refresh-/);
    const [kept] = await database.db.query<{ refresh_token: string }>('select refresh_token from portal');
    expect(sealer.open(kept?.refresh_token ?? '', owner)).toBe('refresh-1');
  });

  test('a token that HubSpot refused before its time is replaced once, whoever met it', async () => {
    await install(600);
    tokens.delayMs = 50;
    const got = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        hubspotAccessToken(processes[n % 2] as HubspotTokenDeps, portalId, 'access-0'),
      ),
    );
    expect(new Set(got)).toEqual(new Set(['access-1']));
    expect(tokens.requests).toHaveLength(1);
  });

  test('A4: when the process that refreshes dies, another takes over once its lease is over', async () => {
    await install(-10);
    await database.db
      .query(`insert into lease (name, owner, token, until) values ('refresh:hubspot:41', 'dead', 7, clock_timestamp() + interval '400 ms')
      on conflict (name) do update set until = excluded.until`);
    expect(await hubspotAccessToken(one(), portalId)).toBe('access-1');
    expect(tokens.requests).toHaveLength(1);
  });

  test('A5: a withdrawn refresh token is an uninstall: syncs stop at once, the configuration stays for 30 days', async () => {
    await install(-10);
    const [account] = await database.db.query<{ id: string }>(
      `insert into klaviyo_account (portal_id, company_id, name, state, auth) values ($1, 'ABC123', 'Shop', 'connected', 'api_key') returning id`,
      [portalId],
    );
    await database.db.query(
      `insert into connection (portal_id, klaviyo_account_id, type, name, state, config, activated_at) values ($1, $2, 'contact', 'c', 'active', '{}', now()), ($1, $2, 'contact', 'd', 'draft', '{}', null)`,
      [portalId, account?.id],
    );
    tokens.answer = () => ({
      status: 400,
      body: JSON.stringify({
        error: 'invalid_grant',
        error_description: 'refresh token is invalid, expired or revoked',
        status: 'BAD_REFRESH_TOKEN',
      }),
    });
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, (_, n) => hubspotAccessToken(processes[n % 2] as HubspotTokenDeps, portalId)),
    );
    for (const result of results)
      expect(result.status === 'rejected' && result.reason instanceof NeedsPerson).toBe(true);
    expect(tokens.requests).toHaveLength(1);
    expect((await findPortal(database.db, portalId))?.state).toBe('uninstalled');
    const states = async (): Promise<unknown> =>
      (await database.db.query('select name, state, state_reason from connection order by name')).map((row) =>
        Object.values(row),
      );
    expect(await states()).toEqual([
      ['c', 'stopped', 'uninstalled'],
      ['d', 'stopped', 'uninstalled'],
    ]);
    const [left] = await database.db.query<{ days: number; secrets: number }>(
      `select round(extract(epoch from erase_after - now()) / 86400)::int as days, num_nonnulls(access_token, refresh_token) as secrets from portal`,
    );
    expect(left).toEqual({ days: 30, secrets: 0 });
    expect(await eraseExpired(database.db)).toBe(0);

    await install(600);
    expect(await states()).toEqual([
      ['c', 'paused', null],
      ['d', 'draft', null],
    ]);
  });

  test('A5: 30 days after the uninstall everything of the portal is erased, and nothing of others', async () => {
    await install(600);
    await database.db.query(
      `insert into portal (id, name, ui_domain, state) values (42, 'Other', 'app.hubspot.com', 'installed')`,
    );
    await database.db.query(`insert into hint_batch (portal_id, hints, size) values (41, '{}', 0), (42, '{}', 0)`);
    await database.db.query(
      `update portal set state = 'uninstalled', erase_after = now() - interval '1 second' where id = 41`,
    );
    expect(await eraseExpired(database.db)).toBe(1);
    expect(await database.db.query('select portal_id from hint_batch')).toEqual([{ portal_id: '42' }]);
  });

  test('a portal that was installed again while its old token was refused stays installed', async () => {
    await install(-10);
    tokens.delayMs = 150;
    tokens.answer = () => ({ status: 400, body: '{"error":"invalid_grant"}' });
    const refused = hubspotAccessToken(one(), portalId).catch((error: unknown) => error);
    while (tokens.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await install(600, 'refresh-of-the-new-install');
    // Nobody is needed: the next try has the new access.
    expect(await refused).toBeInstanceOf(RetryLater);
    expect((await findPortal(database.db, portalId))?.state).toBe('installed');
    expect(await hubspotAccessToken(one(), portalId)).toBe('access-0');
  });

  const ours: [string, number, string, unknown][] = [
    ['our client id being wrong', 400, '{"error":"invalid_client","status":"BAD_CLIENT_ID"}', VendorBug],
    ['a 403 of something in between', 403, '<html>Forbidden</html>', VendorBug],
    ['a 503', 503, '', RetryLater],
    ['half an answer', 200, '{"access_tok', RetryLater],
  ];
  test.each(ours)('%s says nothing about the portal: it stays installed', async (_name, status, body, kind) => {
    await install(-10);
    tokens.answer = () => ({ status, body });
    await expect(hubspotAccessToken(one(), portalId)).rejects.toBeInstanceOf(kind);
    expect((await findPortal(database.db, portalId))?.state).toBe('installed');
    tokens.answer = null;
    expect(await hubspotAccessToken(one(), portalId)).toMatch(/^access-/);
  });

  test('A1: a token sealed for one portal does not open for another', async () => {
    await install(600);
    await database.db
      .query(`insert into portal (id, name, ui_domain, state, access_token, refresh_token, access_expires_at)
      select 42, 'Other', ui_domain, 'installed', access_token, refresh_token, access_expires_at from portal where id = 41`);
    await expect(hubspotAccessToken(one(), '42')).rejects.toThrow(/another owner/);
  });
});

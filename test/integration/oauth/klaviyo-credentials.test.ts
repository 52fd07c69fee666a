import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { NeedsPerson, VendorBug } from '../../../server/errors.js';
import { createMetrics } from '../../../server/metrics.js';
import {
  credentialOf,
  klaviyoSecretOwner,
  type KlaviyoCredentialDeps,
} from '../../../server/oauth/klaviyo-credentials.js';
import { createSealer } from '../../../server/oauth/seal.js';
import { openPool, poolDatabase } from '../../../server/store/database.js';
import {
  disconnectKlaviyo,
  keepKlaviyoAccount,
  keepKlaviyoCredential,
} from '../../../server/store/klaviyo-accounts.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';
import { startTokenServer, type TokenServer } from './token-server.js';

const sealer = createSealer([{ id: 't', key: Buffer.alloc(32, 2) }]);
let database: TestDatabase;
let tokens: TokenServer;
let pools: ReturnType<typeof openPool>[];
let processes: KlaviyoCredentialDeps[];
let accountId: string;

beforeAll(async () => {
  [database, tokens] = await Promise.all([openTestDatabase(), startTokenServer()]);
  await database.db.query(
    `insert into portal (id, name, ui_domain, state) values (41, 'Lantern', 'app.hubspot.com', 'installed')`,
  );
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
beforeEach(async () => {
  tokens.requests.length = 0;
  tokens.answer = null;
  tokens.delayMs = 0;
  accountId = (await keepKlaviyoAccount(database.db, '41', { companyId: 'ABC123', name: 'Shop' }, 'oauth', [])).id;
});

async function connect(seconds: number): Promise<void> {
  const owner = klaviyoSecretOwner(accountId);
  await keepKlaviyoCredential(database.db, accountId, {
    access: sealer.seal('access-0', owner),
    refresh: sealer.seal('refresh-0', owner),
    expiresAt: new Date(Date.now() + seconds * 1000),
  });
}
const one = (): KlaviyoCredentialDeps => processes[0] as KlaviyoCredentialDeps;

describe('credentials of Klaviyo', () => {
  test('A4: thirty callers in two processes with an expired token are one refresh', async () => {
    await connect(-5);
    tokens.delayMs = 120;
    const got = await Promise.all(
      Array.from({ length: 30 }, (_, n) => credentialOf(processes[n % 2] as KlaviyoCredentialDeps, accountId)),
    );
    expect(new Set(got.map((credential) => JSON.stringify(credential)))).toEqual(
      new Set(['{"kind":"oauth","accessToken":"access-1"}']),
    );
    expect(tokens.requests.map((body) => body.get('refresh_token'))).toEqual(['refresh-0']);
  });

  test('a private key is handed out as it is, and never refreshed', async () => {
    await keepKlaviyoAccount(database.db, '41', { companyId: 'ABC123', name: 'Shop' }, 'api_key', []);
    await keepKlaviyoCredential(database.db, accountId, {
      apiKey: sealer.seal('pk_secret', klaviyoSecretOwner(accountId)),
    });
    expect(await credentialOf(one(), accountId)).toEqual({ kind: 'api_key', key: 'pk_secret' });
    const [row] = await database.db.query<{ text: string }>(
      'select klaviyo_account::text as text from klaviyo_account',
    );
    expect(row?.text).not.toContain('pk_secret');
    expect(tokens.requests).toHaveLength(0);
  });

  test('A5: access that Klaviyo withdrew needs a person; our own credentials being wrong does not', async () => {
    await connect(-5);
    tokens.answer = () => ({ status: 401, body: '{"error":"invalid_client"}' });
    await expect(credentialOf(one(), accountId)).rejects.toBeInstanceOf(VendorBug);
    tokens.answer = () => ({ status: 400, body: '{"error":"invalid_grant"}' });
    await expect(credentialOf(one(), accountId)).rejects.toMatchObject({
      name: 'NeedsPerson',
      code: 'reconnect_klaviyo',
    });
  });

  test('a disconnected account has no credential left', async () => {
    await connect(600);
    await disconnectKlaviyo(database.db, accountId);
    await expect(credentialOf(one(), accountId)).rejects.toBeInstanceOf(NeedsPerson);
    expect(
      await database.db.query(
        'select num_nonnulls(api_key, access_token, refresh_token) as n from klaviyo_account where id = $1',
        [accountId],
      ),
    ).toEqual([{ n: 0 }]);
  });
});

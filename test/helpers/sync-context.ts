import pino from 'pino';
import { firstPortal, type HubspotSandbox } from '../../sandbox/hubspot/index.js';
import type { KlaviyoSandbox } from '../../sandbox/klaviyo/index.js';
import { runSizes } from '../../server/contacts/run-sizes.js';
import { SweptProfiles } from '../../server/contacts/swept-profiles.js';
import type { SyncContext } from '../../server/contacts/sync-context.js';
import { createSealer } from '../../server/oauth/seal.js';
import { catalogueOf, type Catalogue } from '../../server/rules/mappings.js';
import { exchangeCode } from '../../server/vendors/hubspot/oauth.js';
import { openHubspotSession } from '../../server/vendors/hubspot/session.js';
import { KlaviyoSession } from '../../server/vendors/klaviyo/session.js';
import { makePortal } from './make-portal.js';
import type { TestDatabase } from './test-database.js';

/** Steps of the contact path without the service around them: a real database, the stand-ins, no queue. */
export interface StepWorld {
  ctx: SyncContext;
  portalId: string;
  klaviyoAccountId: string;
  connectionId: string;
  /** How often a drain was woken. */
  wakes(): number;
}

/** Sets up one portal, one Klaviyo account and one active contact connection over them. */
export async function openSteps(
  database: TestDatabase,
  hubspot: HubspotSandbox,
  klaviyo: KlaviyoSandbox,
  config: object,
  clock: () => Date = () => new Date(),
  catalogue: Catalogue = catalogueOf([], []),
): Promise<StepWorld> {
  const portalId = String(firstPortal);
  const app = {
    clientId: hubspot.clientId,
    clientSecret: hubspot.clientSecret,
    apiUrl: hubspot.url,
    appUrl: hubspot.url,
  };
  const redirectUri = 'http://localhost/back';
  const approved = await fetch(`${hubspot.url}/oauth/authorize/approve`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ portalId, redirect_uri: redirectUri, scope: 'oauth', state: 's' }).toString(),
  });
  const code = new URL(approved.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const tokens = await exchangeCode(app, code, redirectUri);
  const { db } = database;
  const klaviyoAccountId = await makePortal(db, portalId);
  const [connection] = await db.query<{ id: string }>(
    `insert into connection (portal_id, klaviyo_account_id, type, name, state, config) values ($1, $2, 'contact', 'Steps', 'active', $3) returning id`,
    [portalId, klaviyoAccountId, JSON.stringify(config)],
  );
  const vendor = {
    limiter: { take: () => Promise.resolve(), pause: () => Promise.resolve() },
    onCall: () => undefined,
    timeoutMs: 10_000,
  };
  let wakes = 0;
  const ctx: SyncContext = {
    db,
    log: pino({ level: 'silent' }),
    clock,
    owner: 'test',
    sealer: createSealer([{ id: 't', key: Buffer.alloc(32, 1) }]),
    pollSeconds: 1,
    runSizes: runSizes(2000),
    hubspot: (id, priority) =>
      openHubspotSession({
        ...vendor,
        portalId: id,
        apiUrl: hubspot.url,
        priority,
        token: () => Promise.resolve(tokens.accessToken),
      }),
    klaviyo: (id, priority) =>
      new KlaviyoSession({
        ...vendor,
        accountId: id,
        apiUrl: klaviyo.url,
        priority,
        credential: () => Promise.resolve({ kind: 'api_key', key: 'pk_sandbox_TANDM1' }),
      }),
    swept: new SweptProfiles(),
    catalogue: () => Promise.resolve(catalogue),
    wakeDrain: () => {
      wakes += 1;
      return Promise.resolve();
    },
  };
  return { ctx, portalId, klaviyoAccountId, connectionId: connection?.id ?? '', wakes: () => wakes };
}

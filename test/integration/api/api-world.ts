import { expect } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { pino } from 'pino';
import request from 'supertest';
import { firstPortal, startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { makePeople } from '../../../sandbox/seed/people.js';
import { operations } from '../../../server/api/operations.js';
import { createApp } from '../../../server/api/app.js';
import type { ApiDependencies, ConnectionRef } from '../../../server/api/dependencies.js';
import { keepDelivery } from '../../../server/engagement/keep-delivery.js';
import { hubspotWebhooks } from '../../../server/intake/hubspot-webhooks.js';
import { klaviyoWebhooks } from '../../../server/intake/klaviyo-webhooks.js';
import { createMetrics } from '../../../server/metrics.js';
import { hubspotInstall } from '../../../server/oauth/hubspot-install.js';
import { hubspotAccessToken } from '../../../server/oauth/hubspot-tokens.js';
import { klaviyoConnect, type ConnectDeps } from '../../../server/oauth/klaviyo-connect.js';
import { credentialOf } from '../../../server/oauth/klaviyo-credentials.js';
import { createSealer } from '../../../server/oauth/seal.js';
import { openHubspotSession } from '../../../server/vendors/hubspot/session.js';
import { KlaviyoSession } from '../../../server/vendors/klaviyo/session.js';
import { withinPortal } from '../../../server/store/portal-scope.js';
import { troublesOfAll } from '../../../server/store/vendor-troubles.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

type Change = Parameters<ApiDependencies['noticeRecords']>[2][number];

/** The API over a real database and real HTTP to the stand-ins; what it asks of the sync is written down. */
export interface ApiWorld {
  app: ReturnType<typeof createApp>;
  database: TestDatabase;
  hubspot: HubspotSandbox;
  klaviyo: KlaviyoSandbox;
  portalId: string;
  otherPortalId: string;
  publicUrl: string;
  /** What the API asked of the life cycle, in order. */
  asked: { what: string; connection: ConnectionRef }[];
  /** Records the API noted as changed. */
  noticed: (Omit<Change, 'side'> & { side: string; portalId: string })[];
  /** Portals whose unpacking was woken. */
  woken: string[];
  now: { offsetMs: number };
  /** Calls the API as HubSpot's fetch proxy would. */
  call(method: string, path: string, body?: unknown, more?: CallOptions): Promise<request.Response>;
  /** Goes through the installation in one browser; answers the last page. */
  install(portalId: string): Promise<request.Response>;
  close(): Promise<void>;
}

export interface CallOptions {
  portalId?: string;
  secret?: string;
  timestamp?: number;
  /** What is sent after the signature was made. */
  tamper?: (path: string) => string;
  rawBody?: string;
}

export const publicUrl = 'http://localhost:4000';
export const metricsToken = 'metrics-token-of-the-tests';

/** The sign a request carries: written out here, so that the service's own way is not what proves it. */
export function sign(secret: string, method: string, url: string, rawBody: string, timestamp: number): string {
  const undone = [':', '/', '?', '@', '!', '$', "'", '(', ')', '*', ',', ';'];
  const uri = undone.reduce(
    (text, character) => text.replaceAll(`%${character.charCodeAt(0).toString(16).toUpperCase()}`, character),
    url,
  );
  return createHmac('sha256', secret).update(`${method}${uri}${rawBody}${timestamp}`).digest('base64');
}

export async function openApiWorld(): Promise<ApiWorld> {
  const [database, hubspot, klaviyo] = await Promise.all([
    openTestDatabase(),
    startHubspot({ portals: 2, limits: false, people: makePeople(30, 3) }),
    startKlaviyo({ accounts: 2, limits: false, people: makePeople(30, 3) }),
  ]);
  const { db } = database;
  const log = pino({ level: 'silent' });
  const metrics = createMetrics();
  const now = { offsetMs: 0 };
  const clock = (): Date => new Date(Date.now() + now.offsetMs);
  const sealer = createSealer([{ id: 't', key: Buffer.alloc(32, 5) }]);
  const vendor = {
    limiter: { take: async () => undefined, pause: async () => undefined },
    onCall: () => undefined,
    timeoutMs: 10_000,
  };
  const hubspotApp = {
    clientId: hubspot.clientId,
    clientSecret: hubspot.clientSecret,
    apiUrl: hubspot.url,
    appUrl: hubspot.url,
  };
  const klaviyoApp = {
    clientId: klaviyo.clientId,
    clientSecret: klaviyo.clientSecret,
    apiUrl: klaviyo.url,
    appUrl: klaviyo.url,
  };
  const common = { db, sealer, clock, metrics, owner: 'test' };
  const klaviyoSession = (accountId: string): KlaviyoSession =>
    new KlaviyoSession({
      ...vendor,
      accountId,
      apiUrl: klaviyo.url,
      priority: 'person',
      credential: () => credentialOf({ ...common, app: klaviyoApp }, accountId),
    });
  const connect: ConnectDeps = {
    ...common,
    log,
    app: klaviyoApp,
    apiUrl: klaviyo.url,
    publicUrl,
    klaviyo: klaviyoSession,
    sessionWith: (credential, portalId) =>
      new KlaviyoSession({
        ...vendor,
        accountId: portalId,
        apiUrl: klaviyo.url,
        priority: 'person',
        credential: async () => credential,
      }),
  };
  const asked: ApiWorld['asked'] = [];
  const ask = (what: string) => (connection: ConnectionRef) => {
    asked.push({
      what,
      connection: { id: connection.id, portalId: connection.portalId, klaviyoAccountId: connection.klaviyoAccountId },
    });
    return Promise.resolve({ runId: '00000000-0000-4000-8000-000000000001' });
  };
  const noticed: ApiWorld['noticed'] = [];
  const woken: string[] = [];
  const deps: ApiDependencies = {
    undo: { start: () => Promise.resolve('run'), show: () => Promise.resolve({ people: [], more: false }) },
    explain: () => Promise.resolve({ contact: { email: null, hubspotId: null, klaviyoId: null }, steps: [] }),
    wakePreview: () => Promise.resolve(),
    repairs: { one: () => Promise.resolve(true), all: () => Promise.resolve(0) },
    db,
    log,
    clock,
    metrics,
    publicUrl,
    klaviyoAppUrl: klaviyo.url,
    clientSecret: hubspot.clientSecret,
    connect,
    hubspot: (portalId) =>
      openHubspotSession({
        ...vendor,
        portalId,
        apiUrl: hubspot.url,
        priority: 'person',
        token: () => hubspotAccessToken({ ...common, app: hubspotApp }, portalId),
      }),
    klaviyo: klaviyoSession,
    budget: () => Promise.resolve({ hubspot: 8, klaviyo: 75 }),
    lifecycle: {
      activate: ask('activate'),
      pause: async (connection) => void (await ask('pause')(connection)),
      resume: ask('resume'),
      sync: ask('sync'),
      configChanged: async (connection) => void (await ask('configChanged')(connection)),
      deleted: async (connection) => void (await ask('deleted')(connection)),
    },
    notice: async (portalId, changes) =>
      void noticed.push(...changes.map((change) => ({ ...change, side: 'hubspot', portalId }))),
    noticeRecords: async (portalId, _account, changes) =>
      void noticed.push(...changes.map((change) => ({ ...change, portalId }))),
  };
  const app = createApp({
    deps,
    pollSeconds: 30,
    metricsToken,
    routers: [
      hubspotWebhooks({
        db,
        log,
        clock,
        metrics,
        publicUrl,
        clientSecret: hubspot.clientSecret,
        wakeUnpacking: (portalId) => void woken.push(portalId),
      }),
      hubspotInstall({
        ...common,
        log,
        app: hubspotApp,
        appId: hubspot.appId,
        publicUrl,
        sessionWith: (portalId, token) =>
          openHubspotSession({
            ...vendor,
            portalId,
            apiUrl: hubspot.url,
            priority: 'person',
            token: async () => token,
          }),
      }),
      klaviyoConnect(connect),
      klaviyoWebhooks({
        db,
        log,
        clock,
        metrics,
        // Kept as it is: what seals it has tests of its own.
        secretOf: ({ webhook }) => webhook.secret,
        keep: (account, items) => withinPortal(account.portalId, () => keepDelivery({ db, sealer }, account, items)),
        wakeEngage: () => Promise.resolve(),
        wakeCollect: () => Promise.resolve(),
      }),
    ],
    ready: () => troublesOfAll(db),
  });
  const world: ApiWorld = {
    app,
    database,
    hubspot,
    klaviyo,
    portalId: String(firstPortal),
    otherPortalId: String(firstPortal + 1),
    publicUrl,
    asked,
    noticed,
    woken,
    now,
    async call(method, path, body, more = {}) {
      const rawBody = more.rawBody ?? (body === undefined ? '' : JSON.stringify(body));
      const query = new URLSearchParams({
        portalId: more.portalId ?? world.portalId,
        userId: '7001',
        userEmail: 'ops@example.com',
        appId: hubspot.appId,
      }).toString();
      const full = `/api/v1${path}${path.includes('?') ? '&' : '?'}${query}`;
      const timestamp = more.timestamp ?? clock().getTime();
      const sending = request(app)
        [method.toLowerCase() as 'get' | 'post' | 'patch' | 'delete'](more.tamper?.(full) ?? full)
        .set(
          'x-hubspot-signature-v3',
          sign(more.secret ?? hubspot.clientSecret, method, publicUrl + full, rawBody, timestamp),
        )
        .set('x-hubspot-request-timestamp', String(timestamp));
      const answer = await (rawBody === '' ? sending : sending.set('content-type', 'application/json').send(rawBody));
      if (answer.status < 300) asPublished(method, path, answer);
      return answer;
    },
    async install(portalId) {
      const browser = request.agent(app);
      const begun = await browser.get('/oauth/hubspot/install');
      return browser.get(await approve(begun.headers['location'] ?? '', { portalId }));
    },
    async close() {
      await Promise.all([hubspot.close(), klaviyo.close()]);
      await database.close();
    },
  };
  return world;
}

/** Every answer has the status and the shape that the interface publishes, and nothing beside. */
function asPublished(method: string, path: string, answer: request.Response): void {
  const bare = path.split('?')[0] ?? '';
  const fits = (pattern: string): boolean =>
    new RegExp(`^${pattern.replace('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(bare);
  // A literal path goes before one with a parameter: /issues/retry is no issue.
  const [operation] = operations
    .filter((one) => one.method === method.toLowerCase() && fits(one.path))
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length);
  if (operation === undefined) throw new Error(`${method} ${bare} is not published.`);
  expect([method, bare, answer.status]).toEqual([method, bare, operation.status]);
  if (operation.answer === null) expect(answer.text).toBe('');
  else if (operation.answer === 'text/csv') expect(answer.type).toBe('text/csv');
  else expect(operation.answer.parse(answer.body)).toEqual(answer.body);
}

/** A person says yes on a vendor's consent page; answers the path back to the service. */
export async function approve(consentUrl: string, choice: Record<string, string>): Promise<string> {
  const consent = new URL(consentUrl);
  const fields = Object.fromEntries(consent.searchParams);
  const response = await fetch(`${consent.origin}/oauth/authorize/approve`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ ...fields, ...choice }),
  });
  const back = new URL(response.headers.get('location') ?? '', publicUrl);
  return back.pathname + back.search;
}

/** Connects the first Klaviyo company by its key; answers the account's id. */
export async function connectByKey(world: ApiWorld, portalId = world.portalId): Promise<string> {
  const answer = await world.call('POST', '/klaviyo-accounts', { apiKey: 'pk_sandbox_TANDM1' }, { portalId });
  return (answer.body as { id: string }).id;
}

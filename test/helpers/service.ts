import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../sandbox/core/free-port.js';
import { hubspotFetch, installApp, type ProxyAnswer, type ProxyUser } from '../../sandbox/hubspot/fetch-proxy.js';
import { firstPortal, startHubspot, type HubspotOptions, type HubspotSandbox } from '../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoOptions, type KlaviyoSandbox } from '../../sandbox/klaviyo/index.js';
import type { Person } from '../../sandbox/seed/people.js';
import { leaksIn, secretsOf } from './leaks.js';
import { openTestDatabase, type TestDatabase } from './test-database.js';

/** The service as its users meet it: own processes, HTTP only, stand-ins for both vendors. */
export interface World {
  hubspot: HubspotSandbox;
  klaviyo: KlaviyoSandbox;
  backend: string;
  portalId: string;
  database: TestDatabase;
  user: ProxyUser;
  /** What the service is told from outside. */
  environment: Record<string, string>;
  /** What the service printed. */
  output(): string;
  /** Calls the API as the settings page would. */
  call(method: string, path: string, body?: unknown): Promise<ProxyAnswer>;
  start(environment?: Record<string, string>): Promise<void>;
  /** Ends the service: `SIGKILL` as a crash, `SIGTERM` as a deploy. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Starts one more process of the service over the same database; answers how to signal it. */
  startAnother(
    environment?: Record<string, string>,
  ): Promise<{ backend: string; kill(signal: NodeJS.Signals): Promise<void> }>;
  close(): Promise<void>;
}

/** Asks again until the answer is not null; the suite waits on facts. */
export async function until<T>(what: string, ask: () => Promise<T | null> | T | null, limitMs = 45_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  // Often at first, then less so: most facts come soon, and the API lets nobody ask without end.
  for (let pause = 20; ; pause = Math.min(pause * 1.1, 200)) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() > deadline) throw new Error(`Waited ${limitMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

export interface WorldOptions {
  people?: readonly Person[];
  hubspot?: HubspotOptions;
  klaviyo?: KlaviyoOptions;
  /** Whether HubSpot delivers webhooks. */
  webhooks?: boolean;
  environment?: Record<string, string>;
  /** Whether the app is installed and Klaviyo connected at once. */
  installed?: boolean;
}

const recordTo = process.env['TANDEM_TEST_TRAFFIC'];
const recording = recordTo === undefined ? {} : { recordTo };

/** Builds a world: stand-ins, a database of its own, the service started. Close it in afterAll. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const people = options.people ?? [];
  const [hubspot, klaviyo, database, port] = await Promise.all([
    startHubspot({ people, limits: false, searchLagMs: 200, ...recording, ...options.hubspot }),
    startKlaviyo({ people, limits: false, importMs: 60, ...recording, ...options.klaviyo }),
    openTestDatabase(),
    freePort(),
  ]);
  const backend = `http://localhost:${port}`;
  const portalId = String(firstPortal);
  const user: ProxyUser = { portalId, clientSecret: hubspot.clientSecret, appId: hubspot.appId, backend };
  if (options.webhooks !== false) hubspot.webhooks.targetUrl = `${backend}/webhooks/hubspot`;
  let service: ChildProcess | null = null;
  let printed = '';
  const shared: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOST: '127.0.0.1',
    PUBLIC_URL: backend,
    DATABASE_URL: database.url,
    ENCRYPTION_KEYS: `t1:${Buffer.alloc(32, 7).toString('base64')}`,
    LOG_LEVEL: 'info',
    POLL_SECONDS: '1',
    HUBSPOT_APP_ID: hubspot.appId,
    HUBSPOT_CLIENT_ID: hubspot.clientId,
    HUBSPOT_CLIENT_SECRET: hubspot.clientSecret,
    HUBSPOT_API_URL: hubspot.url,
    HUBSPOT_APP_URL: hubspot.url,
    KLAVIYO_CLIENT_ID: klaviyo.clientId,
    KLAVIYO_CLIENT_SECRET: klaviyo.clientSecret,
    KLAVIYO_API_URL: klaviyo.url,
    KLAVIYO_APP_URL: klaviyo.url,
    ...options.environment,
  };
  const others: ChildProcess[] = [];
  const launch = (at: number, environment: Record<string, string>): ChildProcess => {
    const child = spawn(process.execPath, ['--enable-source-maps', join(process.cwd(), 'build/server/main.js')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A folder without an .env: a developer's settings are not for tests.
      cwd: tmpdir(),
      env: { ...shared, PORT: String(at), ...environment },
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
    return child;
  };
  const ready = (child: ChildProcess, at: number): Promise<true> =>
    until('the service to be ready', async () => {
      if (child.exitCode !== null)
        throw new Error(`The service ended with ${child.exitCode}:\n${printed.slice(-2000)}`);
      return (await fetch(`http://127.0.0.1:${at}/readyz`).catch(() => null))?.status === 200 ? true : null;
    });
  const world: World = {
    hubspot,
    klaviyo,
    backend,
    portalId,
    database,
    user,
    environment: shared,
    output: () => printed,
    call: (method, path, body) => hubspotFetch(user, method, `/api/v1${path}`, body),
    async start(environment = {}) {
      service = launch(port, environment);
      await ready(service, port);
    },
    async startAnother(environment = {}) {
      const otherPort = await freePort();
      const other = launch(otherPort, environment);
      others.push(other);
      if (environment['ROLE'] !== 'worker') await ready(other, otherPort);
      return {
        backend: `http://localhost:${otherPort}`,
        async kill(signal) {
          if (other.exitCode !== null || other.signalCode !== null) return;
          const ended = new Promise((resolve) => other.once('exit', resolve));
          other.kill(signal);
          if (signal === 'SIGKILL' || signal === 'SIGTERM') await ended;
        },
      };
    },
    async kill(signal) {
      const ending = service;
      service = null;
      if (ending === null || ending.exitCode !== null) return;
      const ended = new Promise((resolve) => ending.once('exit', resolve));
      ending.kill(signal);
      await ended;
    },
    async close() {
      const alive = others.filter((other) => other.exitCode === null && other.signalCode === null);
      const ended = alive.map((other) => new Promise((resolve) => other.once('exit', resolve)));
      for (const other of alive) other.kill('SIGKILL');
      await Promise.all([world.kill('SIGTERM'), ...ended]);
      await Promise.all([hubspot.close(), klaviyo.close()]);
      await database.close();
      // A4: the logs of the whole suite, whatever its tests are about.
      const leaks = leaksIn(printed, secretsOf(world));
      if (leaks.length > 0) throw new Error(`The service printed what it must not:\n${leaks.slice(0, 5).join('\n')}`);
    },
  };
  await world.start();
  if (options.installed !== false) {
    const page = await installApp(backend, portalId);
    if (page.status !== 200) throw new Error(`The installation ended with ${page.status}: ${page.text}`);
  }
  return world;
}

/** Connects the first Klaviyo account by its key; answers its id. */
export async function connectKlaviyo(world: World): Promise<string> {
  const answer = await world.call('POST', '/klaviyo-accounts', { apiKey: 'pk_sandbox_TANDM1' });
  if (answer.status !== 201) throw new Error(answer.text);
  return (answer.json as { id: string }).id;
}

export const everybody = {
  hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }],
  klaviyoToHubspot: [{ source: { all: true } }],
};

/** Drafts a contact connection over everybody, both ways. Answers its id. */
export async function draftConnection(world: World, more: Record<string, unknown> = {}): Promise<string> {
  // Each connect asks Klaviyo who it is, and that has a narrow limit: an account that is connected already is given.
  const klaviyoAccountId = more['klaviyoAccountId'] ?? (await connectKlaviyo(world));
  const draft = await world.call('POST', '/connections', {
    type: 'contact',
    rules: everybody,
    ...more,
    klaviyoAccountId,
  });
  if (draft.status !== 201) throw new Error(draft.text);
  return (draft.json as { id: string }).id;
}

/** Activates a drafted connection. */
export async function activateConnection(world: World, id: string): Promise<void> {
  const activated = await world.call('POST', `/connections/${id}/activate`);
  if (activated.status !== 202) throw new Error(activated.text);
}

/** Drafts and activates a contact connection and waits until its initial run is through. Answers its id. */
export async function syncEverybody(world: World, more: Record<string, unknown> = {}): Promise<string> {
  const id = await draftConnection(world, more);
  await activateConnection(world, id);
  await settled(world, id);
  return id;
}

export interface Status {
  state: string;
  counts: { inSync: number; waiting: number; skipped: number; failed: number };
  skippedBy: { reason: string; count: number }[];
  run: { id: string; kind: string; state: string; done: number; counts: Record<string, number> } | null;
}

/** Waits until a connection has no open run and nothing waits. `holds` fails at once what must hold all the while. */
export function settled(
  world: World,
  id: string,
  limitMs = 150_000,
  holds: () => void = () => undefined,
): Promise<Status> {
  return until(
    'the connection to be settled',
    async () => {
      holds();
      const status = (await world.call('GET', `/connections/${id}/status`)).json as Status;
      return status.state === 'active' && status.run?.state === 'finished' && status.counts.waiting === 0
        ? status
        : null;
    },
    limitMs,
  );
}

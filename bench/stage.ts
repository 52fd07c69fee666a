import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../sandbox/core/free-port.js';
import { hubspotFetch, installApp, type ProxyUser } from '../sandbox/hubspot/fetch-proxy.js';

export const portalId = '4100001';
export const klaviyoKey = 'pk_sandbox_TANDM1';

export interface Stands {
  hubspot: { url: string; clientId: string; clientSecret: string; appId: string };
  klaviyo: { url: string; clientId: string; clientSecret: string };
  /** Calls since the last time they were asked, and how many there were of each operation. */
  calls(): Promise<{ hubspot: Calls; klaviyo: Calls }>;
  cost(): Promise<Cost>;
  close(): Promise<void>;
}

export interface Calls {
  total: number;
  byOperation: Record<string, { count: number }>;
}

export interface Cost {
  cpuSeconds: number;
  /** Most resident memory so far. */
  megabytes: number;
  /** Resident memory now, in megabytes. */
  resident: number;
}

/** Starts the stand-ins in a process of their own, with so many people; with `events`, with a history of their emails. */
export async function startStands(
  people: number,
  limits: 'on' | 'off',
  events?: number,
  more: readonly string[] = [],
): Promise<Stands> {
  const size = ['--people', String(people), '--limits', limits, ...more];
  const child =
    events === undefined
      ? program('../sandbox/main.js', size, {})
      : program('./engagement-stands.js', [...size, '--events', String(events)], {});
  const { hubspot, klaviyo } = JSON.parse(await firstLine(child)) as Pick<Stands, 'hubspot' | 'klaviyo'>;
  const since = async (url: string): Promise<Calls> => {
    const calls = (await (await fetch(`${url}/_sandbox/calls`)).json()) as Calls;
    await fetch(`${url}/_sandbox/calls`, { method: 'DELETE' });
    return calls;
  };
  return {
    hubspot,
    klaviyo,
    async calls() {
      const [one, other] = await Promise.all([since(hubspot.url), since(klaviyo.url)]);
      return { hubspot: one, klaviyo: other };
    },
    cost: () => costOf(child.pid ?? 0),
    close: () => end(child),
  };
}

/** One more process of the service. */
export interface Worker {
  cost(): Promise<Cost>;
  close(): Promise<void>;
}

export interface Backend {
  url: string;
  user: ProxyUser;
  /** Seconds from the start of the process until it was ready. */
  readySeconds: number;
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  metrics(): Promise<string>;
  cost(): Promise<Cost>;
  /** Starts a process more over the same database, with ROLE=worker; resolves once it works. */
  startWorker(): Promise<Worker>;
  /** Stops the process and starts it again over the same data; answers the seconds until it was ready. */
  restart(): Promise<number>;
  close(): Promise<void>;
}

/** Starts the service with a database of its own. Without limits its calls are not paced either. */
export async function startBackend(
  stands: Stands,
  limits: 'on' | 'off',
  environment: Record<string, string> = {},
): Promise<Backend> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tandem-bench-'));
  // The embedded database may run as another user.
  await chmod(dataDir, 0o755);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const { hubspot, klaviyo } = stands;
  const launch = (more: Record<string, string>): ChildProcess => {
    const child = program('../server/main.js', [], {
      PORT: String(port),
      PUBLIC_URL: url,
      DATA_DIR: dataDir,
      LOG_LEVEL: 'warn',
      POLL_SECONDS: '30',
      PACING: limits,
      HUBSPOT_APP_ID: hubspot.appId,
      HUBSPOT_CLIENT_ID: hubspot.clientId,
      HUBSPOT_CLIENT_SECRET: hubspot.clientSecret,
      HUBSPOT_API_URL: hubspot.url,
      HUBSPOT_APP_URL: hubspot.url,
      KLAVIYO_API_URL: klaviyo.url,
      KLAVIYO_APP_URL: klaviyo.url,
      KLAVIYO_CLIENT_ID: klaviyo.clientId,
      KLAVIYO_CLIENT_SECRET: klaviyo.clientSecret,
      ...environment,
      ...more,
    });
    child.stdout?.pipe(process.stderr);
    return child;
  };
  const start = async (): Promise<{ child: ChildProcess; seconds: number }> => {
    const began = performance.now();
    const child = launch({});
    while ((await fetch(`${url}/readyz`).catch(() => null))?.status !== 200) await pause(20);
    return { child, seconds: (performance.now() - began) / 1000 };
  };
  let running = await start();
  await installApp(url, portalId);
  const user: ProxyUser = { portalId, clientSecret: hubspot.clientSecret, appId: hubspot.appId, backend: url };
  return {
    url,
    user,
    readySeconds: running.seconds,
    async call<T>(method: string, path: string, body?: unknown): Promise<T> {
      const answer = await hubspotFetch(user, method, `/api/v1${path}`, body);
      if (answer.status >= 300) throw new Error(answer.text);
      return answer.json as T;
    },
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    cost: () => costOf(running.child.pid ?? 0),
    async startWorker() {
      const metricsPort = await freePort();
      const child = launch({ ROLE: 'worker', METRICS_PORT: String(metricsPort) });
      while ((await fetch(`http://127.0.0.1:${metricsPort}/readyz`).catch(() => null))?.status !== 200) await pause(20);
      return { cost: () => costOf(child.pid ?? 0), close: () => end(child) };
    },
    async restart() {
      await end(running.child);
      running = await start();
      return running.seconds;
    },
    async close() {
      await end(running.child);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The value that a share of the samples lies below, in the samples' unit. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export function program(path: string, args: string[], environment: Record<string, string>): ChildProcess {
  // With BENCH_PROFILE=<folder> the service leaves a CPU profile there. NODE_OPTIONS does not take that of node 20.
  const folder = process.env['BENCH_PROFILE'];
  const profiled =
    folder !== undefined && path.includes('/server/')
      ? ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-interval', '500']
      : [];
  // Stand-ins that hold a million people need more than node gives by itself. The service: as `npm start` runs it.
  const heap = [path.includes('/server/') ? '--max-semi-space-size=32' : '--max-old-space-size=12000'];
  return spawn(
    process.execPath,
    ['--enable-source-maps', ...heap, ...profiled, fileURLToPath(new URL(path, import.meta.url)), ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: '', ...environment },
    },
  );
}

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ended with ${code ?? 'a signal'}`)));
    child.stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text));
  });

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** CPU seconds and most resident megabytes of a process, from /proc; not a number elsewhere than on Linux. */
export async function costOf(pid: number): Promise<Cost> {
  try {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
      megabytes: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1024,
      resident: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1024,
    };
  } catch {
    return { cpuSeconds: NaN, megabytes: NaN, resident: NaN };
  }
}

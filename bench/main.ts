import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hubspotFetch, installApp, type ProxyUser } from '../sandbox/hubspot/fetch-proxy.js';

/** Measures the initial two-way sync, stand-ins in a process of their own: people a second, calls, memory. */
const { values } = parseArgs({
  options: { people: { type: 'string', default: '5000' }, limits: { type: 'string', default: 'off' } },
});
const portalId = '4100001';

interface Stands {
  hubspot: { url: string; clientId: string; clientSecret: string; appId: string };
  klaviyo: { url: string; clientId: string; clientSecret: string };
}

function program(path: string, args: string[], environment: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ['--enable-source-maps', fileURLToPath(new URL(path, import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: '', ...environment },
  });
}

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ended with ${code ?? 'a signal'}`)));
    child.stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text));
  });

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no free port')),
      );
    });
  });

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** CPU seconds and resident megabytes of a process, from /proc; null elsewhere than on Linux. */
async function costOf(pid: number | undefined): Promise<{ cpuSeconds: number; megabytes: number } | null> {
  try {
    const fields = (await readFile(`/proc/${pid ?? 0}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
    const status = await readFile(`/proc/${pid ?? 0}/status`, 'utf8');
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
      megabytes: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
    };
  } catch {
    // No /proc on this system: the figure is left out.
    return null;
  }
}

const stands = program('../sandbox/main.js', ['--people', values.people, '--limits', values.limits], {});
const { hubspot, klaviyo } = JSON.parse(await firstLine(stands)) as Stands;
const dataDir = await mkdtemp(join(tmpdir(), 'tandem-bench-'));
await chmod(dataDir, 0o755);
const port = await freePort();
const backend = `http://localhost:${port}`;
const service = program('../server/main.js', [], {
  PORT: String(port),
  PUBLIC_URL: backend,
  DATA_DIR: dataDir,
  LOG_LEVEL: 'warn',
  POLL_SECONDS: '30',
  PACING: values.limits,
  HUBSPOT_APP_ID: hubspot.appId,
  HUBSPOT_CLIENT_ID: hubspot.clientId,
  HUBSPOT_CLIENT_SECRET: hubspot.clientSecret,
  HUBSPOT_API_URL: hubspot.url,
  HUBSPOT_APP_URL: hubspot.url,
  KLAVIYO_API_URL: klaviyo.url,
  KLAVIYO_APP_URL: klaviyo.url,
});
service.stdout?.pipe(process.stderr);
try {
  while ((await fetch(`${backend}/readyz`).catch(() => null))?.status !== 200)
    await new Promise((resolve) => setTimeout(resolve, 50));
  await installApp(backend, portalId);
  const user: ProxyUser = { portalId, clientSecret: hubspot.clientSecret, appId: hubspot.appId, backend };
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await hubspotFetch(user, method, `/api/v1${path}`, body);
    if (answer.status >= 300) throw new Error(answer.text);
    return answer.json as T;
  };
  const account = await call<{ id: string }>('POST', '/klaviyo-accounts', { apiKey: 'pk_sandbox_TANDM1' });
  const rules = {
    hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }],
    klaviyoToHubspot: [{ source: { all: true } }],
  };
  const { id } = await call<{ id: string }>('POST', '/connections', {
    type: 'contact',
    klaviyoAccountId: account.id,
    rules,
  });
  for (const { url } of [hubspot, klaviyo]) await fetch(`${url}/_sandbox/calls`, { method: 'DELETE' });
  const before = await costOf(service.pid);
  const started = performance.now();
  await call('POST', `/connections/${id}/activate`);
  for (;;) {
    const status = await call<{ state: string; run: { state: string } | null; counts: { inSync: number } }>(
      'GET',
      `/connections/${id}/status`,
    );
    if (status.state === 'active' && status.run?.state === 'finished') break;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const seconds = (performance.now() - started) / 1000;
  const after = await costOf(service.pid);
  const people = Number(values.people);
  const calls = await Promise.all(
    [hubspot, klaviyo].map(
      async ({ url }) => ((await (await fetch(`${url}/_sandbox/calls`)).json()) as { total: number }).total,
    ),
  );
  const rows: [string, string][] = [
    ['machine', `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`],
    ['people, limits', `${people}, ${values.limits}`],
    ['initial two-way sync', `${seconds.toFixed(1)} s`],
    ['people per second', (people / seconds).toFixed(0)],
    [
      'calls per 1,000 people',
      `HubSpot ${(((calls[0] ?? 0) / people) * 1000).toFixed(1)}, Klaviyo ${(((calls[1] ?? 0) / people) * 1000).toFixed(1)}`,
    ],
    ...(before === null || after === null
      ? []
      : ([
          [
            'CPU of the service per person',
            `${(((after.cpuSeconds - before.cpuSeconds) / people) * 1000).toFixed(2)} ms`,
          ],
          ['memory of the service, peak', `${after.megabytes.toFixed(0)} MB`],
        ] satisfies [string, string][])),
  ];
  process.stdout.write(
    `| figure | measured |\n|---|---|\n${rows.map(([name, figure]) => `| ${name} | ${figure} |`).join('\n')}\n`,
  );
} finally {
  await Promise.all([end(service), end(stands)]);
  await rm(dataDir, { recursive: true, force: true });
}

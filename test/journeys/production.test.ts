import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../sandbox/core/free-port.js';
import { makePeople } from '../../sandbox/seed/people.js';
import { leaksIn, secretsOf } from '../helpers/leaks.js';
import { openWorld, settled, syncEverybody, until, type World } from '../helpers/service.js';

/** One process, started as the systemd unit starts it. */
interface Running {
  /** Where it is watched. */
  watch: string;
  /** Stops it as a deploy does; answers exit code and seconds. */
  stop(): Promise<{ code: number | null; seconds: number }>;
}

let world: World;
let connectionId = '';
/** The folder of the next version, which brings one more migration. */
let next = '';
const children: ChildProcess[] = [];

/** Starts the unit's command in a version's folder; resolves when it can serve. */
async function start(
  folder: string,
  role: 'web' | 'worker',
  environment: Record<string, string> = {},
): Promise<Running> {
  const unit = await readFile(join(process.cwd(), 'deploy/tandem@.service'), 'utf8');
  const [, command = ''] = /^ExecStart=\/usr\/bin\/node (.+)$/m.exec(unit) ?? [];
  const port = await freePort();
  const child = spawn(process.execPath, command.split(' '), {
    cwd: folder,
    stdio: 'ignore',
    env: { ...world.environment, ROLE: role, METRICS_PORT: String(port), ...environment },
  });
  children.push(child);
  const watch = `http://127.0.0.1:${port}`;
  await until(`${role} to be ready`, async () => {
    if (child.exitCode !== null) throw new Error(`The ${role} of ${folder} ended with ${child.exitCode}.`);
    return (await fetch(`${watch}/readyz`).catch(() => null))?.status === 200 ? true : null;
  });
  return {
    watch,
    async stop() {
      const began = performance.now();
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      return { code: await ended, seconds: (performance.now() - began) / 1000 };
    },
  };
}

/** What a collector of traces received: spans of OTLP as JSON. */
interface Span {
  name: string;
  spanId: string;
  traceId: string;
  parentSpanId?: string;
  attributes: { key: string; value: unknown }[];
}
const spans: Span[] = [];
let received = '';
const collector = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    received += body;
    const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
    spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
    response.end('{}');
  });
});

let workers: Running[] = [];
beforeAll(async () => {
  const folder = mkdtemp(join(tmpdir(), 'tandem-next-'));
  world = await openWorld({ people: makePeople(20, 61), environment: { ROLE: 'web' } });
  const collectorPort = await freePort();
  await new Promise<void>((resolve) => collector.listen(collectorPort, '127.0.0.1', resolve));
  const traced = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}`,
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  };
  workers = await Promise.all([start(process.cwd(), 'worker', traced), start(process.cwd(), 'worker', traced)]);
  connectionId = await syncEverybody(world);
  next = await folder;
  // What the Dockerfile copies, and no packages: the service brings its own.
  for (const part of ['build/server', 'migrations', 'package.json'])
    await cp(join(process.cwd(), part), join(next, part), { recursive: true });
  await writeFile(
    join(next, 'migrations/9999_next.sql'),
    `alter table connection add column next_note text not null default '';
     create table next_thing (portal_id bigint not null references portal on delete cascade, primary key (portal_id));`,
  );
}, 90_000);
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  await world.close();
  collector.close();
  await rm(next, { recursive: true, force: true });
});

const portal = () => world.hubspot.portals.get(world.portalId)!;
const holders = (email: string) => world.klaviyo.accounts.get('TANDM1')!.holder({ email });

test('G1: a web process and two workers sync, and each of them can be watched by itself', async () => {
  portal().create('contacts', { email: 'production@example.org' }, 'CRM_UI');
  await until('the contact in Klaviyo', () => (holders('production@example.org').length === 1 ? true : null));
  const pages = await Promise.all(workers.map(async ({ watch }) => (await fetch(`${watch}/metrics`)).text()));
  // What stands in the database every process shows; what a process did, itself alone.
  for (const page of pages) expect(page).toContain('tandem_connections{type="contact",state="active"} 1');
  expect(pages.join('')).toMatch(/tandem_vendor_call_seconds_count\{vendor="klaviyo"/);
  for (const path of ['/api/v1/account', '/oauth/hubspot/install', '/webhooks/hubspot', '/metricsx'])
    expect((await fetch(`${workers[0]!.watch}${path}`)).status).toBe(404);
});

test('traces say which job made which call to a vendor, for which portal, and name nobody', async () => {
  const call = await until('a call below a drain', () => {
    const drains = new Map(spans.filter(({ name }) => name === 'drain').map((span) => [span.spanId, span]));
    return spans.find(({ name, parentSpanId }) => /^klaviyo /.test(name) && drains.has(parentSpanId ?? '')) ?? null;
  });
  expect(call.attributes).toContainEqual({ key: 'tandem.portal', value: { stringValue: world.portalId } });
  expect(spans.find(({ spanId }) => spanId === call.parentSpanId)?.traceId).toBe(call.traceId);
  expect(received).toContain('deployment.environment.name');
  expect(received).toContain('"stringValue":"tandem"');
  expect(leaksIn(received, secretsOf(world))).toEqual([]);
});

test('G1: a new version takes over while the old one serves: no request fails, nothing is lost, and the way back is open', async () => {
  const refused: string[] = [];
  let asked = 0;
  let deploying = true;
  const people = (async () => {
    while (deploying) {
      const email = `deploy${(asked += 1)}@example.org`;
      portal().create('contacts', { email }, 'CRM_UI');
      for (const path of ['/account', `/connections/${connectionId}/status`]) {
        const answer = await world.call('GET', path);
        if (answer.status !== 200) refused.push(`${path}: ${answer.status} ${answer.text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  })();
  const stops: { code: number | null; seconds: number }[] = [];
  // The new one migrates and works beside the old ones, then they go one by one.
  const fresh = await start(next, 'worker');
  const migrated = asked;
  await until('requests after the migration', () => (asked > migrated + 5 ? true : null));
  for (const old of workers) stops.push(await old.stop());
  const before = asked;
  await until('requests with the new worker alone', () => (asked > before + 5 ? true : null));
  // Should the new version be taken back, the old one starts on what it left.
  const old = await start(process.cwd(), 'worker');
  stops.push(await fresh.stop());
  deploying = false;
  await people;
  expect(refused).toEqual([]);
  for (const { code, seconds } of stops) {
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(25);
  }
  await until('everybody in Klaviyo, once', () =>
    Array.from({ length: asked }, (_, n) => holders(`deploy${n + 1}@example.org`)).every(({ length }) => length === 1)
      ? true
      : null,
  );
  await settled(world, connectionId);
  const [left] = await world.database.db.query<{ n: string }>(
    `select count(*) as n from history where outcome is null or outcome = 'unknown'`,
  );
  expect(left?.n).toBe('0');
  expect(await old.stop()).toMatchObject({ code: 0 });
}, 90_000);

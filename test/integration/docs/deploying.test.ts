import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { loadConfig } from '../../../server/config.js';

/** Files that only a container engine, systemd or a forge run: what can be judged without them. */
const { load } = createRequire(import.meta.url)('js-yaml') as { load(text: string): unknown };
const text = (path: string): Promise<string> => readFile(path, 'utf8');
const run = (file: string, parameters: string[], environment: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve) => {
    const child = execFile(file, parameters, { env: { ...process.env, ...environment } }, () => undefined);
    child.once('close', (code) => resolve(code ?? -1));
    child.once('error', () => resolve(-1));
  });

/** Instructions of the last stage, long lines joined. */
async function image(): Promise<[instruction: string, rest: string][]> {
  const joined = (await text('Dockerfile')).replaceAll('\\\n', ' ');
  const lines = joined.split('\n').filter((line) => /^[A-Z]+ /.test(line));
  return lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()]);
}
const unit = async (): Promise<Map<string, string>> =>
  new Map(
    [...(await text('deploy/tandem@.service')).matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
  );
const commandOf = (rest: string): string[] => z.array(z.string()).parse(JSON.parse(rest));

test('the image is made of files that are there, runs without root, and starts what the unit starts', async () => {
  const instructions = await image();
  const last = instructions.slice(instructions.findLastIndex(([name]) => name === 'FROM'));
  const ignored = (await text('.dockerignore')).split('\n').filter((line) => line !== '');
  for (const [name, rest] of instructions.filter(([one]) => one === 'COPY')) {
    const sources = rest
      .split(' ')
      .filter((word) => !word.startsWith('--'))
      .slice(0, -1);
    for (const source of sources) {
      const path = source.replace(/^\/app\//, '');
      expect([
        name,
        path,
        await stat(path).then(
          () => true,
          () => false,
        ),
      ]).toEqual([name, path, true]);
      if (!rest.includes('--from=')) expect(ignored).not.toContain(path);
    }
  }
  // Migrations are found beside build/, wherever the process is started.
  expect(last.filter(([name]) => name === 'COPY').map(([, rest]) => rest.split(' ').at(-1))).toEqual([
    './',
    './build/server',
    './migrations',
  ]);
  expect(last.find(([name]) => name === 'USER')?.[1]).toBe('node');
  const command = commandOf(last.find(([name]) => name === 'CMD')?.[1] ?? '');
  expect((await unit()).get('ExecStart')).toBe(`/usr/bin/${command.join(' ')}`);
  const { engines } = z
    .object({ engines: z.object({ node: z.string() }) })
    .parse(JSON.parse(await text('package.json')));
  for (const [, rest] of instructions.filter(([name]) => name === 'FROM'))
    expect(Number(/^node:(\d+)/.exec(rest)?.[1])).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)?.[0]));
});

test('the health check of the image says well and not well', async () => {
  const health = (await image()).find(([name]) => name === 'HEALTHCHECK')?.[1] ?? '';
  const [, ...parameters] = commandOf(health.slice(health.indexOf('CMD') + 3));
  let status = 200;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(status).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = { METRICS_PORT: String(typeof address === 'object' ? address?.port : '') };
  expect(await run(process.execPath, parameters, port)).toBe(0);
  status = 503;
  expect(await run(process.execPath, parameters, port)).toBe(1);
  await new Promise((resolve) => server.close(resolve));
  expect(await run(process.execPath, parameters, port)).toBe(1);
  // metrics-door serves that path, and nothing but it and its like.
  expect(asked).toEqual(['/readyz', '/readyz']);
});

const service = z.object({
  environment: z.record(z.string(), z.coerce.string()),
  env_file: z.string().optional(),
  stop_grace_period: z.string().optional(),
  ports: z.array(z.string()).default([]),
  deploy: z.object({ replicas: z.number() }).optional(),
  depends_on: z.object({ database: z.object({ condition: z.literal('service_healthy') }) }).optional(),
});
const compose = z.object({
  services: z.object({
    database: service.extend({ image: z.string(), healthcheck: z.object({ test: z.array(z.string()) }) }),
    web: service,
    worker: service,
  }),
});

test('compose.yaml: one database, one web process, two workers, settings that the service takes, time to stop', async () => {
  const { database, web, worker } = compose.parse(load(await text('compose.yaml'))).services;
  expect(Number(/^postgres:(\d+)$/.exec(database.image)?.[1])).toBeGreaterThanOrEqual(15);
  expect(worker.deploy?.replicas).toBe(2);
  const stopSeconds = Number(/stopSeconds = (\d+)/.exec(await text('server/main.ts'))?.[1]);
  for (const [role, one] of [
    ['web', web],
    ['worker', worker],
  ] as const) {
    expect(one.env_file).toBe('.env');
    expect(one.depends_on).toBeDefined();
    expect(parseInt(one.stop_grace_period ?? '', 10)).toBeGreaterThanOrEqual(Math.max(25, stopSeconds + 1));
    const filled = Object.fromEntries(
      Object.entries(one.environment).map(([name, value]) => [
        name,
        value.replace(/\$\{POSTGRES_PASSWORD\}/, 'secret'),
      ]),
    );
    const config = loadConfig({
      ...filled,
      PUBLIC_URL: 'https://tandem.example.com',
      HUBSPOT_APP_ID: '1',
      HUBSPOT_CLIENT_ID: 'id',
      HUBSPOT_CLIENT_SECRET: 'secret',
      ENCRYPTION_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
    });
    expect([config.role, config.host, config.metricsPort]).toEqual([role, '0.0.0.0', 9464]);
    const url = new URL(config.databaseUrl ?? '');
    expect([url.hostname, url.username, url.pathname]).toEqual([
      'database',
      database.environment['POSTGRES_USER'],
      `/${database.environment['POSTGRES_DB']}`,
    ]);
    // Loopback of the host only: a proxy with a certificate stands before it.
    expect(one.ports).toEqual(role === 'web' ? [`127.0.0.1:3000:${config.port}`] : []);
  }
});

test('the systemd unit gives a process the time it needs to stop, and no more rights than it needs', async () => {
  const settings = await unit();
  const stopSeconds = Number(/stopSeconds = (\d+)/.exec(await text('server/main.ts'))?.[1]);
  expect(Number(settings.get('TimeoutStopSec'))).toBeGreaterThanOrEqual(stopSeconds + 5);
  expect([settings.get('User'), settings.get('NoNewPrivileges'), settings.get('ProtectSystem')]).toEqual([
    'tandem',
    'true',
    'strict',
  ]);
  // -1: there is no systemd on this machine.
  expect([0, -1]).toContain(await run('systemd-analyze', ['verify', 'deploy/tandem@.service']));
});

test('the checks of a forge are .ci/run, on every Node that is supported', async () => {
  const { jobs } = z
    .object({
      jobs: z.record(
        z.string(),
        z.object({
          strategy: z.object({ matrix: z.object({ node: z.array(z.number()) }) }).optional(),
          steps: z.array(z.object({ run: z.string().optional() })),
        }),
      ),
    })
    .parse(load(await text('.github/workflows/checks.yml')));
  const checks = jobs['checks'];
  expect(checks?.strategy?.matrix.node).toEqual([20, 22, 24]);
  expect(checks?.steps.flatMap((step) => step.run ?? [])).toEqual(['.ci/run']);
  expect(await run('bash', ['-n', '.ci/run'])).toBe(0);
  expect((await stat('.ci/run')).mode & 0o111).not.toBe(0);
  for (const path of ['bug.yml', 'wish.yml', 'config.yml'])
    expect(load(await text(`.github/ISSUE_TEMPLATE/${path}`))).toEqual(expect.any(Object));
});

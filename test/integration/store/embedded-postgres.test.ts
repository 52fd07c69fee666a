import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { freePort } from '../../../sandbox/core/free-port.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../../server/store/embedded/embedded-postgres.js';

let dataDir = '';
const running: EmbeddedPostgres[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tandem-embedded-'));
  await chmod(dataDir, 0o711);
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(say?: (message: string) => void): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, durable: false, ...(say === undefined ? {} : { say }) });
  running.push(server);
  return server;
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const lockFile = (): string => join(dataDir, 'postgres', 'postmaster.pid');
const pidOfServer = async (): Promise<string> => (await readFile(lockFile(), 'utf8')).split('\n')[0] ?? '';

/** A process of its own that starts the database, prints its address and then does `afterwards`. */
async function parent(afterwards: string): Promise<{ url: string; end(signal?: NodeJS.Signals): Promise<void> }> {
  const module = pathToFileURL(join(process.cwd(), 'build/server/store/embedded/embedded-postgres.js')).href;
  const script = `const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
    const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false });
    console.log(server.url);
    ${afterwards}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [url] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return {
    url: url.trim(),
    async end(signal) {
      if (signal !== undefined) child.kill(signal);
      await exited;
    },
  };
}

test('starts on loopback with a password, stops cleanly, and keeps its data', async () => {
  const first = await start();
  expect(first.adopted).toBe(false);
  expect(await ask(first.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  await ask(first.url, 'create table kept (n int)');
  const wrong = Object.assign(new URL(first.url), { password: 'wrong' }).href;
  await expect(ask(wrong, 'select 1')).rejects.toThrow(/password/);
  expect((await stat(join(dataDir, 'postgres-password'))).mode & 0o077).toBe(0);
  await first.stop();
  await expect(ask(first.url, 'select 1')).rejects.toThrow();

  const second = await start();
  expect(await ask(second.url, 'select count(*)::int as n from kept')).toEqual([{ n: 0 }]);
});

test('chooses another port when somebody took the first between the look and the start', async () => {
  const somebody = createServer().listen(0, '127.0.0.1');
  await once(somebody, 'listening');
  const { port: taken } = somebody.address() as AddressInfo;
  const ports = [taken, await freePort()];
  const server = await startEmbeddedPostgres({ dataDir, durable: false, choosePort: async () => ports.shift()! });
  running.push(server);
  expect(ports).toEqual([]);
  expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  somebody.close();
});

test('G1: survives a killed parent: the next start adopts the orphan with its data', async () => {
  const killed = await parent('setInterval(() => {}, 1000);');
  await ask(killed.url, 'create table kept (n int)');
  const pid = await pidOfServer();
  await killed.end('SIGKILL');

  const next = await start();
  expect(next).toMatchObject({ adopted: true, url: killed.url });
  expect(await pidOfServer()).toBe(pid);
  expect(await ask(next.url, 'select count(*)::int as n from kept')).toEqual([{ n: 0 }]);
  await next.stop();
  await expect(ask(next.url, 'select 1')).rejects.toThrow();
});

test('a second process joins the database of a living first one, and does not take it along when it stops', async () => {
  const living = await parent('setInterval(() => {}, 1000);');
  const said: string[] = [];
  const second = await startEmbeddedPostgres({ dataDir, durable: false, say: (message) => said.push(message) });
  expect(second).toMatchObject({ adopted: true, url: living.url });
  expect(said.join()).toMatch(/uses the PostgreSQL that process \d+ started/);
  await second.stop();
  expect(await ask(living.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  await living.end('SIGKILL');
  await start();
});

test('three processes that start at once on a new folder share one database', async () => {
  const three = await Promise.all([1, 2, 3].map(() => parent('setInterval(() => {}, 1000);')));
  expect(new Set(three.map(({ url }) => url)).size).toBe(1);
  await Promise.all(three.map((each) => each.end('SIGKILL')));
  expect((await start()).adopted).toBe(true);
});

test('the database ends with a parent that exits without stopping it', async () => {
  const careless = await parent('process.exit(3);');
  await careless.end();
  expect((await start()).adopted).toBe(false);
});

test('a lock file that names another program’s process does not keep the database from starting', async () => {
  await (await start()).stop();
  await writeFile(lockFile(), `${process.pid}\n${join(dataDir, 'postgres')}\n1\n1\n\n127.0.0.1\n`);
  expect(await ask((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a lost password file is named, not made anew', async () => {
  await (await start()).stop();
  await rm(join(dataDir, 'postgres-password'));
  await expect(start()).rejects.toThrow(/postgres-password is missing/);
});

test('a folder the database’s account cannot enter is refused in words', async () => {
  const closed = join(dataDir, 'closed');
  await mkdir(closed, { mode: 0o700 });
  const attempt = startEmbeddedPostgres({ dataDir: join(closed, 'data'), durable: false });
  if (process.getuid?.() === 0) {
    await expect(attempt).rejects.toThrow(/may not enter .*DATA_DIR/);
  } else {
    running.push(await attempt);
  }
});

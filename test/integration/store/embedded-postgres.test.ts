import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../../server/store/embedded/embedded-postgres.js';

let dataDir = '';
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tandem-embedded-'));
  await chmod(dataDir, 0o755);
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client
    .query(sql)
    .then((answer) => answer.rows as unknown[])
    .finally(() => client.end());
}

test('starts on loopback with a password, stops cleanly, and keeps its data', async () => {
  const first = await startEmbeddedPostgres({ dataDir, durable: false });
  expect(first.adopted).toBe(false);
  expect(await ask(first.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  await ask(first.url, 'create table kept (n int)');
  const wrong = Object.assign(new URL(first.url), { password: 'wrong' }).href;
  await expect(ask(wrong, 'select 1')).rejects.toThrow(/password/);
  expect((await stat(join(dataDir, 'postgres-password'))).mode & 0o077).toBe(0);
  await first.stop();
  await expect(ask(first.url, 'select 1')).rejects.toThrow();

  const second = await startEmbeddedPostgres({ dataDir, durable: false });
  expect(await ask(second.url, 'select count(*)::int as n from kept')).toEqual([{ n: 0 }]);
  await second.stop();
});

test('survives a killed parent: the next start adopts the orphan with its data', async () => {
  const module = pathToFileURL(join(process.cwd(), 'build/server/store/embedded/embedded-postgres.js')).href;
  const script = `const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
    const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false });
    console.log(server.url); setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve) =>
    parent.stdout.setEncoding('utf8').once('data', (line: string) => resolve(line.trim())),
  );
  await ask(url, 'create table kept (n int)');
  const pid = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0];
  const ended = new Promise((resolve) => parent.once('exit', resolve));
  parent.kill('SIGKILL');
  await ended;

  const next = await startEmbeddedPostgres({ dataDir, durable: false });
  expect(next).toMatchObject({ adopted: true, url });
  expect((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]).toBe(pid);
  expect(await ask(next.url, 'select count(*)::int as n from kept')).toEqual([{ n: 0 }]);
  await next.stop();
});

import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { databaseAccount, findBinaries, type Account } from './binaries.js';

/** A PostgreSQL of our own, on loopback, in a data folder. */
export interface EmbeddedPostgres {
  url: string;
  /** True when a server whose parent had died was taken over instead of started. */
  adopted: boolean;
  /** Stops the server; open connections end. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Folder for the cluster; it must be reachable for the account PostgreSQL runs under. */
  dataDir: string;
  say?: (message: string) => void;
  /** False trades safety against a power cut for speed: for tests. */
  durable?: boolean;
}

const user = 'tandem';

/**
 * Starts PostgreSQL in the data folder, or takes over the one that runs there already because its parent was killed.
 * Throws an Error in words when it cannot.
 */
export async function startEmbeddedPostgres({
  dataDir,
  say = () => undefined,
  durable = true,
}: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const account = await databaseAccount();
  const cluster = join(dataDir, 'postgres');
  await mkdir(dataDir, { recursive: true });
  const password = await passwordOf(dataDir);
  const orphan = await adopt(cluster, password);
  if (orphan !== null) {
    say(`took over the PostgreSQL that was running in ${cluster}`);
    return { url: orphan.url, adopted: true, stop: () => stopProcess(orphan.pid, cluster) };
  }
  const binaries = await findBinaries(account, join(dataDir, 'postgres-programs'));
  if ((await stat(join(cluster, 'PG_VERSION')).catch(() => null)) === null) {
    await initialise(binaries.initdb, cluster, password, account, durable);
    say(`made a new database in ${cluster}`);
  }
  const port = await freePort();
  const server = await startServer(binaries.postgres, cluster, port, account, durable);
  const url = `postgresql://${user}:${password}@127.0.0.1:${port}/postgres`;
  await untilReady(url, server);
  // A short parent must not be kept alive by its database.
  server.child.unref();
  server.child.stderr?.destroy();
  return { url, adopted: false, stop: () => stopProcess(server.child.pid ?? 0, cluster) };
}

/** The database's password: made once, readable by this account alone. */
async function passwordOf(dataDir: string): Promise<string> {
  const path = join(dataDir, 'postgres-password');
  const known = await readFile(path, 'utf8').catch(() => null);
  if (known !== null && known !== '') return known;
  const password = randomBytes(24).toString('base64url');
  await writeFile(path, password, { mode: 0o600 });
  return password;
}

async function initialise(
  initdb: string,
  cluster: string,
  password: string,
  account: Account | null,
  durable: boolean,
): Promise<void> {
  await rm(cluster, { recursive: true, force: true });
  await mkdir(cluster, { mode: 0o700 });
  if (account !== null) await chown(cluster, account.uid, account.gid);
  const passwordFile = join(cluster, '..', `initdb-${process.pid}`);
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account !== null) await chown(passwordFile, account.uid, account.gid);
  try {
    // The builtin provider needs no locale of the machine: text sorts and lowers the same everywhere.
    await run(
      initdb,
      [
        `--pgdata=${cluster}`,
        `--username=${user}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--locale=C.UTF-8',
        ...(durable ? [] : ['--no-sync']),
      ],
      account,
    );
  } catch (error) {
    await rm(cluster, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
  await chmod(cluster, 0o700);
}

interface RunningServer {
  child: ChildProcess;
  complaints: () => string;
}

async function startServer(
  postgres: string,
  cluster: string,
  port: number,
  account: Account | null,
  durable: boolean,
): Promise<RunningServer> {
  const fast = ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'];
  const child = spawn(
    postgres,
    [
      '-D',
      cluster,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      'max_connections=200',
      ...(durable ? [] : fast),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true, cwd: cluster, ...account },
  );
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(-4000)));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`PostgreSQL could not be started: ${cause.message}`, { cause })));
  });
  return { child, complaints: () => text };
}

async function untilReady(url: string, server: RunningServer): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    if (server.child.exitCode !== null) throw new Error(`PostgreSQL ended at its start: ${server.complaints().trim()}`);
    if (await answers(url)) return;
    if (Date.now() > deadline)
      throw new Error(`PostgreSQL does not answer after 30 seconds: ${server.complaints().trim()}`);
    await pause(20);
  }
}

/** A server that runs in this cluster and answers to our password; one that does not answer is stopped. */
async function adopt(cluster: string, password: string): Promise<{ url: string; pid: number } | null> {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!Number.isInteger(pid) || pid <= 0 || !Number.isInteger(port) || port <= 0 || !isAlive(pid)) return null;
  const url = `postgresql://${user}:${password}@127.0.0.1:${port}/postgres`;
  // The number may belong to another program by now: only one that lets us in and runs on this folder is ours.
  if ((await answers(url)) && (await dataDirectoryOf(url)) === cluster) return { url, pid };
  return null;
}

async function dataDirectoryOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    return rows[0]?.data_directory ?? '';
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    // Not ready yet, or not ours: the caller decides what that means.
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** "Fast" shutdown: open transactions are rolled back, data is written, the process ends. */
async function stopProcess(pid: number, cluster: string): Promise<void> {
  if (pid <= 0 || !isAlive(pid)) return;
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + 20_000;
  while (isAlive(pid) && (await stat(join(cluster, 'postmaster.pid')).catch(() => null)) !== null) {
    if (Date.now() > deadline) throw new Error(`PostgreSQL (process ${pid}) does not stop.`);
    await pause(10);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function run(program: string, args: string[], account: Account | null): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', ...account });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${program.split('/').at(-1) ?? program} failed: ${complaints.trim()}`);
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('There is no free port.')),
      );
    });
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

import { spawn } from 'node:child_process';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { errorCode } from '../../error-code.js';
import { databaseAccount, isReachable, type Account } from './account.js';
import { findBinaries } from './binaries.js';
import { databaseUser, initialiseCluster, passwordOf, programEnvironment } from './cluster.js';
import { isAlive, runningServer, signalServer, stopServer } from './postmaster.js';

/** A PostgreSQL of our own, on loopback, in a data folder. */
export interface EmbeddedPostgres {
  url: string;
  /** True when a server that was running on the folder already was taken over or joined instead of started. */
  adopted: boolean;
  /** Stops the server, unless another process of ours started it and lives. It ends with this process in any case. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Folder for the cluster; it must be reachable for the account PostgreSQL runs under. */
  dataDir: string;
  say?: (message: string) => void;
  /** False trades safety against a power cut for speed: for tests. */
  durable?: boolean;
  /** Chooses the port; a test has one chosen that is taken. */
  choosePort?: () => Promise<number>;
}

/**
 * Starts PostgreSQL in the data folder, or takes over the one that runs there already because its parent was killed.
 * Throws an Error in words when it cannot.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { say = () => undefined, durable = true, choosePort = freePort } = options;
  const account = await databaseAccount();
  await mkdir(options.dataDir, { recursive: true, mode: 0o711 });
  const dataDir = await realpath(options.dataDir);
  if (account !== null && !(await isReachable(dataDir, account))) {
    throw new Error(
      `PostgreSQL does not run as root, and the account it runs under may not enter ${dataDir}. Set DATA_DIR to a folder outside any closed home folder, or DATABASE_URL.`,
    );
  }
  const cluster = join(dataDir, 'postgres');
  const password = await passwordOf(dataDir, cluster);
  const urlAt = (port: number): string => `postgresql://${databaseUser}:${password}@127.0.0.1:${port}/postgres`;

  for (let tries = 1; ; tries += 1) {
    const runsAt = await portOfRunning(cluster);
    if (runsAt !== null) {
      const adopted = await adopt(dataDir, cluster, urlAt(runsAt), say);
      if (adopted !== null) return adopted;
    }
    const binaries = await findBinaries(account, join(dataDir, 'postgres-programs'));
    if (await initialiseCluster(binaries.initdb, cluster, password, account, durable)) {
      say(`made a new database in ${cluster}`);
    }
    const port = await choosePort();
    try {
      return await start(binaries.postgres, dataDir, cluster, port, urlAt(port), account, durable);
    } catch (error) {
      // Another process started on the same folder in the same moment: PostgreSQL lets one through, we join it. Or
      // somebody took the port between our look and PostgreSQL's start: another one is chosen.
      if (tries === 3 || ((await runningServer(cluster)) === null && (await isFree(port)))) throw error;
    }
  }
}

async function start(
  postgres: string,
  dataDir: string,
  cluster: string,
  port: number,
  url: string,
  account: Account | null,
  durable: boolean,
): Promise<EmbeddedPostgres> {
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    ...(durable ? serverLog : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  const child = spawn(
    postgres,
    ['-D', cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    // A group of its own: Ctrl-C in a terminal must reach us first, so that our work ends before the database does.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true, cwd: cluster, ...programEnvironment, ...account },
  );
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints = (complaints + chunk).slice(-4000)));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`PostgreSQL could not be started: ${cause.message}`, { cause })));
  });
  const pid = child.pid ?? 0;
  try {
    await untilReady(url, () => child.exitCode === null && child.signalCode === null);
  } catch (cause) {
    if (child.exitCode === null) child.kill('SIGQUIT');
    const log = durable ? ` More in ${join(cluster, 'log')}.` : '';
    throw new Error(`PostgreSQL on ${cluster} did not start: ${complaints.trim()}${log}`, { cause });
  }
  // A short-lived parent must not be kept alive by its database.
  child.unref();
  child.stderr.destroy();
  await writeFile(ownerFile(dataDir), String(process.pid));
  return owned(pid, cluster, url, false);
}

/** A week of the server's own log, without the values of the statements that failed. */
const serverLog = [
  'logging_collector=on',
  'log_directory=log',
  'log_filename=postgresql-%a.log',
  'log_rotation_age=1d',
  'log_truncate_on_rotation=on',
  'log_min_error_statement=panic',
  'log_error_verbosity=terse',
];

/** Takes over, or joins, the server that runs on the cluster; stops it and answers null when it does not let us in. */
async function adopt(
  dataDir: string,
  cluster: string,
  url: string,
  say: (message: string) => void,
): Promise<EmbeddedPostgres | null> {
  const server = await runningServer(cluster);
  if (server === null) return null;
  try {
    await untilReady(url, () => isAlive(server.pid));
  } catch (error) {
    say(`replaces the PostgreSQL of process ${server.pid}, which does not answer: ${String(error)}`);
    await stopServer(server.pid, cluster);
    return null;
  }
  const owner = Number(await readFile(ownerFile(dataDir), 'utf8').catch(() => ''));
  if (owner > 0 && owner !== process.pid && isAlive(owner)) {
    say(`uses the PostgreSQL that process ${owner} started in ${cluster}`);
    return { url, adopted: true, stop: () => Promise.resolve() };
  }
  say(`took over the PostgreSQL that was running in ${cluster}`);
  await writeFile(ownerFile(dataDir), String(process.pid));
  return owned(server.pid, cluster, url, true);
}

const ownerFile = (dataDir: string): string => join(dataDir, 'postgres-owner');

function owned(pid: number, cluster: string, url: string, adopted: boolean): EmbeddedPostgres {
  // For an end without stop(): an uncaught error, process.exit().
  const atExit = (): void => signalServer(pid, 'SIGINT');
  process.once('exit', atExit);
  return {
    url,
    adopted,
    async stop() {
      process.off('exit', atExit);
      await stopServer(pid, cluster);
    },
  };
}

/** The port of the server on the cluster, waiting for one that starts; null when none runs. */
async function portOfRunning(cluster: string): Promise<number | null> {
  for (;;) {
    const server = await runningServer(cluster);
    if (server === null) return null;
    if (server.port !== null) return server.port;
    await pause(20);
  }
}

/** Resolves once the server lets us in. Rejects when it ends, refuses our password, or stays silent for 30 seconds. */
async function untilReady(url: string, isRunning: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    try {
      await client.connect();
      return;
    } catch (error) {
      const refused = errorCode(error) === '28P01' || errorCode(error) === '28000';
      if (refused || !isRunning() || Date.now() > deadline) throw error;
      await pause(20);
    } finally {
      await client.end();
    }
  }
}

/** A port that the system has free now. */
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

/** Whether nobody listens, or speaks, on a port of loopback. */
async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

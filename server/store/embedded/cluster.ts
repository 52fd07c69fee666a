import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readSecret, secretFile } from '../../secret-file.js';
import type { Account } from './account.js';

/** The role that owns everything in the embedded database. */
export const databaseUser = 'tandem';

/** What PostgreSQL's programs see of the environment: none of our secrets, and no locale of the machine. */
export const programEnvironment = process.platform === 'win32' ? {} : { env: { LC_ALL: 'C', TZ: 'UTC' } };

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => null)) !== null;

/** The database's password: made once, readable by this account alone. Throws when the folder lost it. */
export async function passwordOf(dataDir: string, cluster: string): Promise<string> {
  const path = join(dataDir, 'postgres-password');
  if ((await exists(join(cluster, 'PG_VERSION'))) && (await readSecret(path)) === null) {
    throw new Error(
      `${path} is missing, and without it the database in ${cluster} does not open. Put it back, or move the database away to begin anew.`,
    );
  }
  return secretFile(path, () => randomBytes(24).toString('base64url'));
}

/**
 * Makes a new database in the folder, unless there is one. It comes to be beside it and is moved there whole: a start
 * that is cut off leaves nothing that looks like a database, and of two starts one wins. True when this call made it.
 */
export async function initialiseCluster(
  initdb: string,
  cluster: string,
  password: string,
  account: Account | null,
  durable: boolean,
): Promise<boolean> {
  if (await exists(join(cluster, 'PG_VERSION'))) return false;
  const half = `${cluster}.${process.pid}`;
  const passwordFile = `${half}.password`;
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account !== null) {
    await chown(half, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  try {
    await run(
      initdb,
      [
        `--pgdata=${half}`,
        `--username=${databaseUser}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // The builtin provider needs no locale of the machine: text sorts and lowers the same everywhere.
        '--locale-provider=builtin',
        '--locale=C.UTF-8',
        ...(durable ? [] : ['--no-sync']),
      ],
      account,
    );
    await rename(half, cluster);
    return true;
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    if (await exists(join(cluster, 'PG_VERSION'))) return false; // another start was first
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function run(program: string, args: string[], account: Account | null): Promise<void> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: '/',
    ...programEnvironment,
    ...account,
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${basename(program)} failed: ${complaints.trim()}`);
}

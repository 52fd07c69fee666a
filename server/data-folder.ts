import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { databaseAccount, isReachable } from './store/embedded/account.js';

/**
 * Where the embedded database and its keys live: DATA_DIR, else `.data` in the working folder; where that cannot be
 * written, or lies in a closed home folder that the database's account cannot enter, `fallback` instead, said aloud.
 */
export async function dataFolder(
  wanted: string | undefined,
  workingFolder: string,
  say: (message: string) => void,
  fallback = '/var/lib/tandem',
): Promise<string> {
  if (wanted !== undefined) {
    await make(wanted);
    return wanted;
  }
  const account = await databaseAccount();
  const because =
    account !== null && !(await isReachable(workingFolder, account))
      ? 'is closed to the account PostgreSQL runs under'
      : (await isWritable(workingFolder))
        ? null
        : 'cannot be written to';
  if (because === null) {
    const here = join(workingFolder, '.data');
    await make(here);
    return here;
  }
  await make(fallback).catch((cause: unknown) => {
    throw new Error(
      `There is no place for the database: ${workingFolder} ${because}, and ${fallback} cannot be made. Set DATA_DIR or DATABASE_URL.`,
      { cause },
    );
  });
  say(`${workingFolder} ${because}: data goes to ${fallback}`);
  return fallback;
}

/** Others may pass through to the database's own folder, and see nothing on the way. */
const make = async (folder: string): Promise<void> => void (await mkdir(folder, { recursive: true, mode: 0o711 }));

const isWritable = (folder: string): Promise<boolean> =>
  access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );

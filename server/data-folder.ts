import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { databaseAccount, isReachable } from './store/embedded/binaries.js';

/**
 * Where the embedded database and its keys live: DATA_DIR, else `.data` in the working folder; when that lies in a closed
 * home folder which the database's account cannot walk, /var/lib/tandem instead.
 */
export async function dataFolder(
  wanted: string | undefined,
  workingFolder: string,
  say: (message: string) => void,
): Promise<string> {
  const account = await databaseAccount();
  if (wanted !== undefined) {
    await mkdir(wanted, { recursive: true });
    if (account !== null && !(await isReachable(wanted))) {
      throw new Error(
        `DATA_DIR ${wanted} lies in a folder that PostgreSQL's account may not enter. Choose one outside any closed home folder.`,
      );
    }
    return wanted;
  }
  const here = join(workingFolder, '.data');
  const usable =
    account === null
      ? await access(workingFolder, constants.W_OK).then(
          () => true,
          () => false,
        )
      : await isReachable(workingFolder);
  if (usable) {
    await mkdir(here, { recursive: true });
    return here;
  }
  const fallback = '/var/lib/tandem';
  await mkdir(fallback, { recursive: true });
  say(`${workingFolder} is closed to PostgreSQL's account: data goes to ${fallback}`);
  return fallback;
}

import { randomBytes } from 'node:crypto';
import { chmod, link, readFile, rm, writeFile } from 'node:fs/promises';
import { errorCode } from './error-code.js';

/**
 * A secret this installation made for itself, kept in a file that only this account reads: the database's password, the
 * encryption keys. Made by `make` when the file is not there; of several processes that start at once, all get one.
 */
export async function secretFile(path: string, make: () => string): Promise<string> {
  const known = await readSecret(path);
  if (known !== null) return known;
  const half = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(half, make(), { mode: 0o600, flush: true });
  // A link appears whole or not at all, and never over another: the first process decides.
  await link(half, path).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
  await rm(half, { force: true });
  return (await readSecret(path)) ?? '';
}

/** The secret kept in a file, or null when there is none. */
export async function readSecret(path: string): Promise<string | null> {
  try {
    const text = (await readFile(path, 'utf8')).trim();
    await chmod(path, 0o600);
    return text === '' ? null : text;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

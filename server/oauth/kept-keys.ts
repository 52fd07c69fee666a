import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { secretFile } from '../secret-file.js';
import { parseSealKeys, type SealKey } from './seal.js';

/** The keys of an installation with an embedded database: made once, kept 0600 beside it. */
export async function keptKeys(dataDir: string): Promise<SealKey[]> {
  // The id is drawn too: a lost file is then told from a damaged text.
  return parseSealKeys(
    await secretFile(join(dataDir, 'encryption-keys'), () => {
      return `k${randomBytes(3).toString('hex')}:${randomBytes(32).toString('base64')}`;
    }),
  );
}

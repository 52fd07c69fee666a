import type { Logger } from 'pino';
import type { Config } from './config.js';
import { dataFolder } from './data-folder.js';
import { keptKeys } from './oauth/kept-keys.js';
import type { SealKey } from './oauth/seal.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './store/embedded/embedded-postgres.js';

export interface Ground {
  databaseUrl: string;
  keys: SealKey[];
  embedded: EmbeddedPostgres | null;
}

/** The database and the keys: those of the environment, or our own in a data folder. */
export async function openGround(config: Config, log: Logger): Promise<Ground> {
  if (config.databaseUrl !== null)
    return { databaseUrl: config.databaseUrl, keys: config.encryptionKeys ?? [], embedded: null };
  const say = (message: string): void => log.info(message);
  const folder = await dataFolder(config.dataDir, process.cwd(), say);
  say(`data folder: ${folder}`);
  const embedded = await startEmbeddedPostgres({ dataDir: folder, say });
  return { databaseUrl: embedded.url, keys: config.encryptionKeys ?? (await keptKeys(folder)), embedded };
}

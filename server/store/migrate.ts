import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { errorCode } from '../error-code.js';
import { NeedsOperator } from '../errors.js';

/** The folder of the plain-SQL migrations; this file runs from the sources and from build/, one level deeper. */
export function migrationsFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const [fromSources, fromBuild] = [join(here, '../../migrations'), join(here, '../../../migrations')];
  return existsSync(fromSources) ? fromSources : fromBuild;
}

/** What a server says that starts up, shuts down or recovers: it lets us in by itself (PostgreSQL, appendix A). */
const passing = new Set(['57P03', '55000']);
/** Such a server is waited for so long; only then is it an operator's matter. */
const patienceMs = 30_000;

/**
 * Brings the schema up to date. Several processes may start at once: one migrates, the others wait for it. Throws
 * NeedsOperator when the database cannot be reached or the server says what an administrator must do.
 */
export async function migrate(databaseUrl: string, say: (message: string) => void = () => undefined): Promise<void> {
  // The runner does not wait for the end of a connection it opens by itself.
  const client = await connect(databaseUrl, say);
  try {
    await runner({
      dbClient: client,
      dir: migrationsFolder(),
      ignorePattern: '(\\..*|schema\\.sql)',
      direction: 'up',
      migrationsTable: 'pgmigrations',
      count: Infinity,
      checkOrder: true,
      singleTransaction: true,
      advisoryLockMode: 'wait',
      log: say,
    });
  } catch (error) {
    // What our own migrations raise says what to do.
    if (error instanceof pg.DatabaseError && error.code === 'P0001' && error.hint !== undefined)
      throw new NeedsOperator(`${error.message}\n${error.hint}`, { cause: error });
    throw error;
  } finally {
    await client.end();
  }
}

/** A connection of our own to the database, once it lets us in. Throws NeedsOperator when it does not. */
async function connect(databaseUrl: string, say: (message: string) => void): Promise<pg.Client> {
  for (const started = performance.now(); ; await pause(250)) {
    const client = new pg.Client({ connectionString: databaseUrl, application_name: 'tandem-migrate' });
    // Should the connection break between two statements, the next one says so.
    client.on('error', (error) => say(error.message));
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end();
      const reason = error instanceof Error ? error.message : String(error);
      if (!passing.has(errorCode(error) ?? '') || performance.now() - started > patienceMs)
        throw new NeedsOperator(
          `Tandem cannot reach its database: ${reason}\nCheck DATABASE_URL, and that the database is up.`,
          { cause: error },
        );
      say(`waits for the database: ${reason}`);
    }
  }
}

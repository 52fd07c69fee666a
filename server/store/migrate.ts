import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';

/** The folder of the plain-SQL migrations; this file runs from the sources and from build/, one level deeper. */
export function migrationsFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const [fromSources, fromBuild] = [join(here, '../../migrations'), join(here, '../../../migrations')];
  return existsSync(fromSources) ? fromSources : fromBuild;
}

/** Brings the schema up to date. Several processes may start at once: one migrates, the others wait for it. */
export async function migrate(databaseUrl: string, say: (message: string) => void = () => undefined): Promise<void> {
  // The runner does not wait for the end of a connection it opens by itself.
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'tandem-migrate' });
  // Should the connection break between two statements, the next one says so.
  client.on('error', (error) => say(error.message));
  await client.connect();
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
  } finally {
    await client.end();
  }
}

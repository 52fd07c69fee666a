import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { openPool, poolDatabase, type Database } from '../../server/store/database.js';

export interface TestDatabase {
  url: string;
  db: Database;
  close(): Promise<void>;
}

/** A database of its own for one test file: a clone of the migrated template. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const server = process.env['TANDEM_TEST_DATABASE'] ?? '';
  const name = `tandem_test_${randomBytes(6).toString('hex')}`;
  const admin = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await admin(`create database ${name} template ${process.env['TANDEM_TEST_TEMPLATE'] ?? ''}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  const pool = openPool(url, { max: 8, applicationName: 'tandem-test' }, () => undefined);
  return {
    url,
    db: poolDatabase(pool),
    async close() {
      await pool.end();
      await admin(`drop database if exists ${name} with (force)`);
    },
  };
}

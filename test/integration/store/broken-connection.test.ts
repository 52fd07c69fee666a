import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';
import { isDatabaseAway } from '../../../server/store/database-away.js';
import { openPool, poolDatabase } from '../../../server/store/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

test('G1: a connection that breaks inside a transaction fails that transaction, not the process', async () => {
  const pool = openPool(database.url, { max: 1, applicationName: 'tandem-broken' }, () => undefined);
  const ended = new Promise<void>((resolve) =>
    pool.once('connect', (client: pg.PoolClient) => client.once('end', () => resolve())),
  );
  const db = poolDatabase(pool);
  const cut = db.transaction(async (tx) => {
    const [self] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
    await database.db.query('select pg_terminate_backend($1)', [self!.pid]);
    // While nothing of ours is under way: the client hears of it before our next statement.
    await ended;
    await tx.query('select 1');
  });
  const error: unknown = await cut.catch((failed: unknown) => failed);
  expect(error).toBeInstanceOf(Error);
  // It comes back by itself: who asked is told so, and nobody is alarmed.
  expect([isDatabaseAway(error), String(error)]).toEqual([true, expect.any(String)]);
  // The pool has one place: the broken connection has left it.
  expect(await db.query('select 2 as two')).toEqual([{ two: 2 }]);
  await pool.end();
});

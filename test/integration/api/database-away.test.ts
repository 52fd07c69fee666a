import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express, { type Express } from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { errorAnswers } from '../../../server/api/api-error.js';
import { openPool, poolDatabase } from '../../../server/store/database.js';
import { freePort } from '../../../sandbox/core/free-port.js';
import { until } from '../../helpers/service.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

/** An app with one route, which runs a statement over a database at this address. */
function appOver(url: string): { app: Express; close(): Promise<void> } {
  const pool = openPool(url, { max: 1, applicationName: 'away' }, () => undefined);
  const db = poolDatabase(pool);
  const app = express();
  app.get('/', async (asked, response) => void response.json(await db.query(String(asked.query['sql']))));
  app.use(errorAnswers(pino({ level: 'silent' })));
  return { app, close: () => pool.end() };
}
const asked = (app: Express, sql: string): request.Test => request(app).get('/').query({ sql });

test('G3: a database that is away is 503 with words and Retry-After; a fault of ours stays 500', async () => {
  const nobody = appOver(`postgresql://tandem@127.0.0.1:${await freePort()}/tandem`);
  const away = await asked(nobody.app, 'select 1');
  expect([away.status, away.headers['retry-after']]).toEqual([503, '5']);
  expect(away.body).toEqual({
    error: { code: 'database_away', message: expect.stringContaining('Nothing is lost'), fix: expect.any(String) },
  });
  await nobody.close();

  const there = appOver(database.url);
  expect((await asked(there.app, 'select 1 as one')).body).toEqual([{ one: 1 }]);
  expect((await asked(there.app, 'select nothing_of_the_kind')).status).toBe(500);
  // Restarted while a statement is under way.
  const cut = asked(there.app, 'select pg_sleep(30)').then(({ status }) => status);
  await until('the statement to be under way', async () => {
    const ended = await database.db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'away' and state = 'active' and datname = current_database()`,
    );
    return ended.length > 0 ? true : null;
  });
  expect(await cut).toBe(503);
  expect((await asked(there.app, 'select 2 as two')).body).toEqual([{ two: 2 }]);
  await there.close();
});

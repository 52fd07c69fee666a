import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { openWorld, until, type World } from '../../helpers/service.js';

let world: World;
let admin: pg.Client;
beforeAll(async () => {
  world = await openWorld({ installed: false });
  admin = new pg.Client({ connectionString: process.env['TANDEM_TEST_DATABASE'] ?? '' });
  await admin.connect();
}, 60_000);
afterAll(async () => {
  await admin.end();
  await world.close();
});

const readiness = async (): Promise<{ status: number; body: unknown }> => {
  const answer = await fetch(`${world.backend}/readyz`);
  return { status: answer.status, body: await answer.json() };
};

test('G1: while the database is away the service says so in words of its own, lives on, and is ready again after', async () => {
  const name = new URL(world.database.url).pathname.slice(1);
  await admin.query(`alter database ${name} with allow_connections false`);
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  const away = await until('it to notice', async () => {
    const answer = await readiness();
    // One connection that breaks under the question is told in the driver's words, and names nothing.
    return answer.status === 503 && !JSON.stringify(answer.body).includes('terminated') ? answer : null;
  });
  expect(away.body).toEqual({ ready: false, reason: 'The database cannot be reached.' });
  expect((await fetch(`${world.backend}/healthz`)).status).toBe(200);
  const begun = await fetch(`${world.backend}/oauth/hubspot/install`, { redirect: 'manual' });
  expect(begun.status).toBe(503);
  expect(await begun.text()).not.toContain(name);
  await admin.query(`alter database ${name} with allow_connections true`);
  await until('it to be ready again', async () => ((await readiness()).status === 200 ? true : null));
  expect((await fetch(`${world.backend}/oauth/hubspot/install`, { redirect: 'manual' })).status).toBe(302);
});

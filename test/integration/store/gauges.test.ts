import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readGauges } from '../../../server/store/gauges.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const seconds = async (type: string): Promise<number | undefined> =>
  (await readGauges(database.db, 30)).lag.find((one) => one.type === type)?.seconds;

test('lag is that of the furthest connection in work; what nobody works on is not behind', async () => {
  const { db } = database;
  expect(await readGauges(db, 30)).toEqual({
    changesWaiting: 0,
    lag: [
      { type: 'contact', seconds: 0 },
      { type: 'engagement', seconds: 0 },
    ],
    issues: [],
    connections: [],
  });
  await db.query(`insert into portal (id, name, ui_domain, state) values (1, 'One', 'app.hubspot.com', 'installed')`);
  await db.query(
    `with account as (
       insert into klaviyo_account (portal_id, company_id, name, auth, state)
       values (1, 'AAAAAA', 'Shop', 'api_key', 'connected'), (1, 'BBBBBB', 'Outlet', 'api_key', 'connected')
       returning id, company_id),
     looked as (
       insert into sweep (portal_id, klaviyo_account_id, name, succeeded_at)
       select 1, id, 'hubspot_contacts', now() - case company_id when 'AAAAAA' then interval '100 seconds' else interval '1 day' end
       from account),
     waiting as (
       insert into change (portal_id, klaviyo_account_id, side, record_id, priority, cause, due_at)
       select 1, id, 'hubspot', 'later', 1, 'test', now() + interval '1 hour' from account where company_id = 'AAAAAA')
     insert into connection (portal_id, klaviyo_account_id, type, name, config, state)
     select 1, id, 'contact', 'Everybody', '{}', case company_id when 'AAAAAA' then 'active' else 'paused' end from account`,
  );
  // A look every thirty seconds is no lag.
  expect(await seconds('contact')).toBeCloseTo(70, 0);
  await db.query(
    `insert into change (portal_id, klaviyo_account_id, side, record_id, priority, cause, due_at)
     select portal_id, klaviyo_account_id, side, 'due', 1, 'test', now() - interval '200 seconds' from change`,
  );
  expect(await seconds('contact')).toBeCloseTo(200, 0);
  expect(await readGauges(db, 30)).toMatchObject({
    changesWaiting: 2,
    connections: expect.arrayContaining([
      { type: 'contact', state: 'active', n: 1 },
      { type: 'contact', state: 'paused', n: 1 },
    ]),
  });
});

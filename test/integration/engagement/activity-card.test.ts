import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { activityCard, cardPlans } from '../../../server/store/activity-card.js';
import { eraseActivities, pruneActivities } from '../../../server/store/erase-activities.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let database: TestDatabase;
const portalId = '7';
const contacts = 2000;
const perContact = 100;
const since = new Date(Date.now() - 90 * 86_400_000);

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await db.query(
    `insert into portal (id, name, ui_domain, state) values ($1, 'Books', 'app.hubspot.com', 'installed')`,
    [portalId],
  );
  await db.query(
    `insert into klaviyo_account (portal_id, company_id, name, state, auth) values ($1, 'TANDM1', 'Books', 'connected', 'api_key')`,
    [portalId],
  );
  // Spread over contacts and two years as they come in: the rows of one contact lie far apart.
  await db.query(
    `insert into activity (portal_id, klaviyo_account_id, event_id, kind, at, profile_id, email, message_key, facts, due_at, verdict, decision, because, counted, contact_id)
     select $1, a.id, 'e' || n, (array['received', 'opened', 'clicked', 'opened'])[1 + n / $2 % 4], now() - (n % 700) * interval '1 day', 'p' || n % $2,
       'p' || n % $2 || '@example.com', 'm' || n / $2 || ':p' || n % $2, jsonb_build_object('messageId', 'm' || n / $2, 'groupIds', '[]'::jsonb), null,
       'human', 'deliver', 'first', true, (n % $2)::text
     from klaviyo_account a, generate_series(0, $2::int * $3::int - 1) as n`,
    [portalId, contacts, perContact],
  );
  await db.query('vacuum analyze activity');
}, 60_000);
afterAll(() => database.close());

test('F7: a contact’s card is answered from the index of its contact, in a few milliseconds among 200,000 activities', async () => {
  for (const plan of await cardPlans(database.db, portalId, ['77'], since)) {
    expect(plan).toMatch(/activity_contact/);
    expect(plan).not.toMatch(/Seq Scan on activity/);
  }
  const times: number[] = [];
  for (let contact = 0; contact < 60; contact += 1) {
    const began = performance.now();
    const card = await activityCard(database.db, portalId, [String(contact)], { since, latest: 20 });
    times.push(performance.now() - began);
    expect([card.totals.sent, card.totals.opened, card.totals.clicked]).toEqual([25, 50, 25]);
    expect(card.latest).toHaveLength(20);
  }
  // Other tests share the machine: what half of them take says what one costs.
  const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  expect(median).toBeLessThan(50);
});

test('F7: a company of two hundred contacts takes its latest from each contact’s index', async () => {
  const ids = Array.from({ length: 200 }, (_, n) => String(n));
  const began = performance.now();
  const card = await activityCard(database.db, portalId, ids, { since, latest: 20 });
  expect(performance.now() - began).toBeLessThan(1000);
  expect(card.totals.sent).toBe(200 * 25);
  const moments = card.latest.map(({ at }) => at.getTime());
  expect(moments).toEqual([...moments].sort((a, b) => b - a));
  for (const plan of await cardPlans(database.db, portalId, ids, since))
    expect(plan).not.toMatch(/Seq Scan on activity/);
});

test('B11: a person’s activities go by contact, by address and by profile, and nobody else’s', async () => {
  const { db } = database;
  const left = async (): Promise<number> =>
    Number((await db.query<{ n: string }>('select count(*) as n from activity'))[0]?.n);
  const before = await left();
  const traces = { emails: ['p11@example.com'], profileIds: ['p12'], contactIds: ['10'] };
  expect(await eraseActivities(db, portalId, traces)).toBe(3 * perContact);
  expect(await eraseActivities(db, '8', { ...traces, contactIds: ['13'] })).toBe(0);
  expect(await left()).toBe(before - 3 * perContact);
});

test('what is older than is kept goes in small steps, oldest first', async () => {
  const { db } = database;
  const oldest = async (): Promise<number> =>
    (await db.query<{ at: Date }>('select min(at) as at from activity'))[0]?.at.getTime() ?? 0;
  const before = await oldest();
  expect(await pruneActivities(db, 20, 500)).toBe(500);
  expect(await oldest()).toBeGreaterThanOrEqual(before);
  expect(await pruneActivities(db, 24, 500)).toBe(0);
});

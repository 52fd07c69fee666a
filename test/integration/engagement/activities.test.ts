import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { newActivity } from '../../../server/engagement/new-activity.js';
import type { Judged } from '../../../server/rules/engagement/email-event.js';
import { dueActivities, saveDecisions, storeActivities, type Activity } from '../../../server/store/activities.js';
import {
  dueAppEvents,
  planAppEvents,
  refuseAppEvents,
  restAppEvents,
  releaseAppEvents,
} from '../../../server/store/app-events-due.js';
import { engagementCounts } from '../../../server/store/engagement-connections.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let database: TestDatabase;
let klaviyoAccountId = '';
let connectionId = '';
const portalId = '7';
const live = { historical: false, redecide: false };
const first: Judged = { verdict: 'human', decision: 'deliver', because: 'first', counted: true };

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await db.query(
    `insert into portal (id, name, ui_domain, state) values ($1, 'Books', 'app.hubspot.com', 'installed')`,
    [portalId],
  );
  const [account] = await db.query<{ id: string }>(
    `insert into klaviyo_account (portal_id, company_id, name, state, auth) values ($1, 'TANDM1', 'Books', 'connected', 'api_key') returning id`,
    [portalId],
  );
  klaviyoAccountId = account?.id ?? '';
});
beforeEach(async () => {
  const { db } = database;
  await db.query('delete from activity');
  await db.query('delete from connection');
  const [connection] = await db.query<{ id: string }>(
    `insert into connection (portal_id, klaviyo_account_id, type, name, state, config) values ($1, $2, 'engagement', 'E', 'active', '{}') returning id`,
    [portalId, klaviyoAccountId],
  );
  connectionId = connection?.id ?? '';
});
afterAll(() => database.close());

const told = (id: string, profileId = 'P1'): Parameters<typeof newActivity>[0] => ({
  id,
  profileId,
  email: 'Ada@Example.com',
  at: new Date('2026-11-01T10:00:00Z'),
  properties: { $message: 'M', 'Recipient Email Address': 'ada@example.com' },
});
const store = (ids: readonly string[], how = live, profileId = 'P1'): Promise<number> =>
  storeActivities(
    database.db,
    { portalId, klaviyoAccountId },
    ids.map((id) => newActivity(told(id, profileId), 'opened')),
    how,
  );
const due = (): Promise<Activity[]> => dueActivities(database.db, klaviyoAccountId, false, 100);
const decide = (events: readonly Activity[], judged: Judged, againSeconds: number | null = null): Promise<void> =>
  saveDecisions(
    database.db,
    portalId,
    events.map(({ rowId }) => ({
      rowId,
      judged,
      connectionId,
      contactId: '5',
      shown: judged.decision === 'deliver',
      againSeconds,
    })),
  );
const counts = (): ReturnType<typeof engagementCounts> => engagementCounts(database.db, connectionId, klaviyoAccountId);

test('E9: an event is kept once, however often it is told, also twice in one page', async () => {
  expect(await store(['a', 'b', 'a'])).toBe(2);
  expect(await store(['a', 'b', 'c'])).toBe(1);
  expect((await due()).map(({ id }) => id).sort()).toEqual(['a', 'b', 'c']);
});

test('E9: many readers at once keep each event once and do not block each other', async () => {
  const ids = Array.from({ length: 200 }, (_, n) => `e${n}`);
  const fresh = await Promise.all([
    store(ids),
    store([...ids].reverse()),
    store(ids.slice(50)),
    store([...ids.slice(0, 150)].reverse()),
  ]);
  expect(fresh.reduce((a, b) => a + b)).toBe(200);
});

test('E9: a merge moves an event to another profile; what was decided stays', async () => {
  await store(['a']);
  await decide(await due(), first);
  expect(await store(['a'], live, 'P2')).toBe(0);
  expect(await due()).toEqual([]);
  expect(await database.db.query('select profile_id, decision from activity')).toEqual([
    { profile_id: 'P2', decision: 'deliver' },
  ]);
});

test('E7: a run after an edit puts what was left aside before the new rules, and nothing else', async () => {
  await store(['a', 'b']);
  const [a, b] = await due();
  await decide([a!], first);
  await decide([b!], { ...first, decision: 'not_chosen', because: 'source', counted: false });
  await store(['a', 'b'], { historical: true, redecide: true });
  expect((await due()).map(({ id }) => id)).toEqual([b!.id]);
});

test('F4: counts follow decisions, and the same decision twice counts once', async () => {
  await store(['a', 'b', 'c']);
  const events = await due();
  await decide(events, first);
  await decide(events, first);
  expect(await counts()).toMatchObject({ engagements: 3, skippedBy: [] });
  await decide([events[0]!], {
    verdict: 'all_links_at_once',
    decision: 'left_out',
    because: 'all_links_at_once',
    counted: false,
  });
  expect(await counts()).toMatchObject({ engagements: 2, skippedBy: [{ reason: 'all_links_at_once', count: 1 }] });
});

test('E6: who has no contact yet is looked at again later', async () => {
  await store(['a']);
  await decide(await due(), { ...first, decision: 'no_contact', because: 'no_contact', counted: false }, 3600);
  expect(await due()).toEqual([]);
  const [row] = await database.db.query<{ seconds: number; looks: number }>(
    'select extract(epoch from due_at - now())::float8 as seconds, looks from activity',
  );
  expect(row?.seconds).toBeGreaterThan(3500);
  expect(row?.looks).toBe(1);
});

test('E2: what waits for HubSpot’s approval rests and is released; what is refused stays refused', async () => {
  await store(['a', 'b']);
  const events = await due();
  await decide(events, first);
  const planned = events.map(
    ({ rowId }) => ({ rowId, object: 'contact', objectId: '5', name: 'opened', historical: false }) as const,
  );
  await planAppEvents(database.db, portalId, klaviyoAccountId, planned);
  await planAppEvents(database.db, portalId, klaviyoAccountId, planned);
  const waiting = (): Promise<number> =>
    dueAppEvents(database.db, klaviyoAccountId, false, 10).then(({ length }) => length);
  expect(await waiting()).toBe(2);
  await refuseAppEvents(database.db, [{ ...planned[0]!, error: 'no' }]);
  await restAppEvents(database.db, klaviyoAccountId, 600);
  expect(await waiting()).toBe(0);
  expect(await counts()).toMatchObject({ unapproved: 1, refused: 1 });
  await releaseAppEvents(database.db, portalId);
  expect(await waiting()).toBe(1);
});

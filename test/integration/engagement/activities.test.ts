import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { newActivity } from '../../../server/engagement/new-activity.js';
import type { Judged } from '../../../server/rules/engagement/email-event.js';
import {
  dueActivities,
  leavingOf,
  nextActivityIn,
  countDecisions,
  saveDecisions,
  storeActivities,
  type StoredActivity,
} from '../../../server/store/activities.js';
import {
  dueAppEvents,
  planAppEvents,
  refuseAppEvents,
  restAppEvents,
  releaseAppEvents,
  settleAppEvents,
} from '../../../server/store/app-events-due.js';
import { pruneActivities } from '../../../server/store/erase-activities.js';
import { moveActivities } from '../../../server/store/move-activities.js';
import { engagementCounts } from '../../../server/store/engagement-connections.js';
import { makePortal } from '../../helpers/make-portal.js';
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
  klaviyoAccountId = await makePortal(db, portalId);
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
const due = (): Promise<StoredActivity[]> => dueActivities(database.db, klaviyoAccountId, false, 100);
async function decide(
  events: readonly StoredActivity[],
  judged: Judged,
  againSeconds: number | null = null,
): Promise<void> {
  const shown = judged.decision === 'deliver';
  const decided = events.map(({ rowId }) => ({ rowId, judged, connectionId, contactId: '5', shown, againSeconds }));
  await countDecisions(database.db, portalId, await saveDecisions(database.db, portalId, decided));
}
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

test('E11: a person’s unsubscribes are found whichever way they are known, decided or not', async () => {
  const left = (id: string, profileId: string, email: string) =>
    newActivity({ ...told(id, profileId), email }, 'unsubscribed');
  const account = { portalId, klaviyoAccountId };
  const all = [
    left('a', 'P1', 'ada@example.com'),
    left('b', 'P2', 'old@example.com'),
    left('c', 'P3', 'else@example.com'),
  ];
  await storeActivities(database.db, account, all, live);
  await decide(
    (await due()).filter(({ id }) => id === 'c'),
    first,
  );
  const found = async (contactIds: string[], profileIds: string[], emails: string[]): Promise<string[]> => {
    const people = { contactIds, profileIds, emails };
    return (await leavingOf(database.db, portalId, klaviyoAccountId, people)).map(({ id }) => id).sort();
  };
  expect(await found(['5'], ['P1'], ['old@example.com', 'ada@example.com'])).toEqual(['a', 'b', 'c']);
  expect(await found([], ['P2'], [])).toEqual(['b']);
  expect(await found([], [], [])).toEqual([]);
  const others = { contactIds: ['5'], profileIds: ['P1'], emails: ['ada@example.com'] };
  expect(await leavingOf(database.db, '8', klaviyoAccountId, others)).toEqual([]);
});

test('E7: a run after an edit puts what was left aside before the new rules, and nothing else', async () => {
  await store(['a', 'b', 'c', 'd']);
  const [a, b, c, d] = await due();
  await decide([a!], first);
  await decide([b!], { ...first, decision: 'not_chosen', because: 'source', counted: false });
  // To leave out machines, or to show every open, counts from the change on.
  await decide([c!], {
    verdict: 'klaviyo_bot_click',
    decision: 'left_out',
    because: 'klaviyo_bot_click',
    counted: false,
  });
  await decide([d!], { ...first, decision: 'repeat', because: 'same_message', counted: false });
  await store(['a', 'b', 'c', 'd'], { historical: true, redecide: true });
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

test('E2: while approval is missing one activity asks for it, however many wait', async () => {
  await store(['a', 'b', 'c']);
  const events = await due();
  await decide(events, first);
  const plan = (of: readonly StoredActivity[]): Promise<void> =>
    planAppEvents(
      database.db,
      portalId,
      klaviyoAccountId,
      of.map(({ rowId }) => ({ rowId, object: 'contact', objectId: '5', name: 'opened', historical: false })),
    );
  await plan(events);
  await restAppEvents(database.db, klaviyoAccountId, 0);
  expect(await dueAppEvents(database.db, klaviyoAccountId, false, 10)).toHaveLength(1);
  await restAppEvents(database.db, klaviyoAccountId, 600);
  expect(await dueAppEvents(database.db, klaviyoAccountId, false, 10)).toEqual([]);
  expect(await nextActivityIn(database.db, klaviyoAccountId)).toBeGreaterThan(590);
  expect(await nextActivityIn(database.db, klaviyoAccountId)).toBeLessThanOrEqual(600);
  await releaseAppEvents(database.db, portalId);
  expect(await dueAppEvents(database.db, klaviyoAccountId, false, 10)).toHaveLength(3);
});

test('B7: what waits for the timeline of a merged contact goes on the survivor’s', async () => {
  await store(['a']);
  const [event] = await due();
  await decide([event!], first);
  await planAppEvents(database.db, portalId, klaviyoAccountId, [
    { rowId: event!.rowId, object: 'contact', objectId: '5', name: 'opened', historical: false },
    { rowId: event!.rowId, object: 'company', objectId: '5', name: 'opened', historical: false },
  ]);
  await moveActivities(database.db, portalId, ['5'], '6');
  const waiting = await dueAppEvents(database.db, klaviyoAccountId, false, 10);
  expect(waiting.map(({ object, objectId }) => [object, objectId])).toEqual([
    ['company', '5'],
    ['contact', '6'],
  ]);
});

test('E7: 25 months old goes and 23 stays; what a run has just read of the past goes when it is on its timelines', async () => {
  const { db } = database;
  await store(['new', 'old', 'read', 'waits']);
  const [, , read, waits] = [...(await due())].sort((a, b) => (a.id < b.id ? -1 : 1));
  await db.query(
    `update activity set at = now() - make_interval(months => case event_id when 'new' then 23 else 25 end),
       collected_at = case when event_id in ('new', 'old') then at else now() end,
       due_at = case when event_id = 'read' then now() end`,
  );
  await db.query(`update activity set collected_at = at where event_id in ('new', 'old')`);
  await planAppEvents(db, portalId, klaviyoAccountId, [
    { rowId: waits!.rowId, object: 'contact', objectId: '5', name: 'opened', historical: true },
  ]);
  const left = (): Promise<unknown> =>
    db
      .query<{ event_id: string }>('select event_id from activity order by event_id')
      .then((rows) => rows.map((row) => row.event_id));
  expect(await pruneActivities(db, 24, 100)).toBe(1);
  expect(await left()).toEqual(['new', 'read', 'waits']);
  await decide([read!], first);
  await settleAppEvents(db, [{ rowId: waits!.rowId, object: 'contact', objectId: '5' }]);
  expect(await pruneActivities(db, 24, 100)).toBe(2);
  expect(await left()).toEqual(['new']);
});

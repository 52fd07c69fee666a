import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decide } from '../../../server/engagement/decide.js';
import type { EngagementContext, EngagementScope } from '../../../server/engagement/engagement-context.js';
import { newActivity } from '../../../server/engagement/new-activity.js';
import { storeDecided } from '../../../server/engagement/store-decided.js';
import type { ActivityKind } from '../../../server/rules/engagement/activity-kind.js';
import { storeActivities, type NewActivity } from '../../../server/store/activities.js';
import type { Lease } from '../../../server/store/lease.js';
import { moveActivities } from '../../../server/store/move-activities.js';
import type { HubspotSession } from '../../../server/vendors/hubspot/session.js';
import { engagementContext } from '../../helpers/engagement-context.js';
import { engaging } from '../../helpers/engaging.js';
import { makePortal } from '../../helpers/make-portal.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let database: TestDatabase;
let ctx: EngagementContext;
/** The same people and connection twice: one portal is told its past at once decided, the other in turn. */
const turns: Record<'7' | '8', { scope: EngagementScope; lease: Lease }> = {} as never;
const accounts: Record<'7' | '8', string> = { 7: '', 8: '' };
const people = { P1: '5', P2: '6' };

beforeAll(async () => {
  database = await openTestDatabase();
  // Whoever is no contact by now, HubSpot does not know.
  const nobody = (portalId: string): HubspotSession => ({
    portalId,
    request: ({ schema }) => Promise.resolve(schema.parse({ status: 'COMPLETE', results: [] })),
  });
  ctx = { ...engagementContext(database.db), hubspot: nobody };
  for (const portalId of ['7', '8'] as const) accounts[portalId] = await makePortal(database.db, portalId);
});
beforeEach(async () => {
  const { db } = database;
  for (const table of ['activity', 'connection', 'merged_contact', 'rollup']) await db.query(`delete from ${table}`);
  for (const portalId of ['7', '8'] as const) {
    const account = { portalId, klaviyoAccountId: accounts[portalId] };
    turns[portalId] = await engaging(db, account, people, { rollups: true });
  }
});
afterAll(() => database.close());

const second = Date.parse('2026-03-01T10:00:00Z');
const event = (id: string, kind: ActivityKind = 'opened', atSecond = 0, more: object = {}): NewActivity =>
  newActivity(
    {
      id,
      profileId: 'P1',
      email: 'ada@example.com',
      at: new Date(second + atSecond * 1000),
      properties: { $internal: { 'Transmission ID': 'T1' }, 'Recipient Email Address': 'ada@example.com', ...more },
    },
    kind,
  );
const keep = (told: readonly NewActivity[], as = ctx): Promise<number> =>
  storeDecided(as, turns[7].scope, turns[7].lease, told);
const inTurn = async (portalId: '7' | '8'): Promise<void> => {
  const { scope, lease } = turns[portalId];
  while ((await decide(ctx, scope, lease, true)) > 0);
};
/** All that is known of a portal's activity, but for the numbers of rows and what differs by who came first. */
const known = async (portalId: '7' | '8'): Promise<unknown[]> => {
  const { db } = database;
  return Promise.all([
    db.query(
      `select event_id, kind, verdict, decision, because, counted, contact_id, historical, looks, shown_as, shown_at is not null as shown,
         due_at is not null as due, (connection_id = $2) as mine from activity where portal_id = $1 order by event_id`,
      [portalId, turns[portalId].scope.connections[0]!.id],
    ),
    db.query(
      `select a.event_id, d.object, d.object_id, d.name, d.historical from app_event_due d join activity a on a.id = d.activity_id
       where d.portal_id = $1 order by 1, 2, 3`,
      [portalId],
    ),
    db.query(
      'select decision, because, n::int from engagement_count where portal_id = $1 and n > 0 order by decision, because',
      [portalId],
    ),
    db.query('select contact_id from rollup where portal_id = $1 order by 1', [portalId]),
    db.query(
      'select contact_id, day, kind, n, left_out from activity_day where portal_id = $1 and (n <> 0 or left_out <> 0) order by 1, 2, 3',
      [portalId],
    ),
  ]);
};
/** The context of a turn in whose midst something happens: when it has concluded, and before it writes. */
const interrupted = (happens: () => Promise<unknown>): EngagementContext => {
  let came: Promise<unknown> | null = null;
  const { db } = database;
  return {
    ...ctx,
    db: {
      query: db.query,
      async transaction(work) {
        came ??= happens();
        await came;
        return db.transaction(work);
      },
    },
  };
};

test('E7: an event of the past is written once, decided, and is due no more', async () => {
  expect(await keep([event('a', 'received'), event('b', 'opened', 5), event('c', 'opened', 9)])).toBe(3);
  const rows = await database.db.query(
    'select event_id, because, due_at, xmin = $1::xid as once from activity order by 1',
    [(await database.db.query<{ x: string }>('select xmin as x from activity limit 1'))[0]!.x],
  );
  expect(rows).toEqual([
    { event_id: 'a', because: 'activity_off', due_at: null, once: true },
    { event_id: 'b', because: 'first', due_at: null, once: true },
    { event_id: 'c', because: 'same_message', due_at: null, once: true },
  ]);
  const [stats] = await database.db.query<{ n: string }>(
    `select n_tup_upd as n from pg_stat_user_tables where relname = 'activity'`,
  );
  expect(stats!.n).toBe('0');
});

test('E7: told once more, an event adds nothing, and what was decided of it stands', async () => {
  const page = [event('a'), event('b', 'clicked', 5, { URL: 'https://shop.example.com' })];
  await keep(page);
  const before = await known('7');
  expect(await keep(page)).toBe(0);
  expect(await keep([event('c', 'opened', 9), ...page])).toBe(1);
  await inTurn('7');
  const [activities, due] = (await known('7')) as [{ event_id: string; because: string }[], unknown];
  expect(activities.find(({ event_id }) => event_id === 'c')?.because).toBe('same_message');
  expect([activities.filter(({ event_id }) => event_id !== 'c'), due]).toEqual(before.slice(0, 2));
});

test('E7: an event that a webhook brings while its page is being decided is decided once, together with the page', async () => {
  const webhook = interrupted(() =>
    storeActivities(database.db, turns[7].scope, [event('b', 'opened', 2)], { historical: false, redecide: false }),
  );
  expect(await keep([event('a', 'opened', 1), event('b', 'opened', 2), event('c', 'opened', 3)], webhook)).toBe(2);
  expect(await database.db.query('select from activity where decision is not null')).toEqual([]);
  await decide(ctx, turns[7].scope, turns[7].lease, false);
  await inTurn('7');
  const [activities, due] = (await known('7')) as [{ event_id: string; because: string }[], unknown[]];
  expect(activities.map(({ because }) => because)).toEqual(['first', 'same_message', 'same_message']);
  expect(due).toHaveLength(1);
});

test('E7: an unsubscribing that is told again under another profile leaves the page decided as it is stored', async () => {
  await keep([event('a', 'unsubscribed')]);
  const moved = newActivity(
    { id: 'a', profileId: 'P3', email: 'else@example.com', at: new Date(second), properties: {} },
    'unsubscribed',
  );
  const page = [event('b', 'opened', 5), moved];
  expect(await keep(page)).toBe(1);
  const rows = await database.db.query(
    'select event_id, profile_id, contact_id, decision is not null as decided, due_at from activity order by 1',
  );
  expect(rows).toEqual([
    { event_id: 'a', profile_id: 'P3', contact_id: '5', decided: true, due_at: null },
    { event_id: 'b', profile_id: 'P1', contact_id: '5', decided: true, due_at: null },
  ]);
});

test('B7: a contact that was merged while a page was being decided is not written down any more', async () => {
  await keep(
    [event('a')],
    interrupted(() => moveActivities(database.db, '7', ['5'], '9')),
  );
  const [activities, due, , rollups] = (await known('7')) as [
    { contact_id: string }[],
    { object_id: string }[],
    unknown,
    { contact_id: string }[],
  ];
  expect([activities[0]!.contact_id, due[0]!.object_id, rollups[0]!.contact_id]).toEqual(['9', '9', '9']);
});

test('E1–E13: decided as it is stored, the past is what it is when it is decided in turn', async () => {
  const kinds = fc.constantFrom<ActivityKind[]>(
    'received',
    'opened',
    'opened',
    'clicked',
    'unsubscribed',
    'preferences',
    'bounced',
  );
  const happened = fc.record({
    kind: kinds,
    at: fc.integer({ min: 0, max: 40 }),
    who: fc.constantFrom('P1', 'P2', 'P3'),
    message: fc.constantFrom('T1', 'T2'),
    url: fc.constantFrom('https://a.example', 'https://b.example', 'https://c.example', 'https://d.example'),
    machine: fc.boolean(),
    // Without its recipient an email is told from others by the profile alone.
    named: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
  });
  // Each is told once or more; by then a merge may have moved it to another profile.
  const telling = fc.record({ event: fc.nat(), movedTo: fc.option(fc.constantFrom('P1', 'P3'), { freq: 8 }) });
  const pages = fc.array(fc.array(telling, { maxLength: 10 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(happened, { minLength: 1, maxLength: 20 }), pages, async (all, story) => {
      for (const table of ['activity', 'rollup', 'engagement_count', 'activity_day'])
        await database.db.query(`delete from ${table}`);
      // Nobody knows P3 anywhere.
      for (const { scope } of Object.values(turns)) {
        scope.memory.contacts.clear();
        for (const [profileId, contactId] of Object.entries(people))
          scope.memory.contacts.set(`profile:${profileId}`, contactId);
      }
      const events = story.map((page) =>
        page.map((one) => {
          const id = one.event % all.length;
          const { kind, at, who, message, url, machine, named } = all[id]!;
          return newActivity(
            {
              id: `e${id}`,
              profileId: one.movedTo ?? who,
              email: `${(one.movedTo ?? who).toLowerCase()}@example.com`,
              at: new Date(second + at * 1000),
              properties: {
                $internal: { 'Transmission ID': message },
                ...(named ? { 'Recipient Email Address': `${who}@example.com` } : {}),
                ...(kind === 'clicked' ? { URL: url } : {}),
                ...(machine && kind === 'opened' ? { machine_open: true } : {}),
              },
            },
            kind,
          );
        }),
      );
      for (const page of events) {
        await keep(page);
        await inTurn('7');
        const { scope } = turns[8];
        await database.db.transaction((tx) => storeActivities(tx, scope, page, { historical: true, redecide: true }));
        await inTurn('8');
      }
      expect(await known('7')).toEqual(await known('8'));
    }),
    // What makes it fail is made small in the time a test has, and told.
    { numRuns: 60, interruptAfterTimeLimit: 60_000 },
  );
});

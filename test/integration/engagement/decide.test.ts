import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { eraseDue } from '../../../server/contacts/erase.js';
import { RetryLater } from '../../../server/errors.js';
import { decide } from '../../../server/engagement/decide.js';
import type { EngagementContext, EngagementScope } from '../../../server/engagement/engagement-context.js';
import { learnOrigins } from '../../../server/engagement/learn-origins.js';
import { newActivity } from '../../../server/engagement/new-activity.js';
import { withoutErased } from '../../../server/engagement/without-erased.js';
import { dueActivities, storeActivities } from '../../../server/store/activities.js';
import { noteErasures } from '../../../server/store/erasures.js';
import type { Lease } from '../../../server/store/lease.js';
import { lockPeople } from '../../../server/store/lock-people.js';
import { moveActivities } from '../../../server/store/move-activities.js';
import { KlaviyoSession } from '../../../server/vendors/klaviyo/session.js';
import { engagementContext } from '../../helpers/engagement-context.js';
import { engaging } from '../../helpers/engaging.js';
import { makePortal } from '../../helpers/make-portal.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';
import { until } from '../../helpers/service.js';
import { scriptedVendor, watch } from '../vendors/scripted-vendor.js';

let database: TestDatabase;
let ctx: EngagementContext;
let scope: EngagementScope;
let lease: Lease;
let klaviyoAccountId = '';
const portalId = '7';

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  klaviyoAccountId = await makePortal(db, portalId);
  ctx = engagementContext(db);
});
beforeEach(async () => {
  const { db } = database;
  for (const table of ['activity', 'connection', 'erased', 'merged_contact', 'rollup'])
    await db.query(`delete from ${table}`);
  // The turn found Ada's contact, and where it belongs, a moment ago.
  ({ scope, lease } = await engaging(db, { portalId, klaviyoAccountId }, { P1: '5' }, { rollups: true }));
});
afterAll(() => database.close());

const opened = (id: string): ReturnType<typeof newActivity> =>
  newActivity(
    { id, profileId: 'P1', email: 'ada@example.com', at: new Date('2026-11-01T10:00:00Z'), properties: {} },
    'opened',
  );
const live = { historical: false, redecide: false };
const store = (tx = database.db): Promise<number> => storeActivities(tx, scope, [opened('a')], live);
const rowsOf = (table: string): Promise<{ contact: string }[]> =>
  database.db.query<{ contact: string }>(
    `select ${table === 'app_event_due' ? 'object_id' : 'contact_id'} as contact from ${table}`,
  );
const eraseAda = async (): Promise<void> => {
  await noteErasures(database.db, portalId, ['5']);
  await database.db.query(
    `insert into link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email) values ($1, $2, '5', 'P1', 'ada@example.com')`,
    [portalId, scope.klaviyoAccountId],
  );
  await eraseDue(ctx, scope.klaviyoAccountId, lease);
};
/** Until somebody waits for a lock that keeps people's activities apart from merging and erasing them. */
const waiting = (): Promise<true> =>
  until('somebody to wait', async () =>
    (await database.db.query(`select from pg_locks where locktype = 'advisory' and not granted`)).length > 0
      ? true
      : null,
  );

test('B7: a contact that was merged since a turn found it is not written down any more', async () => {
  await store();
  await moveActivities(database.db, portalId, ['5'], '9');
  await moveActivities(database.db, portalId, ['9'], '10');
  expect(await decide(ctx, scope, lease, false)).toBe(1);
  for (const table of ['activity', 'app_event_due', 'rollup']) expect(await rowsOf(table)).toEqual([{ contact: '10' }]);
});

test('B7: a merge waits for a batch that is being written, and moves what it wrote', async () => {
  await store();
  let moved: Promise<void> = Promise.resolve();
  await database.db.transaction(async (tx) => {
    await lockPeople(tx, portalId, 'shared');
    moved = moveActivities(database.db, portalId, ['5'], '9');
    await waiting();
    await tx.query(`update activity set contact_id = '5'`);
  });
  await moved;
  expect(await rowsOf('activity')).toEqual([{ contact: '9' }]);
});

test('B7: merges that are told in the wrong order end with the last survivor', async () => {
  await moveActivities(database.db, portalId, ['9', '10'], '10');
  await store();
  await database.db.query(`update activity set contact_id = '5'`);
  await moveActivities(database.db, portalId, ['5'], '9');
  expect(await rowsOf('activity')).toEqual([{ contact: '10' }]);
});

test('B11: of who was erased while a batch was decided nothing is written down', async () => {
  await store();
  const deciding = {
    ...ctx,
    db: {
      ...database.db,
      transaction: async (work) => {
        await eraseAda();
        return database.db.transaction(work);
      },
    },
  } satisfies EngagementContext;
  await database.db.query(`insert into engaged_contact (portal_id, contact_id) values ($1, '5')`, [portalId]);
  await decide(deciding, scope, lease, false);
  for (const table of ['activity', 'app_event_due', 'rollup', 'engaged_contact'])
    expect(await rowsOf(table)).toEqual([]);
});

test('B11: an erasure waits for events that are being stored, and takes them with it', async () => {
  let erased: Promise<void> = Promise.resolve();
  await database.db.transaction(async (tx) => {
    expect(await withoutErased(ctx, tx, portalId, [opened('a')])).toHaveLength(1);
    erased = eraseAda();
    await waiting();
    await store(tx);
  });
  await erased;
  expect(await rowsOf('activity')).toEqual([]);
  expect(await database.db.transaction((tx) => withoutErased(ctx, tx, portalId, [opened('b')]))).toEqual([]);
});

test('E1: what was learned of flows is kept when Klaviyo asks to wait; only who chooses lists or segments needs it', async () => {
  const vendor = await scriptedVendor();
  try {
    const asking: EngagementContext = {
      ...ctx,
      klaviyo: (accountId, priority) =>
        new KlaviyoSession({
          ...watch(),
          accountId,
          apiUrl: vendor.url,
          priority,
          credential: async () => ({ kind: 'api_key', key: 'pk_test' }),
        }),
    };
    const ofFlow = ['M1', 'M2', 'M3', 'M4'].map((message) =>
      newActivity(
        {
          id: message,
          profileId: 'P1',
          email: 'ada@example.com',
          at: new Date('2026-11-01T10:00:00Z'),
          properties: { $flow: 'F1', $message: message },
        },
        'opened',
      ),
    );
    await storeActivities(database.db, scope, ofFlow, live);
    const events = await dueActivities(database.db, scope.klaviyoAccountId, false, 10);
    let patience = 2;
    vendor.answers(({ path }) => {
      const data = (more: object): { json: object } => ({ json: { data: { type: 'x', id: 'A1', ...more } } });
      if (path.startsWith('/api/flow-messages/')) {
        patience -= 1;
        if (patience < 0) return { status: 429, headers: { 'retry-after': '1' }, json: { errors: [] } };
        return data({
          attributes: { definition: { name: 'Hello' } },
          relationships: { 'flow-action': { data: { id: 'A1' } } },
        });
      }
      if (path.endsWith('/flow')) return data({ id: 'F1' });
      return data({ attributes: { definition: { triggers: [{ type: 'list', id: 'L1' }] } } });
    });
    expect((await learnOrigins(asking, scope, events)).of(events[0]!)).toMatchObject({ flowId: 'F1', groupIds: [] });
    expect(vendor.seen).toEqual([]);

    const [connection] = scope.connections;
    const sources = { ...connection!.sources, all: false, klaviyoListIds: ['L1'] };
    const choosing = { ...scope, connections: [{ ...connection!, sources }] };
    await expect(learnOrigins(asking, choosing, events)).rejects.toBeInstanceOf(RetryLater);
    patience = Infinity;
    const origins = await learnOrigins(asking, choosing, events);
    expect(events.map((event) => origins.of(event).groupIds)).toEqual([['L1'], ['L1'], ['L1'], ['L1']]);
    const asked = vendor.seen.map(({ path }) => path).filter((path) => path.startsWith('/api/flow-messages/'));
    // The one whose answer was to wait is asked for twice, unless our own limits had it wait before it was.
    const times = (message: string): number =>
      asked.filter((path) => path.startsWith(`/api/flow-messages/${message}`)).length;
    expect(['M1', 'M2', 'M4'].map(times)).toEqual([1, 1, 1]);
  } finally {
    await vendor.close();
  }
});

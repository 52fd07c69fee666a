import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newActivity } from '../../../server/engagement/new-activity.js';
import { defaultEngagement } from '../../../server/rules/engagement/engagement-config.js';
import { activityCard } from '../../../server/store/activity-card.js';
import {
  activitiesOfMessages,
  dueActivities,
  keptOf,
  leavingOf,
  storedActivities,
  nextActivityIn,
  countDecisions,
  saveDecisions,
  settleActivities,
  storeActivities,
} from '../../../server/store/activities.js';
import {
  dueAppEvents,
  planAppEvents,
  refuseAppEvents,
  releaseAppEvents,
  releaseRefused,
  restAppEvents,
  retargetActivities,
  settleAppEvents,
} from '../../../server/store/app-events-due.js';
import type { Database } from '../../../server/store/database.js';
import { keepMessages, knownMessages } from '../../../server/store/email-messages.js';
import {
  contactsOf,
  dropUnengaged,
  keepEngagedContacts,
  staleContacts,
} from '../../../server/store/engaged-contacts.js';
import {
  accountsToEngage,
  accountsToTidy,
  engagementLag,
  takeDueAccounts,
} from '../../../server/store/engagement-accounts.js';
import { engagementCounts } from '../../../server/store/engagement-connections.js';
import { eraseActivities, pruneActivities } from '../../../server/store/erase-activities.js';
import { tracesOf } from '../../../server/store/erasures.js';
import { readGauges } from '../../../server/store/gauges.js';
import { survivorsOf } from '../../../server/store/merged-contacts.js';
import { moveActivities } from '../../../server/store/move-activities.js';
import {
  countedOf,
  dueRollups,
  noteAllRollups,
  noteRollups,
  rolledStatus,
  settleRollups,
} from '../../../server/store/rollups.js';
import { nextRun } from '../../../server/store/runs.js';
import { explained as explain } from '../../helpers/query-plans.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

// TANDEM_PLAN_ROWS=1000000 plans over as many activities as a large portal has; the default is enough for the planner to care.
const activities = Number(process.env['TANDEM_PLAN_ROWS'] ?? 24_000);
/** Each contact has so many activities, three of each email; tables of contacts hold more than have any. */
const perContact = 12;
const growing = [
  'activity',
  'activity_day',
  'app_event_due',
  'email_message',
  'engaged_contact',
  'engaged_deal',
  'rollup',
  'merged_contact',
];
const portalId = '7';
const smallId = '8';
let database: TestDatabase;
let accountId = '';
let smallAccountId = '';
let connectionId = '';
/** Some activities of the large portal, and what of them waits for timelines. */
let rowIds: string[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  // A large portal, a small one that must not feel it, and many with nothing to do.
  await db.query(
    `insert into portal (id, name, ui_domain, state, app_events)
     select n, 'Books', 'app.hubspot.com', 'installed', 'approved' from generate_series(7, 200) as n`,
  );
  await db.query(
    `insert into klaviyo_account (portal_id, company_id, name, state, auth) select id, 'TANDM1', 'Books', 'connected', 'api_key' from portal`,
  );
  await db.query(
    `insert into connection (portal_id, klaviyo_account_id, type, name, state, config, activated_at)
     select portal_id, id, 'engagement', 'Email activity', 'active', $1, now() from klaviyo_account`,
    [JSON.stringify(defaultEngagement)],
  );
  await db.query(
    `insert into engagement_account (klaviyo_account_id, portal_id, live_from, due_at, webhook_key)
     select id, portal_id, now(), now() + interval '1 minute', id::text from klaviyo_account`,
  );
  // Rows of before: what a trigger would add up for each is added up once below.
  await db.query('alter table activity disable trigger user');
  for (const [id, count] of [
    [portalId, activities],
    [smallId, activities / 20],
  ] as const) {
    const people = Math.floor(count / perContact);
    const fill = (sql: string, n: number): Promise<unknown> =>
      db.query(
        `insert into ${sql} from generate_series(0, $3::int - 1) as n, (select portal_id as portal, klaviyo_account_id as account, id as connection, $2::int as people
           from connection where portal_id = $1) as ids`,
        [id, people, Math.floor(n)],
      );
    // Spread over two years as they come in: those of one contact lie far apart. One in twenty is to be decided, most of
    // them of the past; one in fifty waits to be looked at again, because HubSpot does not know the person.
    await fill(
      `activity (portal_id, klaviyo_account_id, event_id, kind, at, collected_at, profile_id, email, message_key, facts, historical, due_at,
         verdict, decision, because, counted, connection_id, contact_id, shown_at, shown_as)
       select portal, account, 'e' || n,
         case when n % 97 = 0 then 'unsubscribed' when n % 101 = 0 then 'preferences' when n % 103 = 0 then 'bounced'
           else (array['received', 'opened', 'clicked'])[1 + n / people % 3] end,
         now() - (700 - n * 700.0 / $3) * interval '1 day', now() - (700 - n * 700.0 / $3) * interval '1 day',
         'p' || n % people, 'p' || n % people || '@example.com', 'm' || n / people / 3 || ':p' || n % people,
         jsonb_build_object('messageId', 'm' || n / people / 3, 'groupIds', '[]'::jsonb), n % 10 < 9,
         case when n % 20 = 0 then now() when n % 50 = 1 then now() + interval '1 hour' end,
         case when n % 20 > 0 then 'human' end,
         case when n % 20 = 0 then null when n % 50 = 1 then 'no_contact' when n % 7 = 0 then 'left_out' else 'deliver' end,
         case when n % 20 > 0 then 'first' end, n % 20 > 0 and n % 7 > 0 and n % 50 <> 1, connection,
         case when n % 20 > 0 and n % 50 <> 1 then (n % people)::text end,
         case when n % 20 > 0 and n % 50 <> 1 then now() end, case when n % 20 > 0 and n % 50 <> 1 then 'human' end`,
      count,
    );
    await fill(
      `email_message (klaviyo_account_id, portal_id, message_id, campaign_id, name) select account, portal, 'm' || n, 'c' || n, 'Hello'`,
      count,
    );
    await fill(
      `engaged_contact (portal_id, contact_id, company_id, deal_ids) select portal, n::text, 'c' || n / 20, array['d' || n / 3]`,
      count,
    );
    await fill(
      `rollup (portal_id, contact_id, klaviyo_account_id, profile_id, due_at)
       select portal, n::text, account, 'p' || n, case when n % 3 > 0 then now() + (n % 90 - 1) * interval '1 day' end`,
      count * 2,
    );
    await fill(`merged_contact (portal_id, contact_id, survivor_id) select portal, 'old' || n, n::text`, count);
  }
  await db.query('alter table activity enable trigger user');
  await db.query(
    `insert into activity_day (portal_id, contact_id, day, kind, n, left_out)
     select portal_id, contact_id, coalesce(day, '-infinity'), kind, count(*) filter (where counted), count(*) filter (where decision = 'left_out')
     from (select portal_id, contact_id, (at at time zone 'utc')::date as day, kind, counted, decision from activity
           where contact_id is not null and (counted or decision = 'left_out')) x
     group by grouping sets ((portal_id, contact_id, kind, day), (portal_id, contact_id, kind))`,
  );
  // What waits for timelines: the large portal's, and of the small one all that HubSpot has not approved yet.
  await db.query(
    `insert into app_event_due (activity_id, object, object_id, portal_id, klaviyo_account_id, name, historical, state, due_at)
     select id, object, contact_id, portal_id, klaviyo_account_id, 'opened', historical,
       case when portal_id = $1 then 'unapproved' when id % 50 = 0 then 'refused' else 'waiting' end,
       case when portal_id = $1 then 'infinity' else now() end
     from activity, unnest(array['contact', 'company']) as object where decision = 'deliver'`,
    [smallId],
  );
  await db.query('vacuum analyze');
  const idsOf = async (id: string): Promise<{ account: string; connection: string }> => {
    const [ids] = await db.query<{ account: string; connection: string }>(
      `select klaviyo_account_id as account, id as connection from connection where portal_id = $1`,
      [id],
    );
    return ids!;
  };
  ({ account: accountId, connection: connectionId } = await idsOf(portalId));
  ({ account: smallAccountId } = await idsOf(smallId));
  rowIds = (
    await db.query<{ id: string }>(
      `select activity_id as id from app_event_due where klaviyo_account_id = $1 and state = 'waiting' order by activity_id limit 100`,
      [accountId],
    )
  ).map(({ id }) => id);
}, 1_800_000);
afterAll(() => database.close());

/** What `work` scans of the tables that grow. */
const explained = (
  work: (db: Database) => Promise<unknown>,
  as: string | null = portalId,
): ReturnType<typeof explain> => explain(database, growing, as, work);

const numbers = Array.from({ length: 100 }, (_one, n) => String(n));
const profileIds = numbers.map((n) => `p${n}`);
const emails = profileIds.map((id) => `${id}@example.com`);
const messageIds = numbers.map((n) => `m${n}`);
/** A page of events, half of them known already; some under another profile than before. */
const page = () =>
  numbers.map((n) =>
    newActivity(
      {
        id: Number(n) % 2 === 0 ? `e${n}` : `new${n}`,
        profileId: `p${Number(n) % 5 === 0 ? n : 9}`,
        email: `p${n}@example.com`,
        at: new Date(),
        properties: { $message: 'm1' },
      },
      'opened',
    ),
  );
const account = () => ({ portalId, klaviyoAccountId: accountId });
const decisions = () =>
  rowIds.map((rowId, n) => ({
    rowId,
    judged: { verdict: 'human', decision: 'repeat', because: 'same_message', counted: false } as const,
    connectionId,
    contactId: String(n),
    shown: false,
    againSeconds: null,
  }));
const appEvents = (): Parameters<typeof planAppEvents>[3] =>
  rowIds.map((rowId, n) => ({
    rowId,
    object: n % 2 === 0 ? 'company' : 'contact',
    objectId: String(n),
    name: 'opened',
    historical: true,
  }));
const places = numbers.map((contactId) => ({ contactId, companyId: '1', dealIds: ['2'] }));
const card = { since: new Date(Date.now() - 90 * 86_400_000), latest: 20 };

const hot: [string, (db: Database) => Promise<unknown>][] = [
  ['a page of what is new', (db) => storeActivities(db, account(), page(), { historical: false, redecide: false })],
  ['a page of the past', (db) => storeActivities(db, account(), page(), { historical: true, redecide: true })],
  ['what is to be decided', (db) => dueActivities(db, accountId, false, 400)],
  ['what of the past is to be decided', (db) => dueActivities(db, accountId, true, 2000)],
  [
    'which of a page are there',
    (db) =>
      storedActivities(
        db,
        accountId,
        page().map(({ eventId }) => eventId),
      ),
  ],
  [
    'the siblings of a batch',
    (db) =>
      activitiesOfMessages(
        db,
        accountId,
        numbers.map((n) => `m1:p${n}`),
      ),
  ],
  [
    'all unsubscribing of the people of a batch',
    (db) => leavingOf(db, portalId, accountId, { contactIds: numbers, profileIds, emails }),
  ],
  ['messages of a batch', (db) => knownMessages(db, accountId, messageIds)],
  [
    'messages as read',
    (db) =>
      keepMessages(
        db,
        portalId,
        accountId,
        messageIds.map((messageId) => ({
          messageId,
          campaignId: 'c',
          flowId: null,
          name: '',
          subject: '',
          groupIds: [],
        })),
      ),
  ],
  ['companies and deals of a batch', (db) => keepEngagedContacts(db, portalId, places)],
  [
    'whose a batch is by now',
    async (db) => {
      await survivorsOf(db, portalId, numbers);
      await keptOf(db, rowIds);
      await dropUnengaged(db, portalId, numbers.slice(0, 5));
    },
  ],
  [
    'what was decided of a batch',
    async (db) => countDecisions(db, portalId, await saveDecisions(db, portalId, decisions())),
  ],
  ['what of a batch stays as it was', (db) => settleActivities(db, rowIds)],
  ['what of a batch goes on timelines', (db) => planAppEvents(db, portalId, accountId, appEvents())],
  ['what is to be delivered', (db) => dueAppEvents(db, accountId, false, 100)],
  ['what of the past is to be delivered', (db) => dueAppEvents(db, accountId, true, 200)],
  ['what HubSpot has', (db) => settleAppEvents(db, appEvents())],
  [
    'what HubSpot refuses',
    (db) =>
      refuseAppEvents(
        db,
        appEvents().map((one) => ({ ...one, error: '' })),
      ),
  ],
  ['whose contact is gone', (db) => retargetActivities(db, rowIds, 3)],
  [
    'roll-ups noted by a batch',
    (db) =>
      noteRollups(
        db,
        portalId,
        accountId,
        numbers.map((contactId) => ({ contactId, profileId: null })),
      ),
  ],
  ['roll-ups that are due', (db) => dueRollups(db, accountId, 100)],
  ['what counts in roll-ups', (db) => countedOf(db, portalId, numbers)],
  [
    'roll-ups that were written',
    (db) =>
      settleRollups(
        db,
        portalId,
        numbers.map((contactId) => ({ contactId, written: {}, dueAt: new Date() })),
        new Date(),
      ),
  ],
  ['the next run', (db) => nextRun(db, accountId, 'engagement')],
  ['when something is due next', (db) => nextActivityIn(db, accountId)],
  ['a contact’s card', (db) => activityCard(db, portalId, ['77'], card)],
  ['a company’s card', (db) => activityCard(db, portalId, numbers, card)],
  [
    'who belongs to a company or a deal',
    async (db) => {
      await contactsOf(db, portalId, 'company', 'c5', 500);
      await contactsOf(db, portalId, 'deal', 'd5', 500);
      await staleContacts(db, portalId, numbers, 600);
    },
  ],
  ['the status on a card', (db) => rolledStatus(db, portalId, '77')],
  ['how far behind it is', (db) => engagementLag(db, accountId, 30)],
  ['traces of a person', (db) => tracesOf(db, accountId, '77')],
  [
    'a person who is erased',
    (db) =>
      eraseActivities(db, portalId, { contactIds: ['77'], profileIds: ['p77', 'p78'], emails: ['p77@example.com'] }),
  ],
  ['contacts that were merged', (db) => moveActivities(db, portalId, ['77', '78'], '79')],
];

test.each(hot)('no statement reads a growing table from end to end: %s', async (_what, work) => {
  const { statements, scans } = await explained(work);
  expect(statements).toBeGreaterThan(0);
  expect(scans).toEqual([]);
});

const ticks: [string, (db: Database) => Promise<unknown>][] = [
  ['accounts to be read', (db) => takeDueAccounts(db, 30, 200)],
  ['accounts with work left by a crash', (db) => accountsToEngage(db, 1000)],
  ['accounts whose webhook is to go', (db) => accountsToTidy(db, 200)],
  ['what is older than is kept', (db) => pruneActivities(db, 18, 50)],
  ['nothing is older than is kept', (db) => pruneActivities(db, 24, 50)],
  ['what the gauges show', (db) => readGauges(db, 30)],
];

test.each(ticks)('nor does what is done for all portals: %s', async (_what, work) => {
  const { statements, scans } = await explained(work, null);
  expect(statements).toBeGreaterThan(0);
  expect(scans).toEqual([]);
});

const own: [string, (db: Database) => Promise<unknown>][] = [
  ['HubSpot has not approved the events', (db) => restAppEvents(db, smallAccountId, 900)],
  ['HubSpot has approved the events', (db) => releaseAppEvents(db, smallId)],
  ['what was refused is sent again', (db) => releaseRefused(db, smallAccountId)],
  ['roll-ups of everybody', (db) => noteAllRollups(db, smallId, smallAccountId)],
  ['a connection’s numbers', (db) => engagementCounts(db, connectionId, smallAccountId)],
];

test.each(own)('what goes through all of a portal’s own rows leaves those of others alone: %s', async (_what, work) => {
  expect((await explained(work, smallId)).scans).toEqual([]);
});

test('the watch sees what it is there to see, in plans and in what they set off', async () => {
  const look = await explained((db) => db.query(`select count(*) from email_message where subject = 'News'`));
  expect(look.scans).toEqual([expect.stringMatching(/^email_message: select/)]);
  await database.db.query(
    `create function look_through() returns trigger language plpgsql as $$
     begin perform count(*) from rollup where profile_id = 'x'; return null; end $$`,
  );
  await database.db.query(
    'create trigger look_through after update on email_message for each statement execute function look_through()',
  );
  const { scans } = await explained((db) =>
    db.query(`update email_message set name = 'Hi' where klaviyo_account_id = $1 and message_id = 'm1'`, [accountId]),
  );
  expect(scans).toEqual(['rollup: a trigger, or rows that go with others']);
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newActivity } from '../../../server/engagement/new-activity.js';
import { activitiesOfMessages, storeActivities, storedActivities } from '../../../server/store/activities.js';
import type { Database } from '../../../server/store/database.js';
import { clearIssues, openIssues } from '../../../server/store/issues.js';
import { insertLinks, linksOfRecords, syncedSince } from '../../../server/store/links.js';
import { withinPortal } from '../../../server/store/portal-scope.js';
import { unseenRecords } from '../../../server/store/sweeps.js';
import { makePortal } from '../../helpers/make-portal.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

// Several accounts fill pairs, issues and events at the same time, and the database counts them when it likes to: what is
// looked up there takes what it finds, whatever the planner believes.
interface Account {
  portalId: string;
  klaviyoAccountId: string;
  connectionId: string;
}
const accounts: Account[] = [];
let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  for (const table of ['link', 'issue', 'activity'])
    await db.query(`alter table ${table} set (autovacuum_enabled = false)`);
  for (const portalId of ['11', '12', '13', '14']) {
    const klaviyoAccountId = await makePortal(db, portalId);
    const [connection] = await db.query<{ id: string }>(
      `insert into connection (portal_id, klaviyo_account_id, type, name, state, config) values ($1, $2, 'contact', 'All', 'active', '{}') returning id`,
      [portalId, klaviyoAccountId],
    );
    accounts.push({ portalId, klaviyoAccountId, connectionId: connection!.id });
  }
}, 30_000);
afterAll(() => database.close());

/** Rows and entries of indexes that a piece of work reads in these tables, as its portal. */
const entriesRead = (portalId: string, work: (tx: Database) => Promise<unknown>): Promise<number> =>
  withinPortal(portalId, () =>
    database.db.transaction(async (tx) => {
      // Of an index: entries returned, by bitmap scans too, of which the table's own figures show only what is left of them.
      const so = async (): Promise<number> => {
        const [row] = await tx.query<{ n: string }>(
          `select sum(pg_stat_get_xact_tuples_returned(c.oid)) as n from pg_class c
           where c.relname in ('link', 'issue', 'activity')
             or c.oid in (select indexrelid from pg_index where indrelid in ('link'::regclass, 'issue'::regclass, 'activity'::regclass))`,
        );
        return Number(row!.n);
      };
      const before = await so();
      await work(tx);
      return (await so()) - before;
    }),
  );

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, n) => from + n);
const klaviyoId = (n: number): string => `K${n}`;
const email = (n: number): string => `p${n}@example.org`;
const event = (n: number): ReturnType<typeof newActivity> =>
  newActivity(
    {
      id: `e${n}`,
      profileId: klaviyoId(n),
      email: email(n),
      at: new Date('2026-11-01T10:00:00Z'),
      properties: { $message: 'M', 'Recipient Email Address': email(n) },
    },
    'received',
  );
const issue = (connectionId: string, n: number): Parameters<typeof openIssues>[2][number] => ({
  connectionId,
  code: 'value_refused',
  side: 'klaviyo',
  recordId: klaviyoId(n),
  field: 'phone',
  title: 'A number',
  detail: 'It does not fit.',
  fix: 'Correct it.',
  hubspotId: String(n),
  klaviyoId: klaviyoId(n),
  email: email(n),
});

/** Each account takes in so many more people. */
async function fill(from: number, count: number): Promise<void> {
  const people = numbers(from, count);
  for (const { portalId, klaviyoAccountId, connectionId } of accounts)
    await withinPortal(portalId, () =>
      database.db.transaction(async (tx) => {
        const pairs = people.map((n) => ({
          hubspotId: String(n),
          klaviyoId: klaviyoId(n),
          email: email(n),
          base: {},
          hubspotModifiedAt: '2026-11-01T10:00:00Z',
          klaviyoModifiedAt: '2026-11-01T10:00:00Z',
        }));
        await insertLinks(tx, portalId, klaviyoAccountId, pairs);
        await openIssues(
          tx,
          portalId,
          people.map((n) => issue(connectionId, n)),
        );
        const how = { historical: true, redecide: false };
        await storeActivities(tx, { portalId, klaviyoAccountId }, people.map(event), how);
      }),
    );
}

/** Gives every account so many, as a long run leaves them: only then do the planner's guesses differ by much. */
async function fillUp(from: number, many: number): Promise<void> {
  const { db } = database;
  await db.query(
    `insert into link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email, base)
     select a.portal_id, a.id, n, 'K' || n, 'p' || n || '@example.org', '{}' from klaviyo_account a, generate_series($1::int, $2) as n`,
    [from, many],
  );
  await db.query(
    `insert into issue (portal_id, connection_id, code, side, record_id, field, title, detail, fix)
     select c.portal_id, c.id, 'value_refused', 'klaviyo', 'K' || n, 'phone', 'A number', 'It does not fit.', 'Correct it.'
     from connection c, generate_series($1::int, $2) as n`,
    [from, many],
  );
  await db.query(
    `insert into activity (portal_id, klaviyo_account_id, event_id, kind, at, profile_id, email, message_key, facts, historical)
     select a.portal_id, a.id, 'e' || n, 'received', now(), 'K' || n, 'p' || n || '@example.org', 'M:p' || n || '@example.org', '{}', true
     from klaviyo_account a, generate_series($1::int, $2) as n`,
    [from, many],
  );
}

const size = 50;
const since = new Date('2020-01-01');
const modifiedAt = '2026-11-01T11:00:00Z';
type LookUp = [what: string, work: (tx: Database, account: Account, of: readonly number[]) => Promise<number>];
const lookUps: LookUp[] = [
  [
    'pairs by their contacts',
    async (tx, { klaviyoAccountId }, of) => (await linksOfRecords(tx, klaviyoAccountId, of.map(String), [])).length,
  ],
  [
    'pairs by their profiles',
    async (tx, { klaviyoAccountId }, of) => (await linksOfRecords(tx, klaviyoAccountId, [], of.map(klaviyoId))).length,
  ],
  [
    'which contacts are through',
    async (tx, { klaviyoAccountId }, of) =>
      (await syncedSince(tx, klaviyoAccountId, 'hubspot', of.map(String), since)).size,
  ],
  [
    'which profiles are through',
    async (tx, { klaviyoAccountId }, of) =>
      (await syncedSince(tx, klaviyoAccountId, 'klaviyo', of.map(klaviyoId), since)).size,
  ],
  [
    'what a sweep found',
    async (tx, { klaviyoAccountId }, of) => {
      const found = of.map((n) => ({ recordId: klaviyoId(n), modifiedAt }));
      return (await unseenRecords(tx, klaviyoAccountId, 'klaviyo', found)).length;
    },
  ],
  [
    'issues that are still open',
    async (tx, { portalId, connectionId }, of) => {
      const records = of.map((n) => ({ side: 'klaviyo' as const, recordId: klaviyoId(n) }));
      const [first, ...still] = of.map((n) => issue(connectionId, n));
      await clearIssues(tx, [connectionId], records, still);
      const found = of.map(klaviyoId);
      const left = await tx.query(
        `select from unnest($2::text[]) as x (id) where exists (
           select from issue where connection_id = $1 and side = 'klaviyo' and record_id = x.id offset 0)`,
        [connectionId, found],
      );
      // The one that is gone is opened again, for the next look.
      await openIssues(tx, portalId, [first!]);
      return left.length + 1;
    },
  ],
  [
    'events of some emails',
    async (tx, { klaviyoAccountId }, of) =>
      (
        await activitiesOfMessages(
          tx,
          klaviyoAccountId,
          of.map((n) => event(n).messageKey),
        )
      ).length,
  ],
  [
    'events that are told again',
    async (tx, { klaviyoAccountId }, of) =>
      (
        await storedActivities(
          tx,
          klaviyoAccountId,
          of.map((n) => `e${n}`),
        )
      ).length,
  ],
];

test.each([
  ['never', 30_000, async () => undefined],
  ['once, while they were small', 0, (db: Database) => db.query('analyze link, issue, activity')],
] as const)(
  'G1: four accounts fill pairs, issues and events, counted %s: each look-up reads what it finds, at every size',
  async (_when, many, count) => {
    const { db } = database;
    for (const table of ['link', 'issue', 'activity']) await db.query(`delete from ${table}`);
    await db.query('vacuum full link');
    await db.query('vacuum full issue');
    await db.query('vacuum full activity');
    const lookAll = async (from: number): Promise<void> => {
      const of = numbers(from, size);
      const [account] = accounts;
      for (const [what, work] of lookUps) {
        const read = await entriesRead(account!.portalId, async (tx) => {
          expect([what, from, await work(tx, account!, of)]).toEqual([what, from, size]);
        });
        expect([what, from, read <= 6 * size ? 'few' : read]).toEqual([what, from, 'few']);
      }
    };
    for (let from = 0; from < 3000; from += 200) {
      await fill(from, 200);
      if (from === 200) await count(db);
      await lookAll(from);
    }
    if (many === 0) return;
    await fillUp(3000, many);
    await lookAll(many - size);
  },
  60_000,
);

test('G1: of what is looked up by its account, no index begins with the portal, for which the policy asks beside', async () => {
  // The planner does not know that portal and takes it for selective: with such an index it reads all that the portal has.
  const found = await database.db.query<{ name: string }>(
    `select i.indexrelid::regclass::text as name from pg_index i
       join pg_attribute first on first.attrelid = i.indrelid and first.attnum = i.indkey[0] and first.attname = 'portal_id'
       join pg_attribute account on account.attrelid = i.indrelid and account.attname = 'klaviyo_account_id'
       join pg_policy p on p.polrelid = i.indrelid
     where i.indpred is null and not i.indisunique order by 1`,
  );
  // Histories are asked by portal, and written by the numbers of their rows; connections are few.
  expect(found.map(({ name }) => name)).toEqual(['connection_portal', 'history_hubspot', 'history_portal_at']);
});

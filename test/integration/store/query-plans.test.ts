import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  accountsWithWork,
  dueChanges,
  nextChangeIn,
  noteChanges,
  postponeChanges,
  settleChanges,
} from '../../../server/store/changes.js';
import { consentsOf, saveConsents } from '../../../server/store/consents.js';
import { contactView } from '../../../server/store/contact-view.js';
import type { Database } from '../../../server/store/database.js';
import { dropHints, nextHints, portalsWithHints, storeHints } from '../../../server/store/hints.js';
import {
  abandonHistory,
  intendHistory,
  noteHistory,
  settleHistory,
  type HistoryEntry,
} from '../../../server/store/history.js';
import {
  accountsWithIssuesDue,
  fieldsWithIssues,
  issuesDueAgain,
  issuesOfContact,
  listIssues,
} from '../../../server/store/issue-list.js';
import { historyOf, linkedContacts } from '../../../server/store/contact-view.js';
import {
  awaitingNumbers,
  clearIssues,
  openIssues,
  restsForPerson,
  type NewIssue,
} from '../../../server/store/issues.js';
import { stampMembers, takeLeavers } from '../../../server/store/list-members.js';
import { intendListWrites, openListWrites, settleListWrites } from '../../../server/store/list-writes.js';
import {
  endLinks,
  insertLinks,
  linkSlice,
  linksOfRecords,
  tombstonesOf,
  updateLinks,
} from '../../../server/store/links.js';
import { waitingOf } from '../../../server/store/parity.js';
import { failedSince, saveStandings, standingsOf } from '../../../server/store/standings.js';
import { lagSeconds, standingCounts } from '../../../server/store/status.js';
import { moveQuietSweeps, readySweeps, takeDueSweeps, unseenRecords } from '../../../server/store/sweeps.js';
import { countUsage } from '../../../server/store/usage.js';
import { explained as explain } from '../../helpers/query-plans.js';
import { makePortal } from '../../helpers/make-portal.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

// TANDEM_PLAN_ROWS=1000000 plans over as many pairs as a large portal has; the default is enough for the planner to care.
const rows = Number(process.env['TANDEM_PLAN_ROWS'] ?? 40_000);
const growing = [
  'link',
  'standing',
  'change',
  'history',
  'issue',
  'list_member',
  'list_write',
  'consent',
  'tombstone',
  'hint_batch',
  'usage_contact',
  'activity',
  'email_message',
  'app_event_due',
];
const portalId = '7';
let database: TestDatabase;
let accountId = '';
let connectionId = '';

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  // Two portals: a large one, and one that must not feel it.
  for (const id of [portalId, '8']) {
    await makePortal(db, id);
    await db.query(
      `insert into connection (portal_id, klaviyo_account_id, type, name, state, config)
       select portal_id, id, 'contact', 'Everybody', 'active', '{}' from klaviyo_account where portal_id = $1`,
      [id],
    );
    const count = id === portalId ? rows : rows / 10;
    const fill = (sql: string, n = count): Promise<unknown> =>
      db.query(
        `insert into ${sql} from generate_series(1, $2::int) as n, (select a.id as account, a.portal_id as portal, c.id as connection
           from klaviyo_account a join connection c on c.klaviyo_account_id = a.id where a.portal_id = $1) as ids`,
        [id, n],
      );
    await fill(
      `link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email, base, hubspot_modified_at)
       select portal, account, n::text, 'P' || n, n || '@example.com', '{"contact.firstname|attribute.first_name": "Ada"}', now()`,
    );
    await fill(
      `standing (connection_id, portal_id, side, record_id, state) select connection, portal, 'hubspot', n::text, 'in_sync'`,
    );
    await fill(
      `history (portal_id, klaviyo_account_id, connection_id, side, action, hubspot_id, klaviyo_id, email, because, settled_at, outcome)
       select portal, account, connection, 'klaviyo', 'update', n::text, 'P' || n, n || '@example.com', '', now(), 'done'`,
    );
    await fill(
      `issue (portal_id, connection_id, code, side, record_id, title, detail, fix, hubspot_id, awaits)
       select portal, connection, 'invalid_phone', 'hubspot', n::text, '', '', '', n::text, '+49' || n`,
      count,
    );
    await fill(
      `change (klaviyo_account_id, portal_id, side, record_id, priority, cause) select account, portal, 'hubspot', n::text, 2, ''`,
      count,
    );
    await fill(
      `list_member (klaviyo_account_id, portal_id, side, list_id, record_id, seen) select account, portal, 'hubspot', '41', n::text, 3`,
    );
    await fill(`consent (klaviyo_account_id, portal_id, email) select account, portal, n || '@example.com'`);
    await fill(
      `tombstone (klaviyo_account_id, portal_id, side, record_id, reason) select account, portal, 'hubspot', 't' || n, ''`,
      count,
    );
    await fill(
      `list_write (connection_id, klaviyo_account_id, portal_id, klaviyo_id, list_id, rules_key) select connection, account, portal, 'P' || n, 'L', ''`,
      count,
    );
    await fill(
      `hint_batch (portal_id, hints, size) select portal, jsonb_build_object(n, 'webhook creation'), 1`,
      count,
    );
    await fill(
      `usage_contact (portal_id, month, email_hash) select portal, date_trunc('month', now())::date, decode(md5(n::text), 'hex')`,
    );
  }
  // And many more connections, as everywhere but here.
  await db.query(
    `insert into connection (portal_id, klaviyo_account_id, type, name, state, config)
     select portal_id, id, 'contact', 'One of many ' || n, 'active', '{}' from klaviyo_account, generate_series(1, 400) as n where portal_id = '8'`,
  );
  await db.query(
    `insert into issue (portal_id, connection_id, code, side, record_id, title, detail, fix)
     select portal_id, id, 'invalid_phone', 'hubspot', n::text, '', '', '' from connection, generate_series(1, 100) as n where name like 'One of many%'`,
  );
  await db.query(`update connection set state = 'paused' where name like 'One of many%'`);
  // Many portals at rest.
  await db.query(
    `insert into portal (id, name, ui_domain, state) select n, 'Rest', 'app.hubspot.com', 'installed' from generate_series(1000, 1200) as n`,
  );
  await db.query(
    `with rest as (
       insert into klaviyo_account (portal_id, company_id, name, state, auth)
       select id, 'TANDM1', 'Rest', 'connected', 'api_key' from portal where id >= 1000 returning id, portal_id)
     insert into connection (portal_id, klaviyo_account_id, type, name, state, config) select portal_id, id, 'contact', 'Everybody', 'active', '{}' from rest`,
  );
  await db.query('vacuum analyze');
  const [ids] = await db.query<{ account: string; connection: string }>(
    `select a.id as account, c.id as connection from klaviyo_account a join connection c on c.klaviyo_account_id = a.id where a.portal_id = $1`,
    [portalId],
  );
  accountId = ids?.account ?? '';
  connectionId = ids?.connection ?? '';
}, 120_000);
afterAll(() => database.close());

/** What `work` scans as a portal's, of the tables that grow. */
const explained = (work: (db: Database) => Promise<unknown>, as = portalId): ReturnType<typeof explain> =>
  explain(database, growing, as, work);

const hundred = Array.from({ length: 100 }, (_one, n) => String(n + 100));
const profiles = hundred.map((id) => `P${id}`);
const emails = hundred.map((id) => `${id}@example.com`);
const records = hundred.map((recordId) => ({ side: 'hubspot', recordId }) as const);
const page = { limit: 50 };
const entry = (id: string): HistoryEntry => ({
  connectionId,
  runId: null,
  side: 'klaviyo',
  action: 'update',
  hubspotId: id,
  klaviyoId: `P${id}`,
  email: `${id}@example.com`,
  fields: [],
  because: '',
});
const issue = (recordId: string): NewIssue => ({
  connectionId,
  code: 'invalid_phone',
  side: 'hubspot',
  recordId,
  field: '',
  title: '',
  detail: '',
  fix: '',
  hubspotId: recordId,
  klaviyoId: null,
  email: null,
});
const link = (id: string) => ({
  hubspotId: id,
  klaviyoId: `P${id}`,
  email: `${id}@example.com`,
  base: {},
  hubspotModifiedAt: null,
  klaviyoModifiedAt: null,
});
const list = () => ({ portalId, klaviyoAccountId: accountId, side: 'hubspot', listId: '41' }) as const;
const listWrites = () => hundred.map((id) => ({ connectionId, klaviyoId: `P${id}`, listId: 'L', rulesKey: '' }));

const hot: [string, (db: Database) => Promise<unknown>][] = [
  ['links of a batch', (db) => linksOfRecords(db, accountId, hundred, profiles)],
  [
    'new links',
    (db) =>
      insertLinks(
        db,
        portalId,
        accountId,
        hundred.map((id) => link(`new${id}`)),
      ),
  ],
  [
    'links after a pass',
    (db) =>
      updateLinks(
        db,
        accountId,
        hundred.map((id) => ({ ...link(id), id })),
      ),
  ],
  [
    'links that end',
    (db) =>
      endLinks(db, portalId, accountId, ['5', '6'], [{ side: 'hubspot', recordId: '5', reason: 'undone', base: {} }]),
  ],
  ['tombstones', (db) => tombstonesOf(db, accountId, hundred, profiles)],
  ['a slice of the audit', (db) => linkSlice(db, accountId, '500', 100)],
  ['what waits beside the audit', (db) => waitingOf(db, accountId, hundred, profiles)],
  ['standings of a batch', (db) => standingsOf(db, [connectionId], hundred, profiles)],
  ['who was refused', (db) => failedSince(db, connectionId, 'hubspot', hundred, new Date(0))],
  [
    'standings after a pass',
    (db) =>
      saveStandings(
        db,
        portalId,
        hundred.map((recordId) => ({
          connectionId,
          side: 'hubspot',
          recordId,
          state: 'in_sync',
          reason: null,
          message: null,
          lists: [],
          rulesKey: '',
        })),
        [{ connectionId, side: 'klaviyo', recordId: 'P9' }],
      ),
  ],
  [
    'changes noted',
    (db) =>
      noteChanges(
        db,
        portalId,
        accountId,
        records.map((at) => ({ ...at, priority: 1, cause: '' })),
      ),
  ],
  ['changes due', (db) => dueChanges(db, accountId, 100)],
  [
    'changes settled',
    (db) =>
      settleChanges(
        db,
        accountId,
        records.map((at) => ({ ...at, priority: 1, generation: '1', attempts: 0, cause: '' })),
      ),
  ],
  [
    'changes postponed',
    (db) =>
      postponeChanges(
        db,
        accountId,
        records.map((at) => ({ ...at, afterSeconds: 5 })),
      ),
  ],
  [
    'records that a sweep found',
    (db) =>
      unseenRecords(
        db,
        accountId,
        'hubspot',
        hundred.map((recordId) => ({ recordId, modifiedAt: new Date().toISOString() })),
      ),
  ],
  [
    'history of a batch',
    async (db) => {
      const ids = await intendHistory(db, portalId, accountId, hundred.map(entry));
      await settleHistory(
        db,
        ids.map((id) => ({ id, outcome: 'done', hubspotId: '1', klaviyoId: 'P1' })),
      );
      await noteHistory(db, portalId, accountId, hundred.map(entry));
    },
  ],
  ['history left open by a crash', (db) => abandonHistory(db, accountId)],
  ['history of a contact', (db) => historyOf(db, portalId, { contactIds: ['77'] }, page)],
  ['contacts linked under an address', (db) => linkedContacts(db, portalId, 'p7@example.com')],
  ['history of a portal', (db) => historyOf(db, portalId, {}, page)],
  [
    'issues of a batch',
    async (db) => (await openIssues(db, portalId, hundred.map(issue)), clearIssues(db, [connectionId], records, [])),
  ],
  ['issues of a contact', (db) => issuesOfContact(db, portalId, '77', 10)],
  [
    'issues that wait for a number',
    (db) =>
      awaitingNumbers(
        db,
        [connectionId],
        hundred.map((n) => `+49${n}`),
      ),
  ],
  ['fields with issues', (db) => fieldsWithIssues(db, [connectionId], hundred)],
  ['whether a pair rests', (db) => restsForPerson(db, accountId)],
  ['a page of issues', (db) => listIssues(db, portalId, { connectionId }, page)],
  ['consent of a batch', (db) => consentsOf(db, accountId, emails)],
  [
    'consent after a pass',
    (db) =>
      saveConsents(
        db,
        portalId,
        accountId,
        emails.map((email) => ({
          email,
          optedOut: [],
          unsubscribed: false,
          askedAt: null,
          askedList: null,
          enteredAt: null,
        })),
      ),
  ],
  ['members of a page', (db) => stampMembers(db, list(), hundred, 4)],
  [
    'list writes',
    async (db) => {
      await intendListWrites(db, portalId, accountId, listWrites());
      await openListWrites(db, accountId, profiles);
      await settleListWrites(db, accountId, listWrites());
    },
  ],
  [
    'a delivery of webhooks',
    (db) =>
      storeHints(db, [
        { portalId: Number(portalId), hints: [{ side: 'hubspot', recordId: '1', cause: '' }], merges: [] },
      ]),
  ],
  [
    'hints of a portal',
    async (db) =>
      dropHints(
        db,
        (await nextHints(db, portalId, 500)).map(({ id }) => id),
      ),
  ],
  [
    'sweeps looked through together',
    async (db) => {
      const due = ['hubspot_contacts', 'klaviyo_profiles', 'links'].map((name) => ({
        klaviyoAccountId: accountId,
        name,
      }));
      await takeDueSweeps(db, 30, 200);
      await readySweeps(db, due, new Date().toISOString(), 120);
      await accountsWithIssuesDue(db, [accountId], 300);
      await moveQuietSweeps(
        db,
        due.map((one) => ({ ...one, position: { sinceMs: 1 } })),
      );
    },
  ],
  ['hints that a crash left', (db) => portalsWithHints(db)],
  ['usage of a batch', (db) => countUsage(db, portalId, emails)],
  ['a contact’s card', (db) => contactView(db, portalId, '77')],
  ['how far behind it is', (db) => lagSeconds(db, accountId, 30)],
  ['the next change', (db) => nextChangeIn(db, accountId)],
];

test.each(hot)('no statement reads a growing table from end to end: %s', async (_what, work) => {
  const { statements, scans } = await explained(work);
  expect(statements).toBeGreaterThan(0);
  expect(scans).toEqual([]);
});

test('what goes through all of a portal’s own rows leaves those of others alone', async () => {
  const [other] = await database.db.query<{ id: string }>(`select id from klaviyo_account where portal_id = '8'`);
  const small = { ...list(), portalId: '8', klaviyoAccountId: other?.id ?? '' };
  // Whoever was not seen in a round is found by going through the list once; an index on the round would be written with
  // every member of every round.
  const { klaviyoAccountId, portalId: as } = small;
  for (const work of [
    (db: Database) => takeLeavers(db, small, 3, 1000),
    (db: Database) => issuesDueAgain(db, klaviyoAccountId, 300, 100),
    (db: Database) => standingCounts(db, connectionId, klaviyoAccountId),
  ])
    expect((await explained(work, as)).scans).toEqual([]);
});

test('what waits for a portal is not read from end to end for each portal at rest', async () => {
  const { scans } = await explain(database, growing, null, async (db) => {
    expect((await accountsWithWork(db)).accounts).toContain(accountId);
  });
  // How many wait is counted up to a hundred thousand, as they come.
  expect(scans.filter((scan) => !scan.includes('limit 100000'))).toEqual([]);
});

test('the watch sees what it is there to see', async () => {
  const { scans } = await explained((db) => db.query(`select count(*) from link where base ->> 'x' = 'y'`));
  expect(scans).toEqual([expect.stringMatching(/^link: /)]);
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Database } from '../../../server/store/database.js';
import { withinPortal } from '../../../server/store/portal-scope.js';
import {
  addressesOnRoster,
  addToRoster,
  pairsOnRoster,
  remainingProfiles,
  rosteredContactIds,
  rosteredContactsById,
  rosteredMembers,
  rosteredProfiles,
} from '../../../server/store/roster.js';
import { queueRun } from '../../../server/store/runs.js';
import { makePortal } from '../../helpers/make-portal.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

// A first sync fills its tables faster than the database counts them: what is looked up there must not depend on that.
const portalId = '7';
const size = 3000;
const ids = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
const email = (n: number): string => `p${n}@example.org`;
let database: TestDatabase;
let run: { id: string; portalId: string; klaviyoAccountId: string };

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await db.query('alter table roster set (autovacuum_enabled = false)');
  const klaviyoAccountId = await makePortal(db, portalId);
  const [connection] = await db.query<{ id: string }>(
    `insert into connection (portal_id, klaviyo_account_id, type, name, state, config) values ($1, $2, 'contact', 'All', 'active', '{}') returning id`,
    [portalId, klaviyoAccountId],
  );
  const id = await queueRun(db, { id: connection!.id, portalId, klaviyoAccountId }, 'initial');
  run = { id, portalId, klaviyoAccountId };
  for (const kind of ['contact', 'profile', 'member:L1'] as const)
    await addToRoster(
      db,
      run,
      ids('r', size).map((recordId, n) => ({
        kind,
        recordId,
        email: email(n),
        phone: `+49${n}`,
        record: { recordId },
      })),
    );
}, 30_000);
afterAll(() => database.close());

/** Rows of the roster that a piece of work reads, as its portal. */
async function rowsRead(work: (tx: Database) => Promise<unknown>): Promise<number> {
  return withinPortal(portalId, () =>
    database.db.transaction(async (tx) => {
      const so = async (): Promise<number> => {
        const [row] = await tx.query<{ n: string }>(
          `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as n from pg_stat_xact_user_tables where relname = 'roster'`,
        );
        return Number(row?.n ?? 0);
      };
      const before = await so();
      await work(tx);
      return (await so()) - before;
    }),
  );
}

const some = ids('r', 50);
const emails = (from = 0): string[] => Array.from({ length: 50 }, (_, n) => email(from + n));

/** Rows of contacts and profiles, those of a number each other's partner. */
const people = (from: number, to: number) =>
  (['contact', 'profile'] as const).flatMap((kind) =>
    Array.from({ length: to - from }, (_, n) => n + from).map((n) => ({
      kind,
      recordId: `r${n}`,
      email: email(n),
      phone: `+49${n}`,
      record: { text: 'x'.repeat(800) },
    })),
  );

test.each<[string, (tx: Database) => Promise<{ length: number } | { size: number }>]>([
  ['profiles by their email', (tx) => rosteredProfiles(tx, run.id, { emails: emails() })],
  ['profiles by their number', (tx) => rosteredProfiles(tx, run.id, { phones: ids('+49', 50) })],
  ['profiles by their id', (tx) => rosteredProfiles(tx, run.id, { ids: some })],
  ['pairs by their email', (tx) => pairsOnRoster(tx, run.id, emails())],
  ['contacts by their id', (tx) => rosteredContactsById(tx, run.id, some)],
  ['the next contacts', (tx) => rosteredContactIds(tx, run.id, '', 50)],
  ['members of a list', (tx) => rosteredMembers(tx, run.id, 'L1', some)],
])('G1: %s are looked up one by one while nobody has counted the table', async (_what, work) => {
  let found = 0;
  const read = await rowsRead(async (tx) => {
    const answer = await work(tx);
    found = 'size' in answer ? answer.size : answer.length;
  });
  expect(found).toBe(50);
  expect(read).toBeLessThanOrEqual(6 * 50);
});

test('G1: the next profiles of a run take what is asked for and their partners, however many there are', async () => {
  let found = 0;
  const read = await rowsRead(async (tx) => {
    const page = await remainingProfiles(tx, { ...run, since: new Date('2100-01-01') }, '', 50);
    found = page.profiles.length;
  });
  expect(found).toBe(50);
  expect(read).toBeLessThanOrEqual(6 * 50);
});

test.each([
  ['which nobody has ever counted', async () => undefined],
  [
    'that was counted while another run had it',
    async (db: Database) => {
      await addToRoster(db, run, people(0, 3000));
      await db.query('analyze roster');
    },
  ],
])(
  'G1: while a run fills a table %s, each look-up reads what it finds, at every size',
  async (_what, before) => {
    const { db } = database;
    await db.query('delete from roster');
    await db.query('vacuum full roster');
    await before(db);
    await db.query('delete from roster');
    const [{ connection_id: connectionId } = { connection_id: '' }] = await db.query<{ connection_id: string }>(
      'select connection_id from run where id = $1',
      [run.id],
    );
    const { portalId: portal, klaviyoAccountId } = run;
    const next = { ...run, id: await queueRun(db, { id: connectionId, portalId: portal, klaviyoAccountId }, 'manual') };
    for (let from = 0; from < 12_000; from += 400) {
      await addToRoster(db, next, people(from, from + 400));
      const read = await rowsRead(async (tx) => {
        expect(await pairsOnRoster(tx, next.id, emails(from))).toHaveLength(50);
        expect(await rosteredProfiles(tx, next.id, { emails: emails(from) })).toHaveLength(50);
        expect((await addressesOnRoster(tx, next.id, emails(from))).size).toBe(50);
        expect(await rosteredProfiles(tx, next.id, { phones: ids('+49', 50) })).toHaveLength(50);
        expect(await rosteredProfiles(tx, next.id, { ids: some })).toHaveLength(50);
        expect(await rosteredContactsById(tx, next.id, some)).toHaveLength(50);
        expect((await remainingProfiles(tx, { ...next, since: new Date('2100-01-01') }, '', 50)).profiles).toHaveLength(
          50,
        );
      });
      // Six hundred are there to be found, with some of another kind under the same address.
      expect([from, read <= 1000]).toEqual([from, true]);
    }
  },
  60_000,
);

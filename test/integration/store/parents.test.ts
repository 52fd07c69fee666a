import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { withinPortal } from '../../../server/store/portal-scope.js';
import { until } from '../../helpers/service.js';
import { makePortal } from '../../helpers/make-portal.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

// Tables whose rows are held to their parent by the statement (migration 0027), not by a foreign key.
const portalId = '7';
let database: TestDatabase;
let ids: { klaviyo_account: string; connection: string; run: string; portal: string };

async function makeParents(): Promise<void> {
  const { db } = database;
  await db.query('delete from portal');
  const account = await makePortal(db, portalId);
  const [connection] = await db.query<{ id: string }>(
    `insert into connection (portal_id, klaviyo_account_id, type, name, state, config) values ($1, $2, 'contact', 'All', 'active', '{}') returning id`,
    [portalId, account],
  );
  const [run] = await db.query<{ id: string }>(
    `insert into run (portal_id, klaviyo_account_id, connection_id, kind, state) values ($1, $2, $3, 'initial', 'running') returning id`,
    [portalId, account, connection!.id],
  );
  ids = { klaviyo_account: account, connection: connection!.id, run: run!.id, portal: portalId };
}

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const nobody = '00000000-0000-4000-8000-000000000000';
/** Two rows of a table; $1 is the parent. */
const children: [table: string, parent: keyof typeof ids, insert: string][] = [
  [
    'link',
    'klaviyo_account',
    `insert into link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email, base) select 7, $1, g, g, g, '{}' from generate_series(1, 2) g`,
  ],
  [
    'history',
    'klaviyo_account',
    `insert into history (portal_id, klaviyo_account_id, connection_id, side, action, fields, because)
     select 7, $1, gen_random_uuid(), 'klaviyo', 'create', '[]', 'x' from generate_series(1, 2) g`,
  ],
  [
    'change',
    'klaviyo_account',
    `insert into change (portal_id, klaviyo_account_id, side, record_id, priority, cause) select 7, $1, 'hubspot', g, 1, 'test' from generate_series(1, 2) g`,
  ],
  [
    'activity',
    'klaviyo_account',
    `insert into activity (portal_id, klaviyo_account_id, event_id, kind, at, message_key, facts)
     select 7, $1, g, 'opened', now(), 'm', '{}' from generate_series(1, 2) g`,
  ],
  [
    'standing',
    'connection',
    `insert into standing (connection_id, portal_id, side, record_id, state, rules_key) select $1, 7, 'hubspot', g, 'in_sync', '' from generate_series(1, 2) g`,
  ],
  [
    'list_write',
    'connection',
    `insert into list_write (connection_id, klaviyo_account_id, portal_id, klaviyo_id, list_id, rules_key)
     select $1, '${nobody}', 7, g, 'L', '' from generate_series(1, 2) g`,
  ],
  [
    'roster',
    'run',
    `insert into roster (run_id, portal_id, kind, record_id) select $1, 7, 'contact', g from generate_series(1, 2) g`,
  ],
  [
    'usage_contact',
    'portal',
    `insert into usage_contact (portal_id, month, email_hash) select $1, '2026-11-01', g::text::bytea from generate_series(1, 2) g`,
  ],
];

test.each(children)('%s: no row without its parent (%s), and rows go with it', async (table, parent, insert) => {
  await makeParents();
  const { db } = database;
  await expect(db.query(insert, [parent === 'portal' ? '8' : nobody])).rejects.toMatchObject({
    code: '23503',
    message: expect.stringContaining(`a row of ${table} refers to a`),
  });
  await withinPortal(portalId, () => db.query(insert, [ids[parent]]));
  expect(await db.query(`select from ${table}`)).toHaveLength(2);
  await db.query(`delete from ${parent} where id = $1`, [ids[parent]]);
  expect(await db.query(`select from ${table}`)).toEqual([]);
});

test('a parent that is being referred to waits with going, and what was written then goes with it', async () => {
  await makeParents();
  const { db } = database;
  const [table, , insert] = children[0]!;
  let deleting: Promise<unknown> | undefined;
  await db.transaction(async (tx) => {
    await tx.query(insert, [ids.klaviyo_account]);
    deleting = db.query('delete from klaviyo_account where id = $1', [ids.klaviyo_account]);
    await until('the deletion to wait', async () => {
      const rows = await db.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like 'delete from klaviyo_account%'`,
      );
      return rows.length === 1 ? true : null;
    });
  });
  await deleting;
  expect(await db.query(`select from ${table}`)).toEqual([]);
});

test('what goes with its parent by a trigger is held to it by one, and tried here', async () => {
  const { db } = database;
  const held = await db.query<{ name: string }>(
    `select c.relname as name from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc f on f.oid = t.tgfoid
     where f.proname like '%stands' order by 1`,
  );
  const taken = await db.query<{ name: string }>(
    `select m[1] as name from pg_proc f, regexp_matches(f.prosrc, 'delete from (\\w+) where', 'g') as m
     where f.proname like '%takes_along' order by 1`,
  );
  const tried = children.map(([table]) => ({ name: table })).sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(held).toEqual(tried);
  expect(taken).toEqual(tried);
});

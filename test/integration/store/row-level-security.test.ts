import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openPool, poolDatabase, type Database } from '../../../server/store/database.js';
import { acrossPortals, withinPortal } from '../../../server/store/portal-scope.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let database: TestDatabase;
let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  database = await openTestDatabase();
  // Fewer connections than pieces of work: each serves one portal after another.
  const pool = openPool(database.url, { max: 2, applicationName: 'walls' }, () => undefined);
  db = poolDatabase(pool);
  close = () => pool.end();
  for (const portalId of ['1', '2', '3'])
    await db.query(
      `with portal as (
         insert into portal (id, name, ui_domain, state) values ($1::bigint, 'Portal', 'app.hubspot.com', 'installed') returning id),
       account as (
         insert into klaviyo_account (portal_id, company_id, name, auth, state)
         select id, 'COMPANY', 'Shop', 'api_key', 'connected' from portal returning id, portal_id),
       connection as (
         insert into connection (portal_id, klaviyo_account_id, type, name, config)
         select portal_id, id, 'contact', 'Everybody', '{}' from account returning id)
       insert into standing_count (connection_id, state, reason, n) select id, 'in_sync', '', 1 from connection`,
      [portalId],
    );
});
afterAll(async () => {
  await close();
  await database.close();
});

/** A statement that forgot whose rows it wants. */
const forgotten = (table: string): Promise<{ portalId: string }[]> =>
  db.query(`select distinct ${table === 'portal' ? 'id' : 'portal_id'}::text as "portalId" from ${table} order by 1`);

test('A1: a statement that forgets its portal reads, changes and deletes nothing of another', async () => {
  for (const table of ['portal', 'klaviyo_account', 'connection']) {
    expect(await withinPortal('2', () => forgotten(table))).toEqual([{ portalId: '2' }]);
    expect((await acrossPortals(() => forgotten(table))).map(({ portalId }) => portalId)).toEqual(['1', '2', '3']);
  }
  await withinPortal('2', async () => {
    expect(await db.query('select n from standing_count')).toHaveLength(1);
    expect(await db.query(`update connection set name = 'Mine' returning portal_id`)).toEqual([{ portal_id: '2' }]);
    expect(await db.query('delete from standing_count returning n')).toHaveLength(1);
    const foreign = `insert into connection (portal_id, klaviyo_account_id, type, name, config)
      select 3, id, 'contact', 'Not mine', '{}' from klaviyo_account`;
    await expect(db.query(foreign)).rejects.toThrow(/row-level security/);
    await expect(db.query('update connection set portal_id = 3')).rejects.toThrow(/row-level security/);
    // Nor is it a way round to become the owner of the tables by asking for no portal at all.
    await expect(db.query('select name from pgmigrations')).rejects.toThrow(/permission denied/);
  });
  expect(await db.query(`select portal_id::text as id from connection where name <> 'Everybody'`)).toEqual([
    { id: '2' },
  ]);
  expect(await db.query('select n from standing_count')).toHaveLength(2);
});

test('A1: whatever order portals follow each other in on a connection, and whatever fails, each sees its own', async () => {
  const portal = fc.constantFrom(null, '1', '2', '3', '404');
  const act = fc.record({ portal, kind: fc.constantFrom('query', 'transaction', 'fails', 'rolls back', 'nested') });
  const seen = async (asked: Database): Promise<string[]> =>
    (await asked.query<{ id: string }>('select id::text as id from portal order by id')).map(({ id }) => id);
  const visible = (id: string | null): string[] => (id === null ? ['1', '2', '3'] : id === '404' ? [] : [id]);
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 12 }), async (acts) => {
      await Promise.all(
        acts.map(({ portal: id, kind }) => {
          const work = async (): Promise<void> => {
            if (kind === 'fails') await db.query('select 1 / 0').catch(() => undefined);
            if (kind === 'rolls back')
              await db
                .transaction(async (tx) => {
                  expect(await seen(tx)).toEqual(visible(id));
                  await tx.query('select nothing_of_the_kind');
                })
                .catch((error: unknown) => expect(String(error)).toContain('nothing_of_the_kind'));
            if (kind === 'transaction') expect(await db.transaction(seen)).toEqual(visible(id));
            if (kind === 'nested') {
              expect(await withinPortal('1', () => seen(db))).toEqual(['1']);
              expect(await acrossPortals(() => seen(db))).toEqual(['1', '2', '3']);
            }
            expect(await seen(db)).toEqual(visible(id));
          };
          return id === null ? acrossPortals(work) : withinPortal(id, work);
        }),
      );
    }),
    { numRuns: 60 },
  );
});

test('A1: every table of portals has the wall, and the role that stands before it cannot climb it', async () => {
  const open = await db.query<{ name: string }>(
    `select c.relname as name from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and not (c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))
     order by 1`,
  );
  // They name no portal: leases, limits and the migrations.
  expect(open.map(({ name }) => name)).toEqual(['lease', 'pgmigrations', 'rate_bucket']);
  expect(
    await db.query(
      `select r.rolsuper, r.rolbypassrls, r.rolcanlogin, exists (select from pg_class c where c.relowner = r.oid) as owns
       from pg_roles r where rolname = 'tandem_portal'`,
    ),
  ).toEqual([{ rolsuper: false, rolbypassrls: false, rolcanlogin: false, owns: false }]);
});

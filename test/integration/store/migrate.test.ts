import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { inspectDatabase } from '../../../server/store/inspect-database.js';
import { migrate } from '../../../server/store/migrate.js';
import { openTestDatabase } from '../../helpers/test-database.js';

test('G1: three processes that start at once on an empty database bring it up together', async () => {
  const server = process.env['TANDEM_TEST_DATABASE'] ?? '';
  const name = `tandem_test_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  const said: string[] = [];
  await Promise.all([1, 2, 3].map(() => migrate(url, (message) => said.push(message))));
  expect(said.filter((message) => message.includes('Migrating files'))).toHaveLength(1);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>('select name from pgmigrations order by id');
  expect(rows.map((row) => row.name)).toContain('0001_ground-floor');
  expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
  await client.end();
  await admin.query(`drop database ${name} with (force)`);
  await admin.end();
});

test('migrations/schema.sql is what the migrations make', async () => {
  const database = await openTestDatabase();
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/dump-schema.mjs', '--url', database.url]);
  await database.close();
  const kept = await readFile('migrations/schema.sql', 'utf8');
  if (stdout !== kept)
    throw new Error(
      `migrations/schema.sql is out of date: run "npm run schema" and commit it.\n${firstDifference(kept, stdout)}`,
    );
});

function firstDifference(kept: string, made: string): string {
  const [left, right] = [kept.split('\n'), made.split('\n')];
  const line = right.findIndex((text, index) => text !== left[index]);
  return `Line ${line + 1}: "${left[line] ?? ''}" is now "${right[line] ?? ''}".`;
}

test('every table of a portal names it, and goes with it', async () => {
  const database = await openTestDatabase();
  const { db } = database;
  const rows = await db.query<{ name: string; cascades: boolean; named: boolean }>(
    // With its portal, or with something that goes with it: by a foreign key, or by the parent's trigger (0027).
    `with recursive tie as (
       select confrelid as parent, conrelid as child from pg_constraint where contype = 'f' and confdeltype = 'c'
       union select t.tgrelid, m[1]::regclass::oid from pg_trigger t join pg_proc f on f.oid = t.tgfoid,
         regexp_matches(f.prosrc, 'delete from (\\w+) where', 'g') as m
       where f.proname like '%takes_along'),
     goes as (
       select 'portal'::regclass::oid as id
       union select tie.child from tie join goes on tie.parent = goes.id)
     select c.relname as name, c.oid in (select id from goes) as cascades, exists (
       select from pg_attribute a where a.attrelid = c.oid and a.attname = case c.relname when 'portal' then 'id' else 'portal_id' end) as named
     from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'`,
  );
  await database.close();
  const without = (rule: 'cascades' | 'named'): string[] =>
    rows
      .filter((row) => !row[rule])
      .map((row) => row.name)
      .sort();
  // Leases and limits name no person; a state of an install may have no portal yet.
  expect(without('cascades')).toEqual(['lease', 'oauth_state', 'pgmigrations', 'rate_bucket']);
  expect(without('named')).toEqual(['lease', 'pgmigrations', 'rate_bucket', 'standing_count']);
});

test('a user who may not make roles is told what an administrator must do, and goes on after it', async () => {
  const server = process.env['TANDEM_TEST_DATABASE'] ?? '';
  const name = `tandem_test_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`create role ${name} login password 'plain'`);
  await admin.query(`create database ${name} owner ${name}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}`, username: name, password: 'plain' }).href;
  expect(await inspectDatabase(url)).toEqual({ state: 'no_role', user: name });
  await expect(migrate(url)).rejects.toMatchObject({
    name: 'NeedsOperator',
    message: expect.stringContaining(`grant tandem_portal to ${name};`),
  });
  // On a server that has no such role at all.
  const [block = ''] = /do \$\$[\s\S]+?end \$\$;/.exec(await readFile('migrations/0017_portal-role.sql', 'utf8')) ?? [];
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await expect(client.query(block.replaceAll('tandem_portal', 'tandem_nowhere'))).rejects.toMatchObject({
    hint: `As an administrator of the server: create role tandem_nowhere nologin; grant tandem_nowhere to ${name};`,
  });
  await client.end();
  await admin.query(`grant tandem_portal to ${name}`);
  expect(await inspectDatabase(url)).toMatchObject({ state: 'empty' });
  await migrate(url);
  expect(await inspectDatabase(url)).toEqual({ state: 'ready' });
  await admin.query(`drop database ${name} with (force)`);
  await admin.query(`drop role ${name}`);
  await admin.end();
  const nowhere = Object.assign(new URL(url), { port: '1' }).href;
  expect(await inspectDatabase(nowhere)).toEqual({ state: 'away', reason: expect.stringContaining('ECONNREFUSED') });
  await expect(migrate(nowhere)).rejects.toMatchObject({ message: expect.stringContaining('Check DATABASE_URL') });
});

test('G1: a start waits for a database that is starting up or shutting down', async () => {
  const database = await openTestDatabase();
  const name = new URL(database.url).pathname.slice(1);
  const admin = new pg.Client({ connectionString: process.env['TANDEM_TEST_DATABASE'] ?? '' });
  await admin.connect();
  await admin.query(`alter database ${name} with allow_connections false`);
  const opened: Promise<unknown>[] = [];
  const said: string[] = [];
  await migrate(database.url, (message) => {
    said.push(message);
    if (opened.length === 0) opened.push(admin.query(`alter database ${name} with allow_connections true`));
  });
  expect(said[0]).toMatch(/^waits for the database: /);
  await Promise.all(opened);
  await admin.end();
  await database.close();
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePeople } from '../../sandbox/seed/people.js';
import { openWorld, settled, syncEverybody, until, type World } from '../helpers/service.js';

let world: World;
let connectionId = '';
const firstKey = `t1:${Buffer.alloc(32, 7).toString('base64')}`;

/** Runs the operator's command line beside the service, over the same database. */
async function tandem(parameters: string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(process.cwd(), 'build/server/operator.js'), ...parameters], {
    cwd: parameters[0] === 'doctor' ? process.cwd() : tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...world.environment, ...environment },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err, rows: (): Record<string, unknown>[] => JSON.parse(out) as Record<string, unknown>[] };
}

beforeAll(async () => {
  world = await openWorld({ people: makePeople(40, 51) });
  connectionId = await syncEverybody(world);
}, 60_000);
afterAll(() => world.close());

test('without a command it says what there is; a wrong one is a misuse without a stack', async () => {
  const help = await tandem([]);
  expect([help.code, help.err]).toEqual([0, expect.stringContaining('rotate-keys')]);
  const wrong = await tandem(['pause', 'nobody']);
  expect([wrong.code, wrong.err.trim()]).toEqual([2, 'There is no connection nobody.']);
});

test('doctor finds a well installation well, and names what is not set up', async () => {
  const { code, rows } = await tandem(['doctor', '--json']);
  const found = rows();
  expect(code).toBe(0);
  for (const what of ['environment', 'database', 'queue', 'keys', 'HubSpot', 'Klaviyo'])
    expect(found).toContainEqual(expect.objectContaining({ what, state: 'well' }));
});

test('ninety days before something of the vendors’ ends doctor warns; a database that is away does not silence it', async () => {
  // The end of HubSpot's 2026-03, less 89 days, as that machine's clock has it.
  const skew = Date.parse('2027-09-30') - 89 * 86_400_000 - Date.now() + 3_600_000;
  const { code, rows } = await tandem(['doctor', '--json'], {
    DATABASE_URL: 'postgresql://tandem:wrong@127.0.0.1:1/tandem',
    NODE_OPTIONS: `--import ${join(process.cwd(), 'test/faults/skewed-clock.mjs')}`,
    TANDEM_SKEW_MS: String(skew),
  });
  expect(code).toBe(1);
  expect(rows()).toContainEqual(
    expect.objectContaining({
      what: 'deadline',
      state: 'attention',
      detail: expect.stringMatching(/2026-03.* 88 days/),
    }),
  );
  expect(rows()).toContainEqual(
    expect.objectContaining({ what: 'database', state: 'broken', detail: expect.stringContaining('ECONNREFUSED') }),
  );
});

test('every command of docs/operations.md is one, and every one stands there', async () => {
  const guide = await readFile('docs/operations.md', 'utf8');
  const table = guide.slice(guide.indexOf('## The command line'), guide.indexOf('## Is it well?'));
  const documented = [...table.matchAll(/^\| (.+?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([a-z-]+)([^`]*)`/g)].map(([, name, more = '']) => `${name}${more}`),
  );
  const told = [...(await tandem([])).err.matchAll(/^ {2}([a-z-]+(?: [[<]\w+[\]>])*)/gm)].map(
    ([, usage = '']) => usage,
  );
  expect(documented.sort()).toEqual(told.sort());
});

test('portals, connections and issues show what stands where', async () => {
  const portal = world.hubspot.portals.get(world.portalId)!;
  expect((await tandem(['portals', '--json'])).rows()).toMatchObject([
    { id: world.portalId, state: 'installed', klaviyoAccounts: 1, syncing: 1 },
  ]);
  const [row] = (await tandem(['connections', world.portalId, '--json'])).rows();
  expect(row).toMatchObject({ id: connectionId, state: 'active' });
  expect(Number(row?.['inSync'])).toBeGreaterThan(20);
  expect((await tandem(['connections'])).out).toContain(connectionId);
  portal.create('contacts', { email: 'numberless@example.org', phone: '12' }, 'CRM_UI');
  await until('the issue', async () =>
    ((await world.call('GET', '/issues/groups')).json as { results: unknown[] }).results.length > 0 ? true : null,
  );
  const causes = (await tandem(['issues', world.portalId, '--json'])).rows();
  const listed = (await world.call('GET', '/issues/groups')).json as { results: { code: string; count: number }[] };
  expect(causes.map(({ code, count }) => ({ code, count }))).toEqual(
    listed.results.map(({ code, count }) => ({ code, count })),
  );
  expect(causes.length).toBeGreaterThan(0);
});

test('pause and resume act on the running service', async () => {
  expect((await tandem(['pause', connectionId])).code).toBe(0);
  expect(((await world.call('GET', `/connections/${connectionId}`)).json as { state: string }).state).toBe('paused');
  expect((await tandem(['resume', connectionId])).code).toBe(0);
  await settled(world, connectionId);
  expect((await tandem(['resync', connectionId, '--json'])).rows()).toMatchObject([{ runId: expect.any(String) }]);
  await settled(world, connectionId);
});

test('F11: explain tells why, from a shell too', async () => {
  const [link] = await world.database.db.query<{ email: string }>('select email from link limit 1');
  const steps = (await tandem(['explain', world.portalId, link!.email, '--json'])).rows();
  expect(steps.map(({ step }) => step)).toEqual(expect.arrayContaining(['HubSpot', 'Klaviyo', 'scope', 'field']));
});

test('A4: rotate-keys seals everything with the new key, and the old one can be taken away', async () => {
  const secondKey = `t2:${Buffer.alloc(32, 8).toString('base64')}`;
  const before = await tandem(['doctor', '--json'], { ENCRYPTION_KEYS: `${secondKey},${firstKey}` });
  expect(before.rows()).toContainEqual(expect.objectContaining({ what: 'keys', state: 'attention' }));
  const alone = await tandem(['doctor', '--json'], { ENCRYPTION_KEYS: secondKey });
  expect(alone.rows()).toContainEqual(
    expect.objectContaining({ what: 'keys', state: 'broken', detail: expect.stringContaining('open with none of') }),
  );
  const [turned] = (await tandem(['rotate-keys', '--json'], { ENCRYPTION_KEYS: `${secondKey},${firstKey}` })).rows();
  expect(turned).toMatchObject({ secrets: expect.any(Number), resealed: turned?.['secrets'] });
  await world.kill('SIGTERM');
  await world.start({ ENCRYPTION_KEYS: secondKey });
  const portal = world.hubspot.portals.get(world.portalId)!;
  portal.create('contacts', { email: 'afterrotation@example.org' }, 'CRM_UI');
  const account = world.klaviyo.accounts.get('TANDM1')!;
  await until('the sync to go on', () =>
    account.holder({ email: 'afterrotation@example.org' }).length === 1 ? true : null,
  );
});

test('B11: erase takes away everything kept of one contact', async () => {
  const [link] = await world.database.db.query<{ hubspot_id: string; email: string }>(
    'select hubspot_id, email from link limit 1',
  );
  const second = { ENCRYPTION_KEYS: `t2:${Buffer.alloc(32, 8).toString('base64')}` };
  expect((await tandem(['erase', world.portalId, link!.hubspot_id], second)).code).toBe(0);
  await until('the erasure', async () =>
    (await world.database.db.query('select from history where email = $1', [link!.email])).length === 0 ? true : null,
  );
  expect(await world.database.db.query('select from erased')).toHaveLength(1);
});

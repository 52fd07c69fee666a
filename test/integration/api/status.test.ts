import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import request from 'supertest';
import { watchVendors } from '../../../server/store/vendor-troubles.js';
import { until } from '../../helpers/service.js';
import { connectByKey, openApiWorld, type ApiWorld } from './api-world.js';

let world: ApiWorld;
let account: string;
let connectionId: string;
beforeAll(async () => {
  world = await openApiWorld();
  await world.install(world.portalId);
  await world.install(world.otherPortalId);
  account = await connectByKey(world);
});
afterAll(() => world.close());

const sql = (text: string, parameters: unknown[] = []): Promise<Record<string, unknown>[]> =>
  world.database.db.query(text, parameters);
beforeEach(async () => {
  for (const table of ['connection', 'change', 'sweep', 'issue', 'usage_month']) await sql(`delete from ${table}`);
  const draft = await world.call('POST', '/connections', {
    type: 'contact',
    klaviyoAccountId: account,
    name: 'People',
  });
  connectionId = (draft.body as { id: string }).id;
});

interface Status {
  state: string;
  counts: Record<string, number>;
  skippedBy: { reason: string; count: number; message: string }[];
  lagSeconds: number;
  run: Record<string, unknown> | null;
  lastSuccessAt: string | null;
  budget: unknown;
}
const status = async (): Promise<Status> =>
  (await world.call('GET', `/connections/${connectionId}/status`)).body as Status;
const run = async (more: Record<string, unknown>): Promise<string> => {
  const row = {
    kind: 'initial',
    state: 'queued',
    done: 0,
    total: null,
    queued: '0 seconds',
    started: null,
    finished: null,
    counts: {},
    ...more,
  };
  const rows = await sql(
    `insert into run (portal_id, connection_id, klaviyo_account_id, kind, state, done, total, queued_at, started_at, finished_at, counts)
     values ($1, $2, $3, $4, $5, $6, $7, now() - $8::interval, now() - $9::interval, now() - $10::interval, $11::jsonb) returning id`,
    [
      world.portalId,
      connectionId,
      account,
      row.kind,
      row.state,
      row.done,
      row.total,
      row.queued,
      row.started,
      row.finished,
      JSON.stringify(row.counts),
    ],
  );
  return String(rows[0]?.['id']);
};

describe('status', () => {
  test('a new draft: nothing yet, and it says so', async () => {
    expect(await status()).toEqual({
      state: 'draft',
      stateReason: null,
      counts: { inSync: 0, waiting: 0, skipped: 0, failed: 0, engagements: 0 },
      skippedBy: [],
      lagSeconds: 0,
      troubles: [],
      run: null,
      lastSuccessAt: null,
      budget: { hubspot: 8, klaviyo: 75 },
    });
  });

  test('F4: counts are the kept ones, skipped people with the reason in words', async () => {
    await sql(
      `insert into standing_count values ($1, 'in_sync', '', 120), ($1, 'skipped', 'no_email', 3), ($1, 'skipped', 'secondary_email', 7), ($1, 'skipped', 'left_rules', 0), ($1, 'failed', 'invalid_phone', 2), ($1, 'not_in_scope', 'left_rules', 9)`,
      [connectionId],
    );
    await sql(
      `insert into change (klaviyo_account_id, portal_id, side, record_id, priority, cause) values ($1, $2, 'hubspot', '1', 1, 'x'), ($1, $2, 'klaviyo', 'K', 1, 'x')`,
      [account, world.portalId],
    );
    const { counts, skippedBy } = await status();
    expect(counts).toEqual({ inSync: 120, waiting: 2, skipped: 10, failed: 2, engagements: 0 });
    expect(skippedBy).toEqual([
      { reason: 'secondary_email', count: 7, message: expect.stringContaining('secondary') },
      { reason: 'no_email', count: 3, message: expect.stringContaining('email') },
    ]);
  });

  test('F4: lag is the age of the oldest due change, or what the slowest sweep is behind', async () => {
    await sql(
      `insert into sweep (klaviyo_account_id, portal_id, name, succeeded_at) values ($1, $2, 'a', now() - interval '20 seconds'), ($1, $2, 'b', now() - interval '130 seconds')`,
      [account, world.portalId],
    );
    expect((await status()).lagSeconds).toBeCloseTo(100, -1);
    await sql(
      `insert into change (klaviyo_account_id, portal_id, side, record_id, priority, cause, due_at) values ($1, $2, 'hubspot', '1', 1, 'x', now() - interval '300 seconds'), ($1, $2, 'hubspot', '2', 1, 'x', now() + interval '1 hour')`,
      [account, world.portalId],
    );
    expect((await status()).lagSeconds).toBeCloseTo(300, -1);
  });

  test('F3: progress of a run with its pace and what the rest will take', async () => {
    await run({ state: 'running', done: 300, total: 1200, started: '30 seconds', counts: { created: 7 } });
    const shown = (await status()).run;
    expect(shown).toMatchObject({
      kind: 'initial',
      state: 'running',
      done: 300,
      total: 1200,
      counts: { created: 7 },
      finishedAt: null,
    });
    expect(shown?.['ratePerSecond']).toBeCloseTo(10, 0);
    expect(Math.abs(Number(shown?.['estimatedSeconds']) - 90)).toBeLessThan(3);
  });

  test('a run that has not begun, and one that is done, promise nothing', async () => {
    await run({});
    expect((await status()).run).toMatchObject({
      state: 'queued',
      ratePerSecond: 0,
      estimatedSeconds: null,
      startedAt: null,
    });
    await sql('delete from run');
    await run({ state: 'finished', done: 500, total: 500, started: '60 seconds', finished: '10 seconds' });
    expect((await status()).run).toMatchObject({ state: 'finished', estimatedSeconds: null, ratePerSecond: 10 });
  });
});

describe('runs', () => {
  test('newest first, page by page, none twice and none left out', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n += 1)
      ids.unshift(await run({ kind: 'manual', state: 'finished', queued: `${700 - n * 60}.123456 seconds` }));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = (
        await world.call('GET', `/connections/${connectionId}/runs?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
      ).body as { results: { id: string }[]; next: string | null };
      seen.push(...page.results.map((one) => one.id));
      cursor = page.next;
    }
    expect(seen).toEqual(ids);
  });
});

describe('account and overview', () => {
  test('F8: the account names portal, Klaviyo accounts, connections, and the month’s unique contacts', async () => {
    await sql(
      `insert into usage_month values ($1, date_trunc('month', now() at time zone 'utc')::date, 412), ($1, (date_trunc('month', now() at time zone 'utc') - interval '1 month')::date, 99)`,
      [world.portalId],
    );
    expect((await world.call('GET', '/account')).body).toEqual({
      alertEmail: null,
      portal: { id: world.portalId, name: expect.any(String), uiDomain: expect.any(String) },
      klaviyoAccounts: [
        { id: account, name: 'Lantern Books Shop', state: 'connected', auth: 'api_key', missingScopes: [] },
      ],
      usage: { month: new Date().toISOString().slice(0, 7), uniqueContacts: 412 },
      connections: [{ id: connectionId, name: 'People', type: 'contact', state: 'draft' }],
      appEvents: { approved: false, message: expect.any(String) },
    });
    expect((await world.call('GET', '/account', undefined, { portalId: world.otherPortalId })).body).toMatchObject({
      klaviyoAccounts: [],
      usage: { uniqueContacts: 0 },
      connections: [],
    });
  });

  test('the overview is good, wants attention, or is broken, with what to do', async () => {
    const overview = async (): Promise<{
      health: string;
      connections: Record<string, unknown>[];
      banners: { severity: string; message: string; fix: string }[];
    }> => (await world.call('GET', '/overview')).body as Awaited<ReturnType<typeof overview>>;
    expect(await overview()).toMatchObject({
      health: 'good',
      banners: [],
      connections: [{ id: connectionId, name: 'People', type: 'contact', state: 'draft', counts: { inSync: 0 } }],
    });
    await sql(`update connection set state = 'stopped', state_reason = 'klaviyo_disconnected'`);
    expect((await overview()).health).toBe('attention');
    await sql(`update klaviyo_account set state = 'reconnect'`);
    const broken = await overview();
    expect([broken.health, broken.banners.length]).toEqual(['broken', 1]);
    expect(broken.banners[0]).toMatchObject({
      severity: 'danger',
      message: expect.stringContaining('Lantern Books Shop'),
      fix: expect.stringMatching(/\w/),
    });
    await sql(`update klaviyo_account set state = 'connected'`);
    await sql(`update portal set state = 'reconnect' where id = $1`, [world.portalId]);
    expect((await overview()).banners[0]?.fix).toMatch(/Install/);
    await sql(`update portal set state = 'installed'`);
  });
});

describe('G3: the state of the vendors', () => {
  /** What /readyz says beside being ready. */
  const troubles = async (): Promise<unknown> =>
    ((await request(world.app).get('/readyz')).body as { ready: true; troubles: string[] }).troubles;
  const overview = async (): Promise<{
    health: string;
    connections: { id: string }[];
    banners: { severity: string; message: string }[];
  }> => (await world.call('GET', '/overview')).body as never;
  const rows = (): Promise<Record<string, unknown>[]> => sql('select vendor, kind from vendor_trouble order by kind');

  test('a vendor that fails is told after a minute, one that limits without alarm, and the next answer ends it', async () => {
    let now = 0;
    const watch = watchVendors(world.database.db, pino({ level: 'silent' }), () => now);
    const hubspot = { vendor: 'hubspot', portalId: world.portalId } as const;
    const klaviyo = { vendor: 'klaviyo', klaviyoAccountId: account } as const;
    for (const status of [503, 'none', 500] as const) watch.note(hubspot, status);
    watch.note(klaviyo, 429);
    await until('both to be noted', async () => ((await rows()).length === 2 ? true : null));
    expect(await overview()).toMatchObject({ health: 'good', banners: [] });
    expect(await troubles()).toEqual([]);

    await sql(`update vendor_trouble set since = now() - interval '3 minutes'`);
    expect(await overview()).toMatchObject({
      health: 'attention',
      banners: [
        { severity: 'warning', message: expect.stringContaining('HubSpot has not answered for 3 minutes') },
        { severity: 'info', message: expect.stringContaining('Klaviyo (') },
      ],
    });
    expect(await troubles()).toEqual(['hubspot_down', 'klaviyo_limited']);
    // A connection's own status tells of its own accounts.
    const { id } = (await overview()).connections[0]!;
    expect((await world.call('GET', `/connections/${id}/status`)).body).toMatchObject({
      troubles: [{ severity: 'warning' }, { severity: 'info' }],
    });
    await sql(`update klaviyo_account set state = 'reconnect'`);
    expect(await troubles()).toEqual(['hubspot_down', 'klaviyo_limited', 'reconnect_needed']);
    expect((await overview()).banners.map(({ severity }) => severity)).toEqual(['danger', 'warning', 'info']);
    await sql(`update klaviyo_account set state = 'connected'`);
    // Another portal's people hear nothing of it.
    const other = await world.call('GET', '/overview', undefined, { portalId: world.otherPortalId });
    expect(other.body).toMatchObject({ banners: [] });

    now = 1500;
    watch.note(hubspot, 200);
    await until('HubSpot to be back', async () => ((await rows()).length === 1 ? true : null));
    expect(await overview()).toMatchObject({ health: 'good', banners: [{ severity: 'info' }] });
    now = 3000;
    watch.note(hubspot, 502);
    await until('HubSpot to fail anew', async () => ((await rows()).length === 2 ? true : null));
    await sql('delete from vendor_trouble');
  });
});

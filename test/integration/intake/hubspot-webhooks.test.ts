import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import request from 'supertest';
import { unpack } from '../../../server/intake/unpack.js';
import type { ChangeHint } from '../../../server/rules/change-hint.js';
import { openApiWorld, sign, type ApiWorld } from '../api/api-world.js';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.database.db.query('delete from portal');
  await world.database.db.query(
    `insert into portal (id, name, ui_domain, state) values (41, 'One', 'app.hubspot.com', 'installed'), (42, 'Two', 'app.hubspot.com', 'installed'), (43, 'Gone', 'app.hubspot.com', 'uninstalled')`,
  );
  world.woken.length = 0;
});

const event = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  eventId: 1,
  subscriptionId: 7,
  portalId: 41,
  appId: 5,
  occurredAt: 1_700_000_000_000,
  subscriptionType: 'object.propertyChange',
  attemptNumber: 0,
  objectId: 101,
  objectTypeId: '0-1',
  propertyName: 'firstname',
  propertyValue: 'Grace',
  ...more,
});

interface Sending {
  secret?: string;
  timestamp?: number;
  headers?: Record<string, string>;
}

/** Delivers a body as HubSpot does. */
function deliver(body: unknown, { secret, timestamp = Date.now(), headers = {} }: Sending = {}): request.Test {
  const rawBody = typeof body === 'string' ? body : JSON.stringify(body);
  return request(world.app)
    .post('/webhooks/hubspot')
    .set({
      'content-type': 'application/json',
      'x-hubspot-signature-v3': sign(
        secret ?? world.hubspot.clientSecret,
        'POST',
        `${world.publicUrl}/webhooks/hubspot`,
        rawBody,
        timestamp,
      ),
      'x-hubspot-request-timestamp': String(timestamp),
      ...headers,
    })
    .send(rawBody);
}
const stored = (): Promise<{ portal_id: string; hints: Record<string, string> }[]> =>
  world.database.db.query('select portal_id, hints from hint_batch order by portal_id, id');

describe('webhooks of HubSpot', () => {
  test('events are stored before 200 is answered, each under its portal, without the values of properties', async () => {
    const answer = await deliver([event(), event({ portalId: 42, objectId: 102 })]);
    expect([answer.status, answer.text]).toEqual([200, '']);
    const rows = await stored();
    expect(rows).toEqual([
      { portal_id: '41', hints: { 101: 'webhook propertyChange' } },
      { portal_id: '42', hints: { 102: 'webhook propertyChange' } },
    ]);
    expect(JSON.stringify(rows)).not.toContain('Grace');
    expect([...world.woken].sort()).toEqual(['41', '42']);
  });

  test('unknown and uninstalled portals are dropped with 200, and counted', async () => {
    const count = async (): Promise<number> => (await metric('unknown_portal')) ?? 0;
    const before = await count();
    expect((await deliver([event({ portalId: 999 }), event({ portalId: 43 }), event()])).status).toBe(200);
    expect(await stored()).toHaveLength(1);
    expect((await count()) - before).toBe(2);
  });

  test('nothing is stored or woken for an empty list', async () => {
    expect((await deliver([])).status).toBe(200);
    expect([await stored(), world.woken]).toEqual([[], []]);
  });

  const refused: [string, () => request.Test, number, string][] = [
    ['a forged signature', () => deliver([event()], { secret: 'other' }), 401, 'wrong_signature'],
    [
      'a replay of six minutes ago',
      () => deliver([event()], { timestamp: Date.now() - 360_000 }),
      401,
      'stale_timestamp',
    ],
    [
      'a timestamp of six minutes ahead',
      () => deliver([event()], { timestamp: Date.now() + 360_000 }),
      401,
      'stale_timestamp',
    ],
    ['no signature', () => deliver([event()], { headers: { 'x-hubspot-signature-v3': '' } }), 401, 'missing_signature'],
    ['a body changed on the way', () => deliver([event()]).send(' '), 401, 'wrong_signature'],
    ['no JSON', () => deliver('nonsense'), 400, 'malformed'],
    ['no list', () => deliver(event()), 400, 'malformed'],
    [
      'a body of more than a megabyte',
      () => deliver([event({ propertyValue: 'x'.repeat(1_100_000) })]),
      413,
      'too_large',
    ],
    [
      'an encoding nobody knows',
      () => deliver([event()], { headers: { 'content-encoding': 'rot13' } }),
      400,
      'malformed',
    ],
  ];
  test.each(refused)('G3: %s is refused, and nothing is stored', async (_name, send, status, code) => {
    const answer = await send();
    expect([answer.status, answer.body]).toMatchObject([
      status,
      { error: { code, message: expect.any(String), fix: expect.any(String) } },
    ]);
    expect([await stored(), world.woken]).toEqual([[], []]);
  });

  test('G3: values that PostgreSQL cannot keep do not make us fail', async () => {
    const hostile = [
      event({ propertyName: 'a\0b' }),
      event({ subscriptionType: 'object.propertyChange\0' }),
      event({ propertyValue: '\ud800' }),
      event({ objectId: -1 }),
      event({ objectId: 1e300, portalId: 41 }),
    ];
    expect((await deliver(hostile)).status).toBe(200);
    // Two that name a contact, one of them twice.
    expect(await stored()).toMatchObject([{ hints: { 101: expect.any(String) } }]);
    expect(await metric('stored')).toBeGreaterThanOrEqual(5);
  });
});

describe('unpacking', () => {
  const unpackAll = async (portalId = '41'): Promise<ChangeHint[]> => {
    const noticed: ChangeHint[] = [];
    await unpack(
      {
        db: world.database.db,
        notice: async (_portal, hints) => void noticed.push(...hints),
        merged: () => Promise.resolve(),
      },
      portalId,
      new AbortController().signal,
    );
    return noticed;
  };

  test('G1: an event delivered three times is one hint; the events are gone after', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1)
      await deliver([event({ attemptNumber: attempt }), event({ objectId: 102 })]);
    expect((await unpackAll()).map((hint) => hint.recordId)).toEqual(['101', '102']);
    expect(await stored()).toEqual([]);
    expect(await unpackAll()).toEqual([]);
  });

  test('G1: events stay until their changes are noted: a crash between does not lose them', async () => {
    await deliver([event()]);
    const failing = unpack(
      {
        db: world.database.db,
        notice: () => Promise.reject(new Error('the database restarts')),
        merged: () => Promise.resolve(),
      },
      '41',
      new AbortController().signal,
    );
    await expect(failing).rejects.toThrow('restarts');
    expect(await stored()).toHaveLength(1);
    expect(await unpackAll()).toHaveLength(1);
  });

  test('what the version before stored, an event a row, is unpacked too', async () => {
    await world.database.db.query(
      `insert into hint (portal_id, vendor, event) select 41, 'hubspot', $1::jsonb || jsonb_build_object('objectId', n) from generate_series(1, 1100) as n`,
      [JSON.stringify(event())],
    );
    await deliver([event({ objectId: 5000 })]);
    expect(new Set((await unpackAll()).map((hint) => hint.recordId)).size).toBe(1101);
    expect(await world.database.db.query('select from hint')).toEqual([]);
  });

  test('deliveries that come at the same time are stored together, each event under its portal', async () => {
    const all = Array.from({ length: 30 }, (_, n) =>
      deliver([event({ objectId: 300 + n }), event({ portalId: 42, objectId: 300 + n })]),
    );
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(30).fill(200));
    expect((await stored()).length).toBeLessThan(60);
    for (const portalId of ['41', '42'])
      expect(new Set((await unpackAll(portalId)).map((hint) => hint.recordId)).size).toBe(30);
  });

  test('A1: one portal’s events are not unpacked with another’s', async () => {
    await deliver([event(), event({ portalId: 42, objectId: 102 })]);
    expect((await unpackAll('42')).map((hint) => hint.recordId)).toEqual(['102']);
    expect((await stored()).map((row) => row.portal_id)).toEqual(['41']);
  });

  test('more events than are unpacked at a time all come through', async () => {
    for (let batch = 0; batch < 12; batch += 1)
      await deliver(Array.from({ length: 100 }, (_, n) => event({ objectId: 1000 + batch * 100 + n })));
    expect(new Set((await unpackAll()).map((hint) => hint.recordId)).size).toBe(1200);
  });
});

/** Events with this outcome so far. */
async function metric(outcome: string): Promise<number | undefined> {
  const answer = await request(world.app).get('/metrics').set('authorization', 'Bearer metrics-token-of-the-tests');
  const line = answer.text
    .split('\n')
    .find((one) => one.startsWith('tandem_webhook_events_total') && one.includes(`outcome="${outcome}"`));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Account } from '../../../sandbox/klaviyo/store.js';
import { until } from '../../helpers/service.js';
import { openKlaviyo, profileBody, type Answer, type Client, type Resource } from './klaviyo-client.js';

let client: Client;
let account: Account;
let metrics: Map<string, string>;
beforeAll(async () => {
  client = await openKlaviyo({ eventLagMs: 60 });
  const found = client.sandbox.accounts.get('TANDM1');
  if (found === undefined) throw new Error('no account');
  account = found;
  const listed = await client.all('/api/metrics', { filter: 'equals(integration.name,"Klaviyo")' });
  metrics = new Map(listed.map(({ id, attributes }) => [String(attributes['name']), id]));
});
afterAll(() => client.close());

const of = (metric: string): string => metrics.get(metric) ?? metric;
const properties = ({ attributes }: Resource): Record<string, unknown> =>
  attributes['event_properties'] as Record<string, unknown>;
const eventsOf = (metric: string, more: Record<string, string> = {}): Promise<Resource[]> =>
  client.all('/api/events', {
    filter: `equals(metric_id,"${of(metric)}")`,
    sort: 'datetime',
    'page[size]': '100',
    ...more,
  });
/** Somebody who may be written to; the `nth` of them, for tests that count what happened to one person. */
const reader = (nth = 0): { id: string; email: string } => {
  let left = nth;
  for (const { id, email, consent, suppressions } of account.profiles.values()) {
    if (email === null || consent !== 'SUBSCRIBED' || suppressions.length > 0) continue;
    if (left === 0) return { id, email };
    left -= 1;
  }
  throw new Error('nobody');
};
const happens = (body: object): Promise<unknown> => client.steer('POST', '/accounts/TANDM1/activity', body);

test('metrics: several of one name, told apart by their integration; some come with their first event', async () => {
  const all = await client.all('/api/metrics');
  const opened = all.filter(({ attributes }) => attributes['name'] === 'Opened Email');
  expect(opened.map(({ attributes }) => (attributes['integration'] as { name: string }).name).sort()).toEqual([
    'API',
    'Klaviyo',
  ]);
  expect(all.map(({ attributes }) => attributes['name'])).not.toContain('Dropped Email');
  const one = await client.call('GET', `/api/metrics/${of('Opened Email')}`);
  expect(one.one.attributes['name']).toBe('Opened Email');
  expect((await client.call('GET', '/api/metrics/Nowhere')).status).toBe(404);
  await happens({ email: reader().email, type: 'dropped' });
  expect((await client.all('/api/metrics')).map(({ attributes }) => attributes['name'])).toContain('Dropped Email');
  const named = await client.call('GET', `/api/metrics/${of('Clicked Email')}/metric-properties`);
  expect(named.data.map(({ attributes }) => attributes['property'])).toEqual(
    expect.arrayContaining(['URL', 'Bot Click', '$message']),
  );
});

test('E9: a metric’s events are paged in their order, each once', async () => {
  const received = await eventsOf('Received Email');
  expect(received.length).toBeGreaterThan(100);
  expect(new Set(received.map(({ id }) => id)).size).toBe(received.length);
  const times = received.map(({ attributes }) => Number(attributes['timestamp']));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(
    received.every(({ relationships }) => (relationships['metric']?.data as Resource).id === of('Received Email')),
  ).toBe(true);
  const backwards = await eventsOf('Received Email', { sort: '-datetime' });
  expect(backwards.map(({ attributes }) => attributes['timestamp'])).toEqual([...times].reverse());
});

test('E1, E2: receipts name the message and the audiences; one transmission joins them with opens and clicks', async () => {
  const [received, opened, clicked] = await Promise.all(
    ['Received Email', 'Opened Email', 'Clicked Email'].map((name) => eventsOf(name)),
  );
  const sent = new Map(
    received?.map((event) => [
      (properties(event)['$internal'] as { 'Transmission ID': string })['Transmission ID'],
      event,
    ]),
  );
  for (const event of clicked ?? []) {
    const receipt = sent.get((properties(event)['$internal'] as { 'Transmission ID': string })['Transmission ID']);
    expect(receipt === undefined ? null : properties(receipt)['$message']).toBe(properties(event)['$message']);
    expect(properties(event)).toMatchObject({
      URL: expect.stringMatching(/^https:/),
      'Bot Click': expect.any(Boolean),
    });
  }
  expect(received?.every((event) => Array.isArray(properties(event)['$group_ids']))).toBe(true);
  expect(received?.some((event) => properties(event)['$flow'] !== undefined)).toBe(true);
  expect(opened?.some((event) => properties(event)['machine_open'] === true)).toBe(true);
  expect(opened?.some((event) => properties(event)['machine_open'] === false)).toBe(true);
  expect(clicked?.some((event) => properties(event)['Bot Click'] === true)).toBe(true);
  const repeated = (clicked ?? []).map(
    (event) => `${(event.relationships['profile']?.data as Resource).id} ${String(properties(event)['URL'])}`,
  );
  expect(new Set(repeated).size).toBeLessThan(repeated.length);
});

test('E2: bounces tell how hard, complaints and unsubscribes have happened', async () => {
  await happens({ email: reader().email, type: 'bounced', bounceType: 'Soft' });
  const bounced = await until('the bounce', async () => {
    const found = (await eventsOf('Bounced Email')).map((event) => properties(event)['Bounce Type']);
    return found.includes('Soft') ? found : null;
  });
  expect(bounced).toContain('Hard');
  for (const metric of [
    'Unsubscribed from Email Marketing',
    'Clicked Email to Unsubscribe',
    'Unsubscribed from List',
  ]) {
    expect(await eventsOf(metric)).not.toEqual([]);
  }
});

test('times: filtered by the second, by date or by number; one event lies in the future', async () => {
  const all = await eventsOf('Opened Email');
  const last = Number(all.at(-1)?.attributes['timestamp']);
  expect(last * 1000).toBeGreaterThan(Date.now() + 3_600_000);
  const middle = all[Math.floor(all.length / 2)];
  const at = Number(middle?.attributes['timestamp']);
  const iso = new Date(at * 1000).toISOString();
  const count = async (clause: string): Promise<number> =>
    (
      await client.all('/api/events', {
        filter: `equals(metric_id,"${of('Opened Email')}"),${clause}`,
        'page[size]': '1000',
      })
    ).length;
  const times = all.map(({ attributes }) => Number(attributes['timestamp']));
  expect(await count(`greater-or-equal(datetime,${iso})`)).toBe(times.filter((one) => one >= at).length);
  expect(await count(`greater-than(datetime,${iso})`)).toBe(times.filter((one) => one > at).length);
  expect(await count(`less-or-equal(timestamp,${at})`)).toBe(times.filter((one) => one <= at).length);
  expect(await count(`less-than(timestamp,${at})`)).toBe(times.filter((one) => one < at).length);
});

test('E8: an event is listed after a lag; a late one appears in the past', async () => {
  const { id, email } = reader(1);
  const count = async (): Promise<number> =>
    (await client.all('/api/events', { filter: `equals(profile_id,"${id}")` })).length;
  const before = await count();
  await happens({ email, type: 'opened', machine: false });
  expect(await count()).toBe(before);
  await until('the lag', async () => ((await count()) === before + 1 ? true : null));
  await happens({
    email,
    type: 'clicked',
    url: 'https://shop.example.com/late',
    at: '2026-11-01T12:00:00Z',
    lagMs: 120,
  });
  expect(await count()).toBe(before + 1);
  await until('the late one', async () => ((await count()) === before + 2 ? true : null));
  const [late] = await client.all('/api/events', {
    filter: `equals(profile_id,"${id}"),less-or-equal(datetime,2026-11-01T12:00:00Z),greater-or-equal(datetime,2026-11-01T12:00:00Z)`,
  });
  expect(late === undefined ? null : properties(late)['URL']).toBe('https://shop.example.com/late');
});

test('one event, with its metric and profile beside it or behind it', async () => {
  const listed = await client.call('GET', '/api/events', {
    query: { include: 'metric,profile', 'page[size]': '5', sort: '-datetime' },
  });
  expect(new Set(listed.included.map(({ type }) => type))).toEqual(new Set(['metric', 'profile']));
  const id = listed.data[0]?.id ?? '';
  const alone = await client.call('GET', `/api/events/${id}`, { query: { include: 'metric' } });
  expect(alone.one.id).toBe(id);
  expect((await client.call('GET', `/api/events/${id}/metric`)).one.id).toBe(alone.included[0]?.id);
  expect((await client.call('GET', `/api/events/${id}/profile`)).one.id).toBe(
    (alone.one.relationships['profile']?.data as Resource).id,
  );
  expect((await client.call('GET', '/api/events/unknown')).status).toBe(404);
});

test('filters that Klaviyo does not know for events are refused', async () => {
  for (const filter of [
    'any(metric_id,["a","b"])',
    'equals(datetime,2026-01-01T00:00:00Z)',
    'greater-than(datetime,"2026-01-01T00:00:00Z")',
  ]) {
    expect((await client.call('GET', '/api/events', { query: { filter }, wrong: true })).status).toBe(400);
  }
  expect((await client.call('GET', '/api/events', { query: { filter: 'has(metric),has(profile)' } })).status).toBe(200);
  expect((await client.call('GET', '/api/events', { query: { 'page[size]': '1001' }, wrong: true })).status).toBe(400);
});

test('created events: the same unique id is one event, and the person is made if need be', async () => {
  const body = {
    data: {
      type: 'event',
      attributes: {
        properties: { size: 'L' },
        time: '2026-11-02T03:04:05Z',
        unique_id: 'order-1',
        metric: { data: { type: 'metric', attributes: { name: 'Bought' } } },
        profile: { data: { type: 'profile', attributes: { email: 'buyer@example.com' } } },
      },
    },
  };
  for (let n = 0; n < 2; n += 1) expect((await client.call('POST', '/api/events', { body })).status).toBe(202);
  const [buyer] = account.holder({ email: 'buyer@example.com' });
  const found = await until('the event', async () => {
    const events = await client.all('/api/events', { filter: `equals(profile_id,"${buyer?.id ?? ''}")` });
    return events.length > 0 ? events : null;
  });
  expect(found).toHaveLength(1);
  expect(found[0]?.attributes['datetime']).toBe('2026-11-02T03:04:05+00:00');
  expect(
    (await client.call('POST', '/api/events', { body: { data: { type: 'event', attributes: {} } }, wrong: true }))
      .status,
  ).toBe(400);
});

test('E9: after a merge the same events are there, under their ids, at the other profile', async () => {
  const { id } = reader();
  const destination = account.create();
  account.identify(destination, { email: 'destination@example.com' });
  const before = (await client.all('/api/events', { filter: `equals(profile_id,"${id}")` })).map((event) => event.id);
  expect(before.length).toBeGreaterThan(0);
  await client.steer('POST', '/accounts/TANDM1/merge', { source: id, destination: destination.id });
  const after = await client.all('/api/events', { filter: `equals(profile_id,"${destination.id}")` });
  expect(after.map((event) => event.id)).toEqual(expect.arrayContaining(before));
  expect(after.every(({ relationships }) => (relationships['profile']?.data as Resource).id === destination.id)).toBe(
    true,
  );
});

test('B11: an erased person is gone with the events; one identifier exactly is needed', async () => {
  const profile = account.create();
  const email = 'to.be.erased@example.com';
  account.identify(profile, { email });
  await client.steer('POST', '/accounts/TANDM1/activity', { email, type: 'received' });
  const erase = (given: object, wrong = false): Promise<Answer> =>
    client.call('POST', '/api/data-privacy-deletion-jobs', {
      body: {
        data: { type: 'data-privacy-deletion-job', attributes: { profile: { data: { type: 'profile', ...given } } } },
      },
      wrong,
    });
  expect((await erase({ attributes: { email, phone_number: '+4915112345678' } }, true)).status).toBe(400);
  expect((await erase({ attributes: {} }, true)).status).toBe(400);
  expect((await erase({ attributes: { email } })).status).toBe(202);
  await until('the erasure', () => (account.profiles.has(profile.id) ? null : true));
  expect((await client.call('GET', `/api/profiles/${profile.id}`)).status).toBe(404);
  expect(await client.all('/api/events', { filter: `equals(profile_id,"${profile.id}")` })).toEqual([]);
  const created = await client.call('POST', '/api/profiles', { body: profileBody({ email }) });
  expect(created.status).toBe(201);
  expect(created.one.id).not.toBe(profile.id);
});

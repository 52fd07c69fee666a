import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { until } from '../../helpers/service.js';
import { openKlaviyo, type Answer, type Client } from './klaviyo-client.js';

interface Delivered {
  meta: { timestamp: string; klaviyo_webhook_id: string; klaviyo_account_id: string };
  data: { topic: string; external_id: string; payload: { data: { id: string; type: string; attributes: object } } }[];
}

const secret = 'a secret of the webhook';
let client: Client;
let auth: string;
let hook: Server;
let hookUrl: string;
let answers: number[] = [];
let received: { headers: IncomingHttpHeaders; body: string }[] = [];

beforeAll(async () => {
  client = await openKlaviyo({ eventLagMs: 0 });
  auth = `Bearer ${String(client.sandbox.tokens.issue('TANDM1', 'webhooks:read webhooks:write')['access_token'])}`;
  hook = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      response.writeHead(answers.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const address = hook.address();
  hookUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/hook`;
});
afterAll(async () => {
  await client.close();
  hook.closeAllConnections();
  await new Promise((resolve) => hook.close(resolve));
});
beforeEach(async () => {
  client.sandbox.accounts.get('TANDM1')?.webhooks.clear();
  await client.steer('POST', '/webhooks', { enabled: true, delayMs: 20, duplicates: 0, drop: 0, shuffle: false });
  received = [];
  answers = [];
});

const body = (attributes: object, topics: readonly string[] | null, id?: string): object => ({
  data: {
    type: 'webhook',
    ...(id === undefined ? {} : { id }),
    attributes,
    ...(topics === null
      ? {}
      : {
          relationships: { 'webhook-topics': { data: topics.map((topic) => ({ type: 'webhook-topic', id: topic })) } },
        }),
  },
});
const create = (
  more: object = {},
  topics = ['event:klaviyo.opened_email', 'event:klaviyo.clicked_email'],
  wrong = false,
): Promise<Answer> =>
  client.call('POST', '/api/webhooks', {
    auth,
    body: body({ name: 'Activity', endpoint_url: hookUrl, secret_key: secret, ...more }, topics),
    wrong,
  });
const someone = (): string => {
  for (const { email, consent } of client.sandbox.accounts.get('TANDM1')?.profiles.values() ?? []) {
    if (email !== null && consent === 'SUBSCRIBED') return email;
  }
  throw new Error('nobody');
};
const happens = (type: string, more: object = {}): Promise<unknown> =>
  client.steer('POST', '/accounts/TANDM1/activity', { email: someone(), type, ...more });
const bodies = (): Delivered[] => received.map((one) => JSON.parse(one.body) as Delivered);
const events = (): string[] => bodies().flatMap(({ data }) => data.map((item) => item.external_id));

test('a private key is refused for want of a plan, an app is not', async () => {
  const refused = await client.call('GET', '/api/webhooks');
  expect([refused.status, refused.error.detail]).toEqual([403, expect.stringContaining('Advanced KDP')]);
  expect((await client.call('GET', '/api/webhooks', { auth })).status).toBe(200);
});

test('topics are those of the account’s metrics; none tells of profiles', async () => {
  const { data } = await client.call('GET', '/api/webhook-topics', { auth });
  const topics = data.map(({ id }) => id);
  expect(topics).toEqual(
    expect.arrayContaining([
      'event:klaviyo.opened_email',
      'event:klaviyo.clicked_email_to_unsubscribe',
      'event:shopify.placed_order',
    ]),
  );
  expect(topics.filter((topic) => topic.includes('profile'))).toEqual(['event:klaviyo.merged_profile']);
  expect((await client.call('GET', '/api/webhook-topics/event:klaviyo.opened_email', { auth })).status).toBe(200);
  expect((await client.call('GET', '/api/webhook-topics/event:klaviyo.nonsense', { auth })).status).toBe(404);
});

test('created, read with a masked address and no secret, changed, deleted', async () => {
  const made = await create();
  expect(made.status).toBe(201);
  expect(made.one.attributes['endpoint_url']).toBe(`${new URL(hookUrl).origin}/*****`);
  expect(JSON.stringify(made.json)).not.toContain(secret);
  const { id } = made.one;
  const changed = await client.call('PATCH', `/api/webhooks/${id}`, {
    auth,
    body: body({ enabled: false, description: 'Paused' }, null, id),
  });
  expect(changed.one.attributes).toMatchObject({ enabled: false, description: 'Paused', name: 'Activity' });
  expect((await client.call('GET', `/api/webhooks/${id}`, { auth, query: { include: 'webhook-topics' } })).one.id).toBe(
    id,
  );
  expect(
    (await client.call('GET', '/api/webhooks', { auth, query: { include: 'webhook-topics' } })).included,
  ).toHaveLength(2);
  expect((await client.call('DELETE', `/api/webhooks/${id}`, { auth })).status).toBe(204);
  expect((await client.call('GET', `/api/webhooks/${id}`, { auth })).status).toBe(404);
});

test('plain http elsewhere, short secrets, no and unknown topics and an eleventh webhook are refused', async () => {
  expect((await create({ endpoint_url: 'http://example.com/hook' }, undefined, true)).status).toBe(400);
  expect((await create({ secret_key: 'short' }, undefined, true)).status).toBe(400);
  expect((await create({}, [], true)).status).toBe(400);
  expect((await create({}, ['event:klaviyo.profile_updated'], true)).status).toBe(400);
  for (let n = 0; n < 10; n += 1) expect((await create()).status).toBe(201);
  expect((await create()).status).toBe(400);
});

test('G3: deliveries are signed over body and stamp; the stamp’s clock is wrong, the body’s is right', async () => {
  const { one } = await create();
  await happens('opened');
  await until('a delivery', () => received[0] ?? null);
  const [{ headers, body: raw } = { headers: {}, body: '' }] = received;
  const stamp = String(headers['klaviyo-timestamp']);
  expect(headers['klaviyo-signature']).toBe(
    createHmac('sha256', secret)
      .update(raw + stamp)
      .digest('hex'),
  );
  expect(Math.abs(Date.parse(stamp) - Date.now())).toBeGreaterThan(4 * 3_600_000);
  const [{ meta, data } = { meta: null, data: [] }] = bodies();
  expect(meta).toMatchObject({ klaviyo_webhook_id: headers['klaviyo-webhook-id'], klaviyo_account_id: 'TANDM1' });
  expect(headers['klaviyo-webhook-id']).toBe(one.id);
  expect(Math.abs(Date.parse(meta?.timestamp ?? '') - Date.now())).toBeLessThan(10_000);
  const event = await client.call('GET', `/api/events/${data[0]?.external_id ?? ''}`);
  expect(data[0]).toMatchObject({
    topic: 'event:klaviyo.opened_email',
    payload: { data: { id: event.one.id, attributes: event.one.attributes } },
  });
});

test('events of one moment come in one delivery, those of other topics not at all', async () => {
  await create();
  await client.steer('POST', '/webhooks', { delayMs: 150 });
  for (const type of ['opened', 'received', 'clicked', 'opened']) await happens(type);
  await until('the delivery', () => received[0] ?? null);
  expect(bodies().map(({ data }) => data.map(({ topic }) => topic))).toEqual([
    ['event:klaviyo.opened_email', 'event:klaviyo.clicked_email', 'event:klaviyo.opened_email'],
  ]);
});

test('E9: a delivery may come twice, and one that failed comes again', async () => {
  await create();
  await client.steer('POST', '/webhooks', { duplicates: 1 });
  await happens('opened');
  await until('both', () => (received.length === 2 ? true : null));
  expect(new Set(events()).size).toBe(1);
  await client.steer('POST', '/webhooks', { duplicates: 0 });
  received = [];
  answers = [500];
  await happens('clicked');
  await until('the repeat', () => (received.length === 2 ? true : null));
  expect(new Set(events()).size).toBe(1);
  const { deliveries } = await client.steer('GET', '/webhooks');
  expect((deliveries as { attempt: number; status: number }[]).slice(-2)).toMatchObject([
    { attempt: 1, status: 500 },
    { attempt: 2, status: 200 },
  ]);
});

test('a disabled webhook is left in peace, and so is everybody while deliveries are dropped', async () => {
  const { one } = await create();
  await client.call('PATCH', `/api/webhooks/${one.id}`, { auth, body: body({ enabled: false }, null, one.id) });
  await happens('opened');
  await client.call('PATCH', `/api/webhooks/${one.id}`, { auth, body: body({ enabled: true }, null, one.id) });
  await client.steer('POST', '/webhooks', { drop: 1 });
  await happens('opened');
  await client.steer('POST', '/webhooks', { drop: 0 });
  await happens('clicked');
  await until('the one delivery', () => received[0] ?? null);
  expect(bodies().flatMap(({ data }) => data.map(({ topic }) => topic))).toEqual(['event:klaviyo.clicked_email']);
});

test('E9: a merge tells the source’s events again, under the same ids', async () => {
  const account = client.sandbox.accounts.get('TANDM1');
  const [source] = account?.holder({ email: someone() }) ?? [];
  if (account === undefined || source === undefined) throw new Error('nobody');
  await create();
  await happens('opened');
  await until('the delivery', () => received[0] ?? null);
  const [first = ''] = events();
  const destination = account.create();
  await client.steer('POST', '/accounts/TANDM1/merge', { source: source.id, destination: destination.id });
  await until('the replay', () => (events().filter((id) => id === first).length === 2 ? true : null));
});

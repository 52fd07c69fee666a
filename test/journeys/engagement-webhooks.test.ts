import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import {
  activateEngagement,
  activity,
  appEventsOf,
  connectByOauth,
  contactIdOf,
  sharedEmails,
} from '../helpers/engagement.js';
import { openWorld, settled, until, type World } from '../helpers/service.js';

let world: World;
let id: string;
let emails: string[];

beforeAll(async () => {
  // Readings are rare here: what is quick came by webhook. An event before makes the metrics known.
  world = await openWorld({
    people: makePeople(30, 5),
    klaviyo: { activity: 0 },
    environment: { POLL_SECONDS: '600' },
  });
  emails = sharedEmails(world);
  for (const type of ['received', 'opened', 'clicked']) await activity(world, { email: emails[0]!, type });
  id = await activateEngagement(world, { klaviyoAccountId: await connectByOauth(world) });
  await until('the webhook', () => (world.klaviyo.accounts.get('TANDM1')!.webhooks.size === 1 ? true : null));
  await settled(world, id);
}, 60_000);
afterAll(() => world.close());

test('E8: what Klaviyo tells by webhook is on the timeline within five seconds', async () => {
  const email = emails[1]!;
  const contactId = contactIdOf(world, email);
  const began = Date.now();
  await activity(world, { email, type: 'opened' });
  await activity(world, { email, type: 'clicked', url: 'https://shop.example.com/a' });
  await until('both on the timeline', async () => ((await appEventsOf(world, contactId)).length === 2 ? true : null));
  expect(Date.now() - began).toBeLessThan(5000);
  // The first readings overlapped: one of them made the webhook.
  expect(world.klaviyo.calls.summary().byOperation['webhooks.create']?.count).toBe(1);
}, 30_000);

test('E9: deliveries that come twice, shuffled, and are read again add nothing', async () => {
  world.klaviyo.webhooks.behaviour = { ...world.klaviyo.webhooks.behaviour, duplicates: 1, shuffle: true };
  const email = emails[2]!;
  const contactId = contactIdOf(world, email);
  for (const path of ['a', 'b', 'a'])
    await activity(world, { email, type: 'clicked', url: `https://shop.example.com/${path}` });
  await until('two links', async () => ((await appEventsOf(world, contactId)).length === 2 ? true : null));
  await world.call('POST', `/connections/${id}/sync`);
  await settled(world, id);
  expect(await appEventsOf(world, contactId)).toHaveLength(2);
}, 30_000);

test('G3: a forged delivery changes nothing, one for nobody is refused', async () => {
  const [webhook] = world.klaviyo.accounts.get('TANDM1')!.webhooks.values();
  const before = (await appEventsOf(world)).length;
  const post = (url: string): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { 'klaviyo-signature': 'ab'.repeat(32), 'klaviyo-timestamp': 'now', 'klaviyo-webhook-id': webhook!.id },
      body: JSON.stringify({ meta: {}, data: [] }),
    });
  expect((await post(webhook!.endpointUrl)).status).toBe(401);
  expect((await post(`${world.backend}/webhooks/klaviyo/${'x'.repeat(32)}`)).status).toBe(401);
  expect((await appEventsOf(world)).length).toBe(before);
});

/** The account's webhook was not looked after for a while. */
const longAgo = (): Promise<unknown> =>
  world.database.db.query(`update engagement_account set webhook_at = now() - interval '1 day'`);

test('E8: a webhook that is off, lacks topics or leads elsewhere is put right; one that a crash left behind goes', async () => {
  const { webhooks } = world.klaviyo.accounts.get('TANDM1')!;
  const [webhook] = webhooks.values();
  const { topics, endpointUrl } = webhook!;
  expect(topics).toContain('event:klaviyo.bounced_email');
  Object.assign(webhook!, { enabled: false, topics: topics.slice(0, 2), endpointUrl: 'https://former.example.com/x' });
  // Made by a process that was killed before it wrote that down; and one of another portal's, which is not ours to take.
  webhooks.set('left', { ...webhook!, id: 'left', endpointUrl });
  webhooks.set('other', { ...webhook!, id: 'other', endpointUrl, name: `${webhook!.name}0` });
  await longAgo();
  await world.call('POST', `/connections/${id}/sync`);
  await until('it to be right', () => (webhook!.enabled && webhook!.topics.length === topics.length ? true : null));
  expect(webhook).toMatchObject({ topics, endpointUrl });
  expect([...webhooks.keys()].sort()).toEqual([webhook!.id, 'other'].sort());
  webhooks.delete('other');
}, 30_000);

test('E8: without a connection the webhook is taken away', async () => {
  const { webhooks } = world.klaviyo.accounts.get('TANDM1')!;
  await world.call('POST', `/connections/${id}/pause`);
  await until('it to be gone', () => (webhooks.size === 0 ? true : null));
}, 30_000);

test('A5, E8: disconnecting takes the webhook away while there is access', async () => {
  const { webhooks } = world.klaviyo.accounts.get('TANDM1')!;
  await longAgo();
  await world.call('POST', `/connections/${id}/resume`);
  await until('a webhook', () => (webhooks.size === 1 ? true : null));
  await until('it to be known', async () =>
    (await world.database.db.query('select from engagement_account where webhook_id is not null')).length > 0
      ? true
      : null,
  );
  const { json } = await world.call('GET', '/account');
  const [account] = (json as { klaviyoAccounts: { id: string }[] }).klaviyoAccounts;
  expect((await world.call('DELETE', `/klaviyo-accounts/${account!.id}`)).status).toBe(204);
  expect(webhooks.size).toBe(0);
}, 30_000);

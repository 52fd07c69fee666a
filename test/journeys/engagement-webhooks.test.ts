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

test('E8: a webhook that Klaviyo switched off is switched on; without a connection it is taken away', async () => {
  const { webhooks } = world.klaviyo.accounts.get('TANDM1')!;
  const [webhook] = webhooks.values();
  webhook!.enabled = false;
  await world.database.db.query(`update engagement_account set webhook_at = now() - interval '1 day', due_at = now()`);
  await world.call('POST', `/connections/${id}/sync`);
  await until('it to be on', () => (webhook!.enabled ? true : null));
  await world.call('POST', `/connections/${id}/pause`);
  await until('it to be gone', () => (webhooks.size === 0 ? true : null));
}, 30_000);

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import {
  activateEngagement,
  activity,
  appEventsOf,
  card,
  contactIdOf,
  sharedEmails,
  type Occurrence,
} from '../helpers/engagement.js';
import { connectKlaviyo, openWorld, settled, until, type World } from '../helpers/service.js';

let world: World;
let klaviyoAccountId: string;
let id: string;

beforeAll(async () => {
  world = await openWorld({ people: makePeople(150, 21), klaviyo: { lateMs: 0 } });
  klaviyoAccountId = await connectKlaviyo(world);
}, 60_000);
afterAll(() => world.close());

const none = { klaviyoListIds: [], klaviyoSegmentIds: [], flowIds: [], campaignIds: [] };
const messagesOf = (events: readonly Occurrence[]): string[] => [
  ...new Set(events.map(({ properties }) => properties['message'] ?? '')),
];

interface Run {
  kind: string;
  state: string;
  done: number;
  total: number | null;
  counts: Record<string, number>;
}

test('E1, E7: the last 30 days of a chosen flow, with progress; nothing of other emails', async () => {
  const flow = world.klaviyo.accounts.get('TANDM1')!.flows.find(({ name }) => name === 'Welcome series')!;
  id = await activateEngagement(world, {
    klaviyoAccountId,
    sources: { ...none, flowIds: [flow.id] },
    activities: { delivered: true },
    options: { since: 'last_30_days' },
  });
  const { run } = (await settled(world, id, 60_000)) as unknown as { run: Run };
  expect(run).toMatchObject({ kind: 'initial', state: 'finished', total: run.done });
  expect(run.done).toBeGreaterThan(100);
  const events = await appEventsOf(world);
  expect(events.length).toBeGreaterThan(5);
  expect(new Set(events.map(({ properties }) => properties['campaign_url']))).toEqual(
    new Set([`${world.klaviyo.url}/flow/${flow.id}/edit`]),
  );
}, 90_000);

test('E1: a list brings the campaigns that went to it, a segment those that targeted it, a campaign itself', async () => {
  const change = async (sources: object): Promise<string[]> => {
    const before = new Set((await appEventsOf(world)).map((event) => event.id));
    const patched = await world.call('PATCH', `/connections/${id}`, { sources: { ...none, ...sources } });
    expect(patched.status).toBe(200);
    await settled(world, id, 60_000);
    return messagesOf((await appEventsOf(world)).filter((event) => !before.has(event.id)));
  };
  const { campaigns } = world.klaviyo.accounts.get('TANDM1')!;
  const sale = campaigns.find(({ name }) => name === 'Summer sale')!;
  expect(await change({ klaviyoListIds: ['VipLst'] })).toEqual(['VIP preview']);
  expect(await change({ klaviyoSegmentIds: ['DeSpkr'] })).toEqual(['Lesetipps im Herbst 🍂']);
  expect(await change({ campaignIds: [sale.id] })).toEqual(['Summer sale']);
}, 120_000);

test('E7: live goes before the past; a company’s card has its contacts together, days in order', async () => {
  await world.call('PATCH', `/connections/${id}`, {
    sources: { all: true },
    options: { since: '2026-01-01T00:00:00Z' },
  });
  const email = sharedEmails(world)[0]!;
  const contactId = contactIdOf(world, email);
  await activity(world, { email, type: 'clicked', url: 'https://shop.example.com/live' });
  await until('the live one', async () =>
    (await appEventsOf(world, contactId)).some(({ properties }) => properties['link']?.endsWith('/live')) ? true : null,
  );
  await settled(world, id, 60_000);
  const { companyOf } = world.hubspot.portals.get(world.portalId)!;
  const [, companyId] = [...companyOf][0]!;
  const { byDay } = await card(world, companyId, 'companies');
  expect(byDay.length).toBeGreaterThan(1);
  expect(byDay.map(({ day }) => day)).toEqual(byDay.map(({ day }) => day).sort());
}, 90_000);

test('E13: a verdict that changes later corrects the card, and says what the timeline cannot take back', async () => {
  const email = sharedEmails(world)[1]!;
  const contactId = contactIdOf(world, email);
  const messageId = world.klaviyo.accounts.get('TANDM1')!.sends.at(-1)!.messageId;
  const before = (await card(world, contactId)).totals['clicked'] as number;
  const at = new Date().toISOString();
  const follow = (path: string): Promise<void> =>
    activity(world, { email, type: 'clicked', at, messageId, url: `https://shop.example.com/burst/${path}` });
  await follow('a');
  await until('the first click', async () =>
    (await card(world, contactId)).totals['clicked'] === before + 1 ? true : null,
  );
  await until('it on the timeline', async () =>
    (await appEventsOf(world, contactId)).some(({ properties }) => properties['link']?.endsWith('/burst/a'))
      ? true
      : null,
  );
  await Promise.all([follow('b'), follow('c')]);
  const { latest } = await until('the correction', async () => {
    const now = await card(world, contactId);
    return now.totals['clicked'] === before && now.latest.some(({ correction }) => correction !== null) ? now : null;
  });
  expect(latest.find(({ url }) => url?.endsWith('/burst/a'))?.correction).toMatch(
    /timeline this stands as done by a person/,
  );
}, 60_000);

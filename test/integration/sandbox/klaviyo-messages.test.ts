import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openKlaviyo, type Client, type Resource } from './klaviyo-client.js';

let client: Client;
beforeAll(async () => {
  client = await openKlaviyo();
});
afterAll(() => client.close());

const email = "equals(messages.channel,'email')";
const names = (found: readonly Resource[]): unknown[] => found.map(({ attributes }) => attributes['name']);

test('E1: campaigns are listed by channel; archived ones come only when asked for', async () => {
  const campaigns = await client.all('/api/campaigns', { filter: email });
  expect(names(campaigns)).toContain('Autumn reading list');
  expect(names(campaigns)).not.toContain('Spring letter');
  expect(names(campaigns)).not.toContain('Text: shop opens late');
  expect(names(await client.all('/api/campaigns', { filter: `${email},equals(archived,true)` }))).toEqual([
    'Spring letter',
  ]);
  expect(names(await client.all('/api/campaigns', { filter: "equals(messages.channel,'sms')" }))).toEqual([
    'Text: shop opens late',
  ]);
  expect(names(await client.all('/api/campaigns', { filter: `${email},contains(name,"VIP")` }))).toEqual([
    'VIP preview',
  ]);
  expect(
    names(await client.all('/api/campaigns', { filter: `${email},any(status,["Draft","Scheduled"])`, sort: 'name' })),
  ).toEqual(['New year idea', 'Winter letter']);
  const refused = await client.call('GET', '/api/campaigns', { wrong: true });
  expect([refused.status, refused.error.source.parameter]).toEqual([400, 'filter']);
});

test('E2: a campaign tells its message, subject and audiences', async () => {
  const listed = await client.call('GET', '/api/campaigns', {
    query: { filter: email, include: 'campaign-messages', sort: '-created_at' },
  });
  expect(listed.included).toHaveLength(listed.data.length);
  const vip = listed.data.find(({ attributes }) => attributes['name'] === 'VIP preview');
  expect(vip?.attributes['audiences']).toEqual({ included: ['VipLst', 'Engd90'], excluded: ['NwsLtr'] });
  const one = await client.call('GET', `/api/campaigns/${vip?.id ?? ''}`, { query: { include: 'campaign-messages' } });
  const [message] = one.included;
  expect(message?.attributes['definition']).toMatchObject({
    channel: 'email',
    content: { subject: 'You see it first' },
  });
  const direct = await client.call('GET', `/api/campaign-messages/${message?.id ?? ''}`, {
    query: { include: 'campaign' },
  });
  expect(direct.included[0]?.id).toBe(vip?.id);
  expect((await client.call('GET', `/api/campaigns/${vip?.id ?? ''}/campaign-messages`)).data[0]?.id).toBe(message?.id);
  expect((await client.call('GET', `/api/campaign-messages/${message?.id ?? ''}/campaign`)).one.id).toBe(vip?.id);
  expect((await client.call('GET', '/api/campaigns/Nowhere')).status).toBe(404);
  expect((await client.call('GET', '/api/campaign-messages/Nowhere')).status).toBe(404);
});

test('E1: flows tell what sets them off, their actions and their messages, from both ends', async () => {
  const flows = await client.all('/api/flows', { sort: 'name' });
  expect(names(flows)).toEqual(['Abandoned basket', 'Welcome series']);
  expect(names(await client.all('/api/flows', { filter: 'equals(archived,true)' }))).toEqual(['Win back']);
  expect(names(await client.all('/api/flows', { filter: 'starts-with(name,"Wel"),equals(status,"live")' }))).toEqual([
    'Welcome series',
  ]);
  const welcome = flows.find(({ attributes }) => attributes['trigger_type'] === 'Added to List');
  const id = welcome?.id ?? '';
  const whole = await client.call('GET', `/api/flows/${id}`, {
    query: { 'additional-fields[flow]': 'definition', include: 'flow-actions' },
  });
  expect(whole.one.attributes['definition']).toMatchObject({ triggers: [{ type: 'list', id: 'NwsLtr' }] });
  const actions = await client.all(`/api/flows/${id}/flow-actions`);
  expect(actions.map((action) => action.id).sort()).toEqual(whole.included.map((action) => action.id).sort());
  const subjects: unknown[] = [];
  for (const action of actions) {
    expect(
      (await client.call('GET', `/api/flow-actions/${action.id}`, { query: { include: 'flow' } })).included[0]?.id,
    ).toBe(id);
    expect((await client.call('GET', `/api/flow-actions/${action.id}/flow`)).one.id).toBe(id);
    for (const message of await client.all(`/api/flow-actions/${action.id}/flow-messages`)) {
      const back = await client.call('GET', `/api/flow-messages/${message.id}`, { query: { include: 'flow-action' } });
      expect(back.included[0]?.id).toBe(action.id);
      expect((await client.call('GET', `/api/flow-messages/${message.id}/flow-action`)).one.id).toBe(action.id);
      subjects.push((back.one.attributes['definition'] as { subject_line: string }).subject_line);
    }
  }
  expect(subjects.sort()).toEqual(['How we choose our books', 'Welcome to Lantern Books']);
  for (const path of ['flows', 'flow-actions', 'flow-messages']) {
    expect((await client.call('GET', `/api/${path}/Nowhere`)).status).toBe(404);
  }
});

test('E1: every message that events name is a campaign, a campaign’s message or a flow’s message', async () => {
  const events = await client.all('/api/events', { filter: 'has(metric)', 'page[size]': '1000' });
  const named = new Map<string, boolean>();
  for (const { attributes } of events) {
    const properties = attributes['event_properties'] as Record<string, string | undefined>;
    if (properties['$message'] !== undefined) named.set(properties['$message'], properties['$flow'] !== undefined);
  }
  expect(named.size).toBeGreaterThan(4);
  for (const [id, ofFlow] of named) {
    const paths = ofFlow ? ['flow-messages'] : ['campaigns', 'campaign-messages'];
    const found = await Promise.all(paths.map((path) => client.call('GET', `/api/${path}/${id}`)));
    expect(found.map(({ status }) => status)).toContain(200);
  }
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Account } from '../../../sandbox/klaviyo/store.js';
import { until } from '../../helpers/service.js';
import { openKlaviyo, profileBody, type Answer, type Client } from './klaviyo-client.js';

let client: Client;
let account: Account;
beforeAll(async () => {
  client = await openKlaviyo({ segmentDelayMs: 40 });
  const found = client.sandbox.accounts.get('TANDM1');
  if (found === undefined) throw new Error('no account');
  account = found;
});
afterAll(() => client.close());

const listBody = (attributes: object, id?: string): object => ({
  data: { type: 'list', ...(id === undefined ? {} : { id }), attributes },
});
const makeList = async (name: string, optIn = 'single_opt_in'): Promise<string> =>
  (await client.call('POST', '/api/lists', { body: listBody({ name, opt_in_process: optIn }) })).one.id;
const people = (ids: readonly string[]): object => ({ data: ids.map((id) => ({ type: 'profile', id })) });
const ids = (found: readonly { id: string }[]): string[] => found.map(({ id }) => id);
const someone = (count: number): string[] => [...account.profiles.keys()].slice(0, count);

test('lists: ten a page, with their way of opting in; made, renamed, filtered and deleted', async () => {
  const made = await Promise.all(Array.from({ length: 12 }, (_, n) => makeList(`List ${n}`)));
  const all = await client.all('/api/lists', { sort: 'name' });
  expect(ids(all)).toEqual(expect.arrayContaining(['NwsLtr', 'CstHub', 'VipLst', ...made]));
  expect(all.find(({ id }) => id === 'NwsLtr')?.attributes['opt_in_process']).toBe('double_opt_in');
  expect((await client.call('GET', '/api/lists', { query: { 'page[size]': '11' }, wrong: true })).status).toBe(400);

  const [id = ''] = made;
  await client.call('PATCH', `/api/lists/${id}`, { body: listBody({ name: 'Renamed' }, id) });
  expect(ids(await client.all('/api/lists', { filter: 'equals(name,"Renamed")' }))).toEqual([id]);
  expect(ids(await client.all('/api/lists', { filter: `any(id,["${id}","NwsLtr"])` })).sort()).toEqual(
    [id, 'NwsLtr'].sort(),
  );
  expect((await client.call('DELETE', `/api/lists/${id}`)).status).toBe(204);
  expect((await client.call('GET', `/api/lists/${id}`)).status).toBe(404);
  expect((await client.call('POST', '/api/lists', { body: listBody({}), wrong: true })).status).toBe(400);
});

test('C1: adding to and removing from a list changes nobody’s consent and can be repeated', async () => {
  const id = await makeList('Members');
  const members = someone(30);
  const before = members.map((one) => account.profiles.get(one)?.consent);
  for (let n = 0; n < 2; n += 1) {
    expect(
      (await client.call('POST', `/api/lists/${id}/relationships/profiles`, { body: people(members) })).status,
    ).toBe(204);
  }
  expect(
    (await client.call('GET', `/api/lists/${id}`, { query: { 'additional-fields[list]': 'profile_count' } })).one
      .attributes['profile_count'],
  ).toBe(30);
  expect(ids(await client.all(`/api/lists/${id}/relationships/profiles`, { 'page[size]': '7' })).sort()).toEqual(
    [...members].sort(),
  );
  expect(
    (await client.call('DELETE', `/api/lists/${id}/relationships/profiles`, { body: people(members.slice(0, 10)) }))
      .status,
  ).toBe(204);
  expect(ids(await client.all(`/api/lists/${id}/profiles`)).sort()).toEqual(members.slice(10).sort());
  expect(members.map((one) => account.profiles.get(one)?.consent)).toEqual(before);
});

test('a call takes at most a thousand members, and none of them when one is unknown', async () => {
  const id = await makeList('Strict');
  const path = `/api/lists/${id}/relationships/profiles`;
  const unknown = await client.call('POST', path, { body: people([...someone(2), '01ZZZZZZZZZZZZZZZZZZZZZZZZ']) });
  expect([unknown.status, unknown.error.source.pointer]).toEqual([404, '/data/2/id']);
  const many = await client.call('POST', path, { body: people(Array.from({ length: 1001 }, () => 'x')), wrong: true });
  expect(many.status).toBe(400);
  expect(await client.all(path)).toEqual([]);
});

test('members come with when they joined, in that order, filtered by address and by time', async () => {
  const members = await client.all('/api/lists/NwsLtr/profiles', {
    sort: '-joined_group_at',
    'additional-fields[profile]': 'subscriptions',
  });
  const joined = members.map(({ attributes }) => String(attributes['joined_group_at']));
  expect(joined).toEqual([...joined].sort().reverse());
  expect(members[0]?.attributes['subscriptions']).toBeDefined();
  const [newest] = members;
  const email = String(newest?.attributes['email']);
  const byEmail = await client.all('/api/lists/NwsLtr/profiles', {
    filter: `any(email,["${email.toUpperCase()}","no@example.com"])`,
  });
  expect(ids(byEmail)).toEqual([newest?.id]);
  const outside = [...account.profiles.values()].find(({ id }) => !ids(members).includes(id));
  expect(await client.all('/api/lists/NwsLtr/profiles', { filter: `equals(email,"${outside?.email ?? ''}")` })).toEqual(
    [],
  );
  const bound = joined[Math.floor(joined.length / 2)] ?? '';
  const later = await client.all('/api/lists/NwsLtr/relationships/profiles', {
    filter: `greater-or-equal(joined_group_at,${bound})`,
  });
  expect(later).toHaveLength(joined.filter((at) => at >= bound).length);
});

test('thousands who joined in one second are paged without loss or repeat', async () => {
  const list = account.addList('Crowd1', 'Crowd', 'single_opt_in');
  const at = Date.now() - 100_000;
  for (let n = 0; n < 2500; n += 1) list.members.set(account.create(at).id, at);
  const found = ids(await client.all('/api/lists/Crowd1/relationships/profiles', { 'page[size]': '100' }));
  expect(new Set(found).size).toBe(2500);
  expect(found).toHaveLength(2500);
});

test('segments: who fits gets in a little later, and out again; membership cannot be written', async () => {
  const made = await client.call('POST', '/api/profiles', {
    body: profileBody({ email: 'de@example.com', location: { country: 'Germany' } }),
  });
  const within = async (): Promise<boolean> =>
    ids(await client.all('/api/segments/DeSpkr/relationships/profiles')).includes(made.one.id);
  expect(await within()).toBe(false);
  await until('the segment', async () => ((await within()) ? true : null));
  const filter = `equals(profile_id,"${made.one.id}")`;
  expect(ids(await client.all('/api/segments/DeSpkr/profiles', { filter }))).toEqual([made.one.id]);
  await client.call('PATCH', `/api/profiles/${made.one.id}`, {
    body: profileBody({ location: { country: 'France' } }, { id: made.one.id }),
  });
  await until('the segment to let go', async () => ((await within()) ? null : true));
  const written = await client.call('POST', '/api/segments/DeSpkr/relationships/profiles', {
    body: people([made.one.id]),
    wrong: true,
  });
  expect(written.status).toBe(405);
});

test('segments are listed with or without their definition', async () => {
  const whole: Answer = await client.call('GET', '/api/segments', { query: { filter: 'equals(is_active,true)' } });
  expect(ids(whole.data).sort()).toEqual(['DeSpkr', 'Engd90']);
  expect(whole.data[0]?.attributes['definition']).toBeDefined();
  const slim = await client.call('GET', '/api/segments', {
    query: { 'fields[segment]': 'name,is_active,is_processing' },
  });
  expect(Object.keys(slim.data[0]?.attributes ?? {}).sort()).toEqual(['is_active', 'is_processing', 'name']);
  expect((await client.call('GET', '/api/segments/Engd90')).one.attributes['name']).toBe('Engaged 90 days');
  expect(await client.all('/api/segments/Engd90/profiles')).not.toEqual([]);
  expect((await client.call('GET', '/api/segments/Nowhere')).status).toBe(404);
});

test('E1: lists and segments tell which flows they set off', async () => {
  const [flow] = (await client.call('GET', '/api/lists/NwsLtr/flow-triggers')).data;
  expect(flow?.attributes['name']).toBe('Welcome series');
  expect(ids((await client.call('GET', '/api/lists/NwsLtr/relationships/flow-triggers')).data)).toEqual([flow?.id]);
  expect((await client.call('GET', '/api/segments/DeSpkr/flow-triggers')).data).toEqual([]);
  expect((await client.call('GET', '/api/segments/DeSpkr/relationships/flow-triggers')).data).toEqual([]);
});

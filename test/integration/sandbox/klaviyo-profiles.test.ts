import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openKlaviyo, profileBody, type Answer, type Client } from './klaviyo-client.js';
import { until } from '../../helpers/service.js';
import type { Account } from '../../../sandbox/klaviyo/store.js';

let client: Client;
let account: Account;
beforeAll(async () => {
  client = await openKlaviyo();
  const found = client.sandbox.accounts.get('TANDM1');
  if (found === undefined) throw new Error('no account');
  account = found;
});
afterAll(() => client.close());

const create = (attributes: Record<string, unknown>): Promise<Answer> =>
  client.call('POST', '/api/profiles', { body: profileBody(attributes) });
const upsert = (
  attributes: Record<string, unknown>,
  more: { id?: string; meta?: object } = {},
  wrong = false,
): Promise<Answer> => client.call('POST', '/api/profile-import', { body: profileBody(attributes, more), wrong });
const patch = (id: string, attributes: Record<string, unknown>, meta?: object, wrong = false): Promise<Answer> =>
  client.call('PATCH', `/api/profiles/${id}`, {
    body: profileBody(attributes, { id, ...(meta === undefined ? {} : { meta }) }),
    wrong,
  });

test('paging by keyset: every profile once, in order, though others change meanwhile', async () => {
  const seen: string[] = [];
  let answer = await client.call('GET', '/api/profiles', { query: { sort: 'updated', 'page[size]': '20' } });
  while (answer.next !== null) {
    seen.push(...answer.data.map(({ id }) => id));
    const { pathname, search } = new URL(answer.next);
    expect(answer.next.startsWith(client.sandbox.url)).toBe(true);
    answer = await client.call('GET', pathname + search);
  }
  seen.push(...answer.data.map(({ id }) => id));
  expect(seen).toHaveLength(account.profiles.size);
  expect(new Set(seen).size).toBe(seen.length);
  const times = seen.map((id) => account.profiles.get(id)?.updated ?? 0);
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test.each(['id', '-id', 'created', '-created', 'updated', '-updated', 'email', '-email'])(
  'sorts by %s',
  async (sort) => {
    const found = await client.all('/api/profiles', { sort, 'page[size]': '37' });
    expect(found).toHaveLength(account.profiles.size);
    const of = ({ id }: { id: string }): string | number => {
      const profile = account.profiles.get(id);
      const key = sort.replace('-', '') as 'id' | 'created' | 'updated' | 'email';
      return profile?.[key] ?? '';
    };
    const keys = found.map(of);
    const sorted = [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    expect(keys).toEqual(sort.startsWith('-') ? sorted.reverse() : sorted);
  },
);

test('a profile that changes while somebody pages comes up again at the end', async () => {
  const first = await client.call('GET', '/api/profiles', { query: { sort: 'updated', 'page[size]': '50' } });
  const moved = account.profiles.get(first.data[0]?.id ?? '');
  if (moved === undefined || first.next === null) throw new Error('too few people');
  account.touch(moved);
  const { pathname, search } = new URL(first.next);
  const rest = await client.all(pathname, Object.fromEntries(new URLSearchParams(search)));
  expect(rest.at(-1)?.id).toBe(moved.id);
});

test('filters: identities without regard to letter case, times by the second', async () => {
  const made = await create({ email: 'Mixed.Case@Example.com', phone_number: '+4915112345678', external_id: 'crm-1' });
  expect(made.status).toBe(201);
  expect(made.one.attributes['email']).toBe('Mixed.Case@Example.com');
  const ids = async (filter: string): Promise<string[]> =>
    (await client.all('/api/profiles', { filter })).map(({ id }) => id);
  const { id } = made.one;
  expect(await ids('equals(email,"mixed.case@example.COM")')).toEqual([id]);
  expect(await ids('any(email,["nobody@example.com","mixed.case@example.com"])')).toEqual([id]);
  expect(await ids('equals(phone_number,"+4915112345678")')).toEqual([id]);
  expect(await ids('equals(external_id,"crm-1")')).toEqual([id]);
  expect(await ids(`any(id,["${id}"])`)).toEqual([id]);
  expect(await ids("and(equals(email,'mixed.case@example.com'),equals(external_id,'other'))")).toEqual([]);

  const old = account.create(Date.parse('2020-01-01T00:00:00.700Z'));
  account.identify(old, { email: 'old@example.com' });
  expect(await ids('less-than(created,2020-01-01T00:00:01Z)')).toEqual([old.id]);
  expect(await ids('less-than(created,2020-01-01T00:00:00Z)')).toEqual([]);
  expect(await ids('greater-than(created,2019-12-31T23:59:59Z),less-than(created,2020-01-02T00:00:00Z)')).toEqual([
    old.id,
  ]);
});

test.each([
  ['greater-than(updated,"2026-01-01T00:00:00Z")', 'quoted time'],
  ['greater-or-equal(updated,2026-01-01T00:00:00Z)', 'operator of other fields'],
  ['equals(email,bare@example.com)', 'bare text'],
  ['equals(first_name,"Ann")', 'field that cannot be filtered'],
  ['equals(email,"a@example.com"', 'missing parenthesis'],
  ['or(equals(email,"a@example.com"))', 'or'],
  [`greater-than(updated,${new Date(Date.now() + 60_000).toISOString()})`, 'future'],
])('refuses the filter %s (%s)', async (filter) => {
  const answer = await client.call('GET', '/api/profiles', { query: { filter }, wrong: true });
  expect(answer.status).toBe(400);
  expect(answer.error.source.parameter).toBe('filter');
});

test('a time less than five seconds ago is refused, an older one is not', async () => {
  const ask = (ms: number): Promise<Answer> =>
    client.call('GET', '/api/profiles', {
      query: { filter: `greater-than(updated,${new Date(Date.now() - ms).toISOString()})` },
    });
  expect((await ask(3000)).status).toBe(400);
  expect((await ask(6000)).status).toBe(200);
});

test('wrong page sizes, sort keys and cursors are refused', async () => {
  for (const [name, value] of [
    ['page[size]', '101'],
    ['page[size]', '0'],
    ['sort', 'first_name'],
    ['page[cursor]', 'bm9uc2Vuc2U'],
  ] as const) {
    const answer = await client.call('GET', '/api/profiles', { query: { [name]: value }, wrong: true });
    expect([answer.status, answer.error.source.parameter]).toEqual([400, name]);
  }
});

test('fields: only what is asked for, down to the leaf', async () => {
  const query = {
    'fields[profile]': 'email,location.city,subscriptions.email.marketing.consent',
    'additional-fields[profile]': 'subscriptions',
  };
  const { data } = await client.call('GET', '/api/profiles', { query });
  expect(Object.keys(data[0]?.attributes ?? {}).sort()).toEqual(['email', 'location', 'subscriptions']);
  expect(Object.keys(data[0]?.attributes['location'] as object)).toEqual(['city']);
  expect(data[0]?.attributes['subscriptions']).toMatchObject({ email: { marketing: { consent: expect.any(String) } } });
});

test('a taken address is a conflict that names the holder', async () => {
  const first = await create({ email: 'Taken@example.com' });
  const second = await create({ email: 'taken@EXAMPLE.com' });
  expect(second.status).toBe(409);
  expect(second.error).toMatchObject({
    code: 'duplicate_profile',
    source: { pointer: '/data/attributes' },
    meta: { duplicate_profile_id: first.one.id },
  });
});

test('upsert: creates, finds by any identity, and refuses two people at once', async () => {
  const made = await upsert({ email: 'up@example.com', first_name: 'Up' });
  expect(made.status).toBe(201);
  const again = await upsert({ email: 'UP@example.com', phone_number: '+4915100000001', last_name: 'Sert' });
  expect([again.status, again.one.id]).toEqual([200, made.one.id]);
  expect(again.one.attributes).toMatchObject({ first_name: 'Up', last_name: 'Sert', phone_number: '+4915100000001' });
  expect((await upsert({ phone_number: '+4915100000001' })).one.id).toBe(made.one.id);
  expect((await upsert({ title: 'Dr' }, { id: made.one.id })).one.attributes['title']).toBe('Dr');
  await create({ email: 'second@example.com' });
  expect((await upsert({ email: 'second@example.com', phone_number: '+4915100000001' })).status).toBe(409);
  expect((await upsert({ first_name: 'Nobody' }, {}, true)).status).toBe(400);
});

test('D7: a phone number that is not E.164 is dropped, and only a header says so; alone it is refused', async () => {
  const kept = await upsert({ email: 'phone@example.com', phone_number: '0151 234', first_name: 'Kept' }, {}, true);
  expect(kept.status).toBe(201);
  expect(kept.headers.get('x-klaviyo-partial-failure')).toBe('phone_number');
  expect(kept.one.attributes).toMatchObject({ first_name: 'Kept', phone_number: null });
  const alone = await upsert({ phone_number: '0151 234' }, {}, true);
  expect([alone.status, alone.error.source.pointer]).toEqual([400, '/data/attributes/phone_number']);
});

test('D6: null empties, absence leaves; properties keep a null until they are unset', async () => {
  const { one } = await create({
    email: 'null@example.com',
    first_name: 'A',
    last_name: 'B',
    location: { city: 'Berlin', country: 'Germany' },
    properties: { a: 1, b: [1, 2], c: 'x', zero: 0, no: false, empty: '' },
  });
  const second = await patch(one.id, { first_name: null, location: { city: null }, properties: { a: null } });
  expect(second.status).toBe(200);
  expect(second.one.attributes).toMatchObject({
    first_name: null,
    last_name: 'B',
    location: { city: null, country: 'Germany' },
    properties: { a: null, b: [1, 2], c: 'x', zero: 0, no: false, empty: '' },
  });
  const third = await patch(
    one.id,
    {},
    { patch_properties: { unset: ['a', 'c'], append: { b: [2, 3] }, unappend: { b: 1 } } },
  );
  expect(third.one.attributes['properties']).toEqual({ b: [2, 3], zero: 0, no: false, empty: '' });
  const fourth = await patch(one.id, {}, { patch_properties: { unset: 'b' } });
  expect(fourth.one.attributes['properties']).not.toHaveProperty('b');
});

test('a refused write writes nothing at all', async () => {
  const { one } = await create({ email: 'atomic@example.com', first_name: 'Before' });
  const before = account.profiles.size;
  for (const attributes of [
    { first_name: 'After', location: { planet: 'Earth' } },
    { first_name: 'After', nonsense: 1 },
    { first_name: 'After', email: 'no address' },
    { first_name: 42 },
    { first_name: 'After', properties: 'text' },
  ]) {
    expect((await patch(one.id, attributes, undefined, true)).status).toBe(400);
    const made = await client.call('POST', '/api/profiles', {
      body: profileBody({ ...attributes, external_id: 'x9' }),
      wrong: true,
    });
    expect(made.status).toBe(400);
  }
  expect(account.profiles.get(one.id)?.first_name).toBe('Before');
  expect(account.profiles.size).toBe(before);
});

test('what is too large, unknown or malformed is refused, each in its way', async () => {
  const large = await client.call('POST', '/api/profiles', {
    body: profileBody({ email: 'large@example.com', properties: { x: 'y'.repeat(110_000) } }),
    wrong: true,
  });
  expect(large.status).toBe(413);
  expect((await client.call('GET', '/api/profiles/nonsense', { wrong: true })).status).toBe(400);
  expect((await client.call('GET', '/api/profiles/01ZZZZZZZZZZZZZZZZZZZZZZZZ')).status).toBe(404);
});

test('one profile with its lists and segments', async () => {
  const [list] = account.lists.values();
  const [id = ''] = list?.members.keys() ?? [];
  const whole = await client.call('GET', `/api/profiles/${id}`, {
    query: { include: 'lists,segments', 'additional-fields[profile]': 'subscriptions' },
  });
  expect(whole.included.map(({ type }) => type)).toContain('list');
  expect(whole.one.attributes['subscriptions']).toBeDefined();
  const [lists, listIds, segments, segmentIds] = await Promise.all(
    ['lists', 'relationships/lists', 'segments', 'relationships/segments'].map((path) =>
      client.call('GET', `/api/profiles/${id}/${path}`),
    ),
  );
  expect(lists?.data.map((one) => one.id)).toEqual(listIds?.data.map((one) => one.id));
  expect(lists?.data.map((one) => one.id)).toContain(list?.id);
  expect(segments?.data.map((one) => one.id)).toEqual(segmentIds?.data.map((one) => one.id));
});

test('B7: merged, the source’s id leads to the destination, which keeps its values and gets the gaps filled', async () => {
  const destination = await create({ email: 'keeps@example.com', first_name: 'Keeps', properties: { both: 'mine' } });
  const source = await create({
    email: 'goes@example.com',
    last_name: 'Goes',
    properties: { both: 'theirs', only: 1 },
  });
  const merged = await client.call('POST', '/api/profile-merge', {
    body: {
      data: {
        type: 'profile-merge',
        id: destination.one.id,
        relationships: { profiles: { data: [{ type: 'profile', id: source.one.id }] } },
      },
    },
    // The real one answers 202 where its document says 201.
    wrong: true,
  });
  expect(merged.status).toBe(202);
  const found = await until('the merge', async () => {
    const answer = await client.call('GET', `/api/profiles/${source.one.id}`);
    return answer.one.id === destination.one.id ? answer : null;
  });
  expect(found.one.attributes).toMatchObject({
    email: 'keeps@example.com',
    first_name: 'Keeps',
    last_name: 'Goes',
    properties: { both: 'mine', only: 1 },
  });
  expect(await client.all('/api/profiles', { filter: `equals(id,"${source.one.id}")` })).toEqual([]);
  expect(await client.all('/api/profiles', { filter: 'equals(email,"goes@example.com")' })).toEqual([]);
});

test('people edit, add and delete in Klaviyo’s own pages', async () => {
  const made = await client.steer('POST', '/accounts/TANDM1/profiles', {
    attributes: { email: 'by.hand@example.com', first_name: 'By' },
  });
  const id = String(made['id']);
  await client.steer('PATCH', `/accounts/TANDM1/profiles/${id}`, { attributes: { last_name: 'Hand' } });
  await client.steer('PUT', '/accounts/TANDM1/lists/VipLst/members', { add: [id] });
  const { results } = await client.steer('GET', '/accounts/TANDM1/profiles?email=BY.hand@example.com');
  expect(results).toMatchObject([{ id, lists: ['VipLst'], attributes: { first_name: 'By', last_name: 'Hand' } }]);
  await client.steer('DELETE', `/accounts/TANDM1/profiles/${id}`);
  expect((await client.call('GET', `/api/profiles/${id}`)).status).toBe(404);
});

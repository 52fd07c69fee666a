import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { missingScopes } from '../../../server/vendors/klaviyo/account.js';
import { bulkImport, importErrors, importJob } from '../../../server/vendors/klaviyo/imports.js';
import {
  add,
  listById,
  memberIdsPage,
  memberPage,
  membersByEmail,
  readLists,
  remove,
} from '../../../server/vendors/klaviyo/lists.js';
import { readCampaigns, readFlows } from '../../../server/vendors/klaviyo/messages.js';
import { requestDeletion } from '../../../server/vendors/klaviyo/privacy.js';
import { readByEmails, readByIds, readPage, update, upsert } from '../../../server/vendors/klaviyo/profiles.js';
import { readSegments } from '../../../server/vendors/klaviyo/segments.js';
import { KlaviyoSession } from '../../../server/vendors/klaviyo/session.js';
import { subscribe, suppress, unsubscribe } from '../../../server/vendors/klaviyo/subscriptions.js';
import { scriptedVendor, watch, type Reply, type ScriptedVendor, type Seen } from './scripted-vendor.js';

let vendor: ScriptedVendor;
beforeAll(async () => {
  vendor = await scriptedVendor();
});
afterAll(() => vendor.close());

const session = (): KlaviyoSession =>
  new KlaviyoSession({
    ...watch(),
    accountId: 'TANDM1',
    apiUrl: vendor.url,
    priority: 'person',
    credential: async () => ({ kind: 'api_key', key: 'pk' }),
  });

const profile = (id: string, attributes: object = {}) => ({ type: 'profile', id, attributes });
const page = (data: object[], cursor?: string): Reply => ({
  json: { data, links: { next: cursor === undefined ? null : `https://a.klaviyo.com/x?page%5Bcursor%5D=${cursor}` } },
});
const refusal = (status: number, detail: string, pointer = '/data'): Reply => ({
  status,
  json: { errors: [{ code: 'invalid', title: 'Invalid input.', detail, source: { pointer } }] },
});
/** The values of an any() filter. */
const valuesOf = (request: Seen): string[] =>
  JSON.parse(/^any\(\w+,(\[.*\])\)$/.exec(request.query.get('filter') ?? '')?.[1] ?? '[]') as string[];

test('a page of updated profiles asks strictly after a moment, in order, with its cursor', async () => {
  vendor.answers((_request, index) => page([profile(`0${index}`, { updated: '2026-11-23T10:00:00+00:00' })], 'abc'));
  const updatedAfter = new Date('2026-11-23T09:00:00.000Z');
  const first = await readPage(session(), {
    cursor: null,
    size: 100,
    sort: 'updated',
    updatedAfter,
    subscriptions: true,
  });
  expect(first).toMatchObject({ cursor: 'abc', profiles: [{ id: '00', updated: '2026-11-23T10:00:00+00:00' }] });
  await readPage(session(), { cursor: 'abc', size: 50, sort: 'created' });
  expect(Object.fromEntries(vendor.seen[0]?.query ?? [])).toEqual({
    'additional-fields[profile]': 'subscriptions',
    filter: 'greater-than(updated,2026-11-23T09:00:00.000Z)',
    sort: 'updated',
    'page[size]': '100',
  });
  expect(Object.fromEntries(vendor.seen[1]?.query ?? [])).toEqual({
    sort: 'created',
    'page[size]': '50',
    'page[cursor]': 'abc',
  });
});

test('B7: a profile that was merged away stands under the id asked for; an unknown one is left out', async () => {
  vendor.answers((request) => {
    if (request.path === '/api/profiles')
      return page(
        valuesOf(request)
          .filter((id) => id.startsWith('live'))
          .map((id) => profile(id)),
      );
    if (request.path === '/api/profiles/merged')
      return { json: { data: profile('survivor', { email: 'a@example.com' }) } };
    return refusal(request.path.endsWith('malformed') ? 400 : 404, 'no such profile');
  });
  const found = await readByIds(session(), ['live1', 'live2', 'live1', 'merged', 'gone', 'malformed', ''], {});
  expect([...found].map(([asked, { id }]) => [asked, id])).toEqual([
    ['live1', 'live1'],
    ['live2', 'live2'],
    ['merged', 'survivor'],
  ]);
});

test('B4: several profiles of one email come oldest first, under the lower-case address, each once', async () => {
  vendor.answers((request) =>
    request.query.get('page[cursor]') === null
      ? page([profile('new', { email: 'Ada@Example.com', created: '2025-12-31T23:00:00-05:00' })], 'more')
      : page([
          profile('old', { email: 'ada@example.com', created: '2026-01-01T01:00:00+05:00' }),
          profile('new', { email: 'Ada@Example.com', created: '2025-12-31T23:00:00-05:00' }),
        ]),
  );
  const found = await readByEmails(session(), ['ADA@example.com ', 'ada@example.com', ''], { subscriptions: true });
  expect(found.get('ada@example.com')?.map(({ id }) => id)).toEqual(['old', 'new']);
  expect(valuesOf(vendor.seen[0] as Seen)).toEqual(['ada@example.com']);
});

test('G4: an address that Klaviyo will not look up keeps nobody else from being read', async () => {
  vendor.answers((request) => {
    const emails = valuesOf(request);
    return emails.includes('bad')
      ? refusal(400, 'bad is not an email')
      : page(emails.map((email) => profile(email, { email })));
  });
  const emails = [...Array.from({ length: 150 }, (_, n) => `${n}@example.com`), 'bad'];
  const found = await readByEmails(session(), emails, {});
  expect(found.size).toBe(150);
});

const empty = { attributes: {}, properties: {}, unset: [] };

test('an upsert says whether the profile is new and whether the phone number was dropped', async () => {
  vendor.answers(() => ({
    status: 201,
    json: { data: profile('01A') },
    headers: { 'x-klaviyo-partial-failure': 'phone_number' },
  }));
  const write = { ...empty, email: 'a@example.com', attributes: { phone_number: '12', 'location.city': null } };
  expect(await upsert(session(), write)).toEqual({ id: '01A', created: true, phoneIgnored: true });
  expect(vendor.seen[0]).toMatchObject({
    method: 'POST',
    path: '/api/profile-import',
    json: {
      data: { type: 'profile', attributes: { email: 'a@example.com', phone_number: '12', location: { city: null } } },
    },
  });
});

test('D6: an update empties attributes with null and removes properties by name', async () => {
  vendor.answers(() => ({ json: { data: profile('01A') } }));
  const write = { attributes: { title: null }, properties: { n: 0, f: false, e: '' }, unset: ['old', 'older'] };
  expect(await update(session(), '01A', write)).toEqual({ id: '01A', created: false, phoneIgnored: false });
  expect(vendor.seen[0]).toMatchObject({ method: 'PATCH', path: '/api/profiles/01A' });
  expect(vendor.seen[0]?.json).toEqual({
    data: {
      type: 'profile',
      id: '01A',
      attributes: { title: null, properties: { n: 0, f: false, e: '' } },
      meta: { patch_properties: { unset: ['old', 'older'] } },
    },
  });
});

test('an import starts with its lists, says how it stands and whom it refused', async () => {
  vendor.answers((request) => {
    if (request.method === 'POST') return { status: 202, json: { data: { id: 'job=1', attributes: {} } } };
    if (!request.path.endsWith('import-errors')) {
      return {
        json: {
          data: {
            id: 'job=1',
            attributes: { status: 'complete', total_count: 3, failed_count: 2, completed_count: null },
          },
        },
      };
    }
    const error = (email: string) => ({
      id: email,
      attributes: {
        code: 'invalid',
        title: 'x',
        detail: 'Invalid email',
        source: { pointer: '/data/attributes/email' },
        original_payload: { email },
      },
    });
    return request.query.get('page[cursor]') === null ? page([error('a')], 'next') : page([error('b')]);
  });
  const jobId = await bulkImport(session(), [{ ...empty, email: 'a' }], { listIds: ['L1'] });
  expect(vendor.seen[0]?.json).toEqual({
    data: {
      type: 'profile-bulk-import-job',
      attributes: { profiles: { data: [{ type: 'profile', attributes: { email: 'a' } }] } },
      relationships: { lists: { data: [{ type: 'list', id: 'L1' }] } },
    },
  });
  expect(await importJob(session(), jobId)).toEqual({
    id: 'job=1',
    status: 'complete',
    total: 3,
    completed: 0,
    failed: 2,
  });
  expect(vendor.seen[1]?.path).toBe('/api/profile-bulk-import-jobs/job%3D1');
  const errors = await importErrors(session(), jobId);
  expect(errors.map(({ email, code }) => [email, code])).toEqual([
    ['a', 'invalid_email'],
    ['b', 'invalid_email'],
  ]);
});

test('an import beyond 10,000 profiles or 5 MB is never sent', async () => {
  vendor.answers(() => ({ status: 202, json: { data: { id: '1' } } }));
  const many = Array.from({ length: 10_001 }, (_, n) => ({ ...empty, email: `${n}@example.com` }));
  await expect(bulkImport(session(), many)).rejects.toMatchObject({ name: 'VendorBug' });
  const big = Array.from({ length: 60 }, (_, n) => ({
    ...empty,
    email: `${n}@example.com`,
    properties: { text: 'ü'.repeat(45_000) },
  }));
  await expect(bulkImport(session(), big)).rejects.toMatchObject({ name: 'VendorBug' });
  expect(vendor.seen).toHaveLength(0);
});

test('G6: all lists and segments are read, ten a page; a page that names itself as the next does not go on for ever', async () => {
  const list = (id: string) => ({
    id,
    attributes: { name: `List ${id}`, created: 'c', updated: 'u', opt_in_process: 'double_opt_in' },
  });
  vendor.answers((request) =>
    request.query.get('page[cursor]') === null ? page([list('1')], 'two') : page([list('2')]),
  );
  expect(await readLists(session())).toEqual([
    { id: '1', name: 'List 1', created: 'c', updated: 'u', optIn: 'double_opt_in' },
    { id: '2', name: 'List 2', created: 'c', updated: 'u', optIn: 'double_opt_in' },
  ]);
  expect(vendor.seen.map(({ query }) => query.get('page[size]'))).toEqual(['10', '10']);
  vendor.answers(() => page([{ id: 's', attributes: { name: 'S', is_active: false, is_processing: true } }]));
  expect(await readSegments(session())).toEqual([{ id: 's', name: 'S', active: false, processing: true }]);
  vendor.answers(() => page([list('1')], 'same'));
  await expect(readLists(session())).rejects.toMatchObject({ name: 'VendorBug' });
});

test('C3: a list says how people opt in; one that is not there is null', async () => {
  vendor.answers((request) =>
    request.path === '/api/lists/L1'
      ? { json: { data: { id: 'L1', attributes: { name: 'News', opt_in_process: 'single_opt_in' } } } }
      : refusal(404, 'no list'),
  );
  expect(await listById(session(), 'L1')).toMatchObject({ name: 'News', optIn: 'single_opt_in' });
  expect(await listById(session(), 'L2')).toBeNull();
  vendor.answers(() => ({ status: 500 }));
  await expect(listById(session(), 'L1')).rejects.toMatchObject({ name: 'RetryLater' });
});

test('members come with their data or as ids, since a moment if wanted, and by address', async () => {
  vendor.answers((request) =>
    request.query.get('filter')?.startsWith('any') === true
      ? page(
          valuesOf(request)
            .slice(0, 1)
            .map((email) => profile('01A', { email })),
        )
      : page([profile('01A', { joined_group_at: '2026-11-23T10:00:00+00:00' })], 'more'),
  );
  const joinedSince = new Date('2026-11-23T09:00:00.000Z');
  const members = await memberPage(session(), { id: 'L1', cursor: null, subscriptions: true, joinedSince });
  expect(members).toMatchObject({ cursor: 'more', profiles: [{ joinedGroupAt: '2026-11-23T10:00:00+00:00' }] });
  expect(vendor.seen[0]?.query.get('filter')).toBe('greater-or-equal(joined_group_at,2026-11-23T09:00:00.000Z)');
  expect(await memberIdsPage(session(), { id: 'L1', cursor: 'x' })).toEqual({ ids: ['01A'], cursor: 'more' });
  const emails = Array.from({ length: 101 }, (_, n) => `${n}@example.com`);
  expect(await membersByEmail(session(), 'L1', emails)).toHaveLength(2);
});

test('a list that was deleted is not an empty list', async () => {
  vendor.answers(() => refusal(404, 'A list with id L1 does not exist.'));
  await expect(membersByEmail(session(), 'L1', ['a@example.com', 'b@example.com'])).rejects.toMatchObject({
    code: 'not_found',
  });
  expect(vendor.seen).toHaveLength(1);
});

const idsOf = (request: Seen): string[] => (request.json as { data: { id: string }[] }).data.map(({ id }) => id);

test('G4: a profile that is gone keeps nobody else off a list', async () => {
  const joined: string[] = [];
  vendor.answers((request) => {
    if (request.method === 'GET') return { json: { data: { id: 'L1', attributes: {} } } };
    const ids = idsOf(request);
    if (ids.includes('gone')) return refusal(404, 'A profile with id gone does not exist.');
    joined.push(...ids);
    return { status: 204 };
  });
  const ids = [...Array.from({ length: 1500 }, (_, n) => `p${n}`), 'gone'];
  const refused = await add(session(), 'L1', ids);
  expect([...refused.keys()]).toEqual(['gone']);
  expect(new Set(joined).size).toBe(1500);
  expect(vendor.seen.filter(({ method }) => method === 'GET')).toHaveLength(1);
  expect(await remove(session(), 'L1', ['p1', 'p1'])).toEqual(new Map());
  expect(vendor.seen.at(-1)).toMatchObject({ method: 'DELETE', json: { data: [{ type: 'profile', id: 'p1' }] } });
});

test('a list that was deleted is told after two calls, whoever was to join it', async () => {
  vendor.answers(() => refusal(404, 'A list with id L1 does not exist.'));
  await expect(
    add(
      session(),
      'L1',
      Array.from({ length: 500 }, (_, n) => `p${n}`),
    ),
  ).rejects.toMatchObject({ code: 'not_found' });
  expect(vendor.seen).toHaveLength(2);
});

interface ConsentJob {
  data: {
    attributes: {
      historical_import?: boolean;
      custom_source?: string;
      profiles: { data: { id?: string; attributes: { email: string } }[] };
    };
    relationships?: unknown;
  };
}
const jobOf = (request: Seen): ConsentJob['data'] => (request.json as ConsentJob).data;

test('C2: people are subscribed a thousand a call; old consents go with their time, apart from new ones', async () => {
  vendor.answers(() => ({ status: 202 }));
  const people = [
    ...Array.from({ length: 1001 }, (_, n) => ({ email: `${n}@example.com` })),
    { email: 'OLD@example.com', id: '01A', consentedAt: new Date('2025-01-02T03:04:05.000Z') },
    { email: '0@EXAMPLE.com' },
  ];
  expect(await subscribe(session(), people, { listId: 'L1', source: 'Tandem' })).toEqual(new Map());
  const jobs = vendor.seen
    .map(jobOf)
    .sort((a, b) => b.attributes.profiles.data.length - a.attributes.profiles.data.length);
  expect(jobs.map(({ attributes }) => [attributes.profiles.data.length, attributes.historical_import])).toEqual([
    [1000, false],
    [1, false],
    [1, true],
  ]);
  expect(jobs[2]).toMatchObject({
    type: 'profile-subscription-bulk-create-job',
    attributes: {
      custom_source: 'Tandem',
      profiles: {
        data: [
          {
            id: '01A',
            attributes: {
              email: 'OLD@example.com',
              subscriptions: {
                email: { marketing: { consent: 'SUBSCRIBED', consented_at: '2025-01-02T03:04:05.000Z' } },
              },
            },
          },
        ],
      },
    },
    relationships: { list: { data: { type: 'list', id: 'L1' } } },
  });
});

test('C6: an opt-out names no list, a hundred a call; so do suppressions', async () => {
  vendor.answers(() => ({ status: 202, json: { data: { id: 'job' } } }));
  const emails = Array.from({ length: 150 }, (_, n) => `${n}@example.com`);
  await unsubscribe(session(), [...emails, '0@Example.com']);
  expect(vendor.seen.map((request) => jobOf(request).attributes.profiles.data.length).sort()).toEqual([100, 50]);
  expect(vendor.seen.every((request) => jobOf(request).relationships === undefined)).toBe(true);
  await suppress(session(), ['a@example.com']);
  expect(vendor.seen.at(-1)).toMatchObject({
    path: '/api/profile-suppression-bulk-create-jobs',
    json: {
      data: { attributes: { profiles: { data: [{ type: 'profile', attributes: { email: 'a@example.com' } }] } } },
    },
  });
});

test('G4: an address that cannot be subscribed keeps nobody else from it; a missing list goes up', async () => {
  vendor.answers((request) =>
    jobOf(request).attributes.profiles.data.some(({ attributes }) => attributes.email === 'bad')
      ? refusal(400, 'Invalid email', '/data/attributes/profiles/data/2/attributes/email')
      : { status: 202 },
  );
  const refused = await subscribe(
    session(),
    ['a@example.com', 'b@example.com', 'bad'].map((email) => ({ email })),
  );
  expect([...refused]).toMatchObject([['bad', { code: 'invalid_email' }]]);
  vendor.answers(() => refusal(404, 'no list'));
  await expect(subscribe(session(), [{ email: 'a@example.com' }], { listId: 'L' })).rejects.toMatchObject({
    code: 'not_found',
  });
  await expect(unsubscribe(session(), ['a@example.com', ' '])).rejects.toMatchObject({ name: 'VendorBug' });
});

test('E1: flows and email campaigns can be chosen by name', async () => {
  vendor.answers(() =>
    page([
      { id: 'f', attributes: { name: 'Welcome', archived: true } },
      { id: 'g', attributes: {} },
    ]),
  );
  expect(await readFlows(session())).toEqual([
    { id: 'f', name: 'Welcome', archived: true },
    { id: 'g', name: 'g', archived: false },
  ]);
  await readCampaigns(session());
  expect(vendor.seen[1]?.query.get('filter')).toBe("equals(messages.channel,'email')");
});

test('B11: an erasure names the profile by its id alone', async () => {
  vendor.answers(() => ({ status: 202 }));
  await requestDeletion(session(), '01A');
  expect(vendor.seen[0]?.json).toMatchObject({
    data: { attributes: { profile: { data: { type: 'profile', id: '01A' } } } },
  });
});

test('A2: missing scopes are told without writing anything or touching consent', async () => {
  const denied = (detail: string): Reply => ({
    status: 403,
    json: { errors: [{ code: 'permission_denied', detail }] },
  });
  vendor.answers((request) => {
    if (request.path === '/api/segments') return denied('You do not have permission to perform this action.');
    if (request.method === 'POST') return denied('Your API key is missing required scopes: lists:write.');
    return page([]);
  });
  expect(await missingScopes(session())).toEqual(['lists:write', 'segments:read']);
  const writes = vendor.seen.filter(({ method }) => method !== 'GET');
  expect(writes.map(({ path }) => path)).toEqual(['/api/profile-bulk-import-jobs']);
  expect(writes[0]?.json).toMatchObject({ data: { attributes: { profiles: { data: [] } } } });
  vendor.answers((request) => (request.method === 'POST' ? refusal(400, 'profiles is required.') : page([])));
  expect(await missingScopes(session())).toEqual([]);
  vendor.answers(() => ({ status: 401 }));
  await expect(missingScopes(session())).rejects.toMatchObject({ code: 'reconnect_klaviyo' });
});

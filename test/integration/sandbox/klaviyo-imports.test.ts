import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ImportJob } from '../../../sandbox/klaviyo/records.js';
import { until } from '../../helpers/service.js';
import { openKlaviyo, type Answer, type Client } from './klaviyo-client.js';

let client: Client;
beforeAll(async () => {
  client = await openKlaviyo({ importMs: 60 });
});
afterAll(() => client.close());

const jobs = '/api/profile-bulk-import-jobs';
const start = (profiles: object[], lists: string[] = [], wrong = false): Promise<Answer> =>
  client.call('POST', jobs, {
    body: {
      data: {
        type: 'profile-bulk-import-job',
        attributes: { profiles: { data: profiles.map((profile) => ({ type: 'profile', ...profile })) } },
        ...(lists.length === 0
          ? {}
          : { relationships: { lists: { data: lists.map((id) => ({ type: 'list', id })) } } }),
      },
    },
    wrong,
  });
const finished = (id: string): Promise<Answer> =>
  until('the import', async () => {
    const answer = await client.call('GET', `${jobs}/${id}`);
    return answer.one.attributes['status'] === 'complete' ? answer : null;
  });
const person = (n: number, more: object = {}): object => ({
  attributes: { email: `import${n}@example.com`, first_name: `N${n}`, ...more },
});

test('a job is processing at first, with nothing counted, and done later', async () => {
  const accepted = await start([person(1), person(2)], ['CstHub']);
  expect(accepted.status).toBe(202);
  expect(accepted.one.attributes).toMatchObject({
    status: 'processing',
    total_count: 2,
    completed_count: 0,
    failed_count: 0,
  });
  const done = await finished(accepted.one.id);
  expect(done.one.attributes).toMatchObject({ total_count: 2, completed_count: 2, failed_count: 0 });
  const [profiles, ids] = await Promise.all([
    client.all(`${jobs}/${accepted.one.id}/profiles`),
    client.all(`${jobs}/${accepted.one.id}/relationships/profiles`),
  ]);
  expect(profiles.map(({ attributes }) => attributes['email']).sort()).toEqual([
    'import1@example.com',
    'import2@example.com',
  ]);
  expect(ids.map(({ id }) => id)).toEqual(profiles.map(({ id }) => id));
  const members = await client.all('/api/lists/CstHub/relationships/profiles');
  expect(members.map(({ id }) => id)).toEqual(expect.arrayContaining(ids.map(({ id }) => id)));
});

test('G4, G5: bad profiles fail alone, with their payload; an unusable phone number is passed over silently', async () => {
  const accepted = await start(
    [
      person(10),
      { attributes: { email: 'no address' } },
      { attributes: { email: 'large@example.com', properties: { x: 'y'.repeat(110_000) } } },
      person(11, { phone_number: 'not a number' }),
      { id: '01ZZZZZZZZZZZZZZZZZZZZZZZZ', attributes: { first_name: 'Nobody' } },
    ],
    [],
    true,
  );
  const done = await finished(accepted.one.id);
  expect(done.one.attributes).toMatchObject({ completed_count: 2, failed_count: 3 });
  const errors = await client.all(`${jobs}/${accepted.one.id}/import-errors`, { 'page[size]': '2' });
  expect(errors).toHaveLength(3);
  expect(errors.map(({ attributes }) => (attributes['source'] as { pointer: string }).pointer)).toEqual(
    expect.arrayContaining(['/data/attributes/profiles/data/1/attributes/email']),
  );
  expect(errors.map(({ attributes }) => attributes['original_payload'])).toEqual(
    expect.arrayContaining([{ email: 'no address' }]),
  );
  const [eleventh] = await client.all('/api/profiles', { filter: 'equals(email,"import11@example.com")' });
  expect(eleventh?.attributes['phone_number']).toBeNull();
});

test('an import updates whom it finds, unsets on request, and touches nobody’s consent', async () => {
  await finished((await start([person(20, { properties: { a: 1, b: 2 } })])).one.id);
  const account = client.sandbox.accounts.get('TANDM1');
  const [profile] = account?.holder({ email: 'import20@example.com' }) ?? [];
  if (account === undefined || profile === undefined) throw new Error('not imported');
  account.unsubscribe(profile);
  const again = {
    attributes: { email: 'IMPORT20@example.com', last_name: 'Again' },
    meta: { patch_properties: { unset: ['a'] } },
  };
  await finished((await start([again], ['CstHub'])).one.id);
  expect(profile).toMatchObject({
    first_name: 'N20',
    last_name: 'Again',
    properties: { b: 2 },
    consent: 'UNSUBSCRIBED',
  });
});

test('too many, none, too much and an unknown list are refused at once', async () => {
  expect((await start([], [], true)).status).toBe(400);
  expect(
    (
      await start(
        Array.from({ length: 10_001 }, (_, n) => ({ attributes: { email: `m${n}@example.com` } })),
        [],
        true,
      )
    ).status,
  ).toBe(400);
  const large = Array.from({ length: 60 }, (_, n) => person(n, { properties: { x: 'y'.repeat(95_000) } }));
  expect((await start(large, [], true)).status).toBe(413);
  expect((await start([person(30)], ['Nowhere'])).status).toBe(404);
  expect((await client.call('GET', `${jobs}/unknown`)).status).toBe(404);
});

test('G1: a partial failure refuses every second profile', async () => {
  await client.steer('POST', '/faults', { kind: 'partial_batch', operation: 'imports.create' });
  const done = await finished((await start([1, 2, 3, 4].map((n) => person(40 + n)))).one.id);
  expect(done.one.attributes).toMatchObject({ completed_count: 2, failed_count: 2 });
});

test('jobs are listed, newest first if asked, and filtered by status', async () => {
  const all = await client.all(jobs, { sort: '-created_at', 'page[size]': '2' });
  const known: ImportJob[] = [...(client.sandbox.accounts.get('TANDM1')?.imports.values() ?? [])];
  expect(all).toHaveLength(known.length);
  const times = all.map(({ attributes }) => String(attributes['created_at']));
  expect(times).toEqual([...times].sort().reverse());
  expect(await client.all(jobs, { filter: 'equals(status,"processing")' })).toEqual([]);
});

test('a thousand profiles are imported and paged quickly', async () => {
  const started = performance.now();
  const accepted = await start(Array.from({ length: 1000 }, (_, n) => person(1000 + n)));
  await finished(accepted.one.id);
  expect(await client.all(`${jobs}/${accepted.one.id}/relationships/profiles`, { 'page[size]': '100' })).toHaveLength(
    1000,
  );
  expect(performance.now() - started).toBeLessThan(4000);
});

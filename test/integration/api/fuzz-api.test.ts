import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import request from 'supertest';
import { operations } from '../../../server/api/operations.js';
import { connectByKey, openApiWorld, type ApiWorld } from './api-world.js';
import { watchOutgoing } from '../../helpers/outgoing.js';
import { hostileStrings } from './hostile-strings.js';

let world: ApiWorld;
let ids: string[];
beforeAll(async () => {
  world = await openApiWorld();
  await world.install(world.portalId);
  const klaviyoAccountId = await connectByKey(world);
  const draft = await world.call('POST', '/connections', { type: 'contact', klaviyoAccountId });
  ids = [(draft.body as { id: string }).id, klaviyoAccountId, '101'];
});
afterAll(() => world.close());

const outgoing = watchOutgoing();
/** Nobody who sends us something decides where we call: the stand-ins are on this machine, and so is everything asked. */
afterAll(async () => {
  outgoing.stop();
  expect([...outgoing.hosts].filter((host) => !['localhost', '127.0.0.1'].includes(host))).toEqual([]);
  expect(outgoing.hosts.size).toBeGreaterThan(0);
  // It hears of both ways to call.
  const both = watchOutgoing();
  await Promise.allSettled([fetch('http://one.invalid'), request(world.app).get('/healthz')]);
  both.stop();
  expect([...both.hosts].sort()).toEqual(['127.0.0.1', 'one.invalid']);
});

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...hostileStrings) },
  { weight: 1, arbitrary: fc.string() },
);
/** What an address can hold: Node refuses one of more than 16 kB by itself. */
const brief = text.map((given) => given.slice(0, 400));
/** Names that the API knows, so that what is sent gets past the first look. */
const name = fc.oneof(
  fc.constantFrom(
    ...['type', 'name', 'rules', 'mappings', 'options', 'activities', 'klaviyoAccountId', 'apiKey', 'hubspotToKlaviyo'],
    ...['klaviyoToHubspot', 'source', 'hubspotListIds', 'klaviyoListId', 'direction', 'winner', 'hubspot', 'klaviyo'],
    ...['object', 'property', 'kind', 'all', 'subscribe', 'maxNewRecords', 'choice', 'alertEmail', 'alerts', 'since'],
  ),
  text,
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.constantFrom(null, true, false, 0, -0, 1.5, -1, 1e308, 2 ** 53, 'contact', 'both', 'CstHub'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 5 }),
  ),
}));

/** How many rows there are, and what is set up: what a refusal must not change. */
async function kept(): Promise<string> {
  const { db } = world.database;
  const tables = await db.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const counts = tables.map(({ name: table }) => `(select count(*) from "${table}")`).join(` || ' ' || `);
  const [row] = await db.query<{ kept: string }>(
    `select ${counts} || (select md5(string_agg(c::text, '' order by id)) from connection c) as kept`,
  );
  return row?.kept ?? '';
}

test('G3: whatever a signed request says, the API answers in its own words and a refusal stores nothing', async () => {
  const answers = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.nat(operations.length - 1),
      fc.array(brief, { minLength: 3, maxLength: 3 }),
      fc.boolean(),
      fc.dictionary(fc.constantFrom('cursor', 'limit', 'search', 'email', 'connectionId', 'code', 'hubspotId'), brief, {
        maxKeys: 3,
      }),
      value,
      async (index, hostile, real, query, body) => {
        const operation = operations[index]!;
        let n = 0;
        const path = operation.path.replace(/\{\w+\}/g, () => {
          const at = n++;
          // A lone half of a surrogate pair cannot be in an address at all, and without an id it is another address.
          return encodeURIComponent(real && at === 0 ? ids[0]! : hostile[at]!.replace(/\p{Surrogate}/gu, '') || '-');
        });
        const search = new URLSearchParams(query).toString();
        const before = await kept();
        const { method } = operation;
        const answer = await world.call(
          method.toUpperCase(),
          `${path}${search === '' ? '' : `?${search}`}`,
          method === 'get' || method === 'delete' ? undefined : body,
        );
        answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
        const said = `${method} ${path} ${search}: ${answer.status} ${answer.text}`;
        if (answer.status >= 500) throw new Error(said);
        if (answer.status < 400) return;
        const { error } = answer.body as { error?: { code?: string; message?: string; fix?: string } };
        if (error?.code === undefined || error.message === undefined || error.fix === undefined) throw new Error(said);
        expect(answer.headers['content-type']).toMatch(/^application\/json/);
        if ((await kept()) !== before) throw new Error(`stored: ${said}`);
      },
    ),
    { numRuns: 250 },
  );
  // Some got through, most did not; nobody was told of an error of ours.
  expect([...answers.keys()].filter((status) => status >= 500)).toEqual([]);
  expect(answers.get(400)).toBeGreaterThan(10);
  expect(answers.get(404)).toBeGreaterThan(10);
}, 60_000);

test('G3: bodies that are no JSON, or too deep, or too large are refused', async () => {
  for (const rawBody of ['{', '[[', 'null', '"x"', '1', '\0', '{"a":1}{', '['.repeat(100_000), '{"type":"contact"'])
    expect((await world.call('POST', '/connections', undefined, { rawBody })).status).toBe(400);
  const large = JSON.stringify({ type: 'contact', name: 'x'.repeat(1_100_000) });
  expect((await world.call('POST', '/connections', undefined, { rawBody: large })).status).toBe(413);
});

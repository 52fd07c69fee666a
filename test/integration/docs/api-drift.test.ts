import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface Told {
  vendor: string;
  findings: { weight: 'breaks' | 'look' | 'news'; call: string; what: string }[];
  unknown: string[];
}
interface Use {
  query: string[];
  chosen: Record<string, string[]>;
  filters: string[];
  sends: string[];
  reads: string[];
}
type Json = Record<string, unknown>;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-drift-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The command's own words, as `npm run drift` runs it. */
async function drift(...parameters: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, ['scripts/api-drift.mjs', ...parameters], (error, out, err) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}
let files = 0;
async function keep(content: unknown): Promise<string> {
  const path = join(folder, `${(files += 1)}.json`);
  await writeFile(path, JSON.stringify(content));
  return path;
}

/** A made-up API with one call of ours, in small. */
const use: Use = {
  query: ['sort', 'page[size]', 'filter'],
  chosen: { sort: ['updated'] },
  filters: ['greater-than(updated)'],
  sends: ['data', 'data.type', 'data.attributes', 'data.attributes.email', 'data.attributes.properties.*'],
  reads: ['data[]', 'data[].id', 'data[].attributes', 'data[].attributes.consent'],
};
const call = 'POST /api/profiles';
const operation = (): Json => ({
  parameters: [
    { name: 'sort', in: 'query', schema: { type: 'string', enum: ['updated', 'created'] } },
    { name: 'page[size]', in: 'query', schema: { type: 'integer', maximum: 100 } },
    { name: 'filter', in: 'query', schema: { type: 'string' } },
  ],
  requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Body' } } } },
  responses: { 200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Answer' } } } } },
  'x-klaviyo-filters': { updated: { operators: { single: ['greater-than', 'less-than'] } } },
  'x-klaviyo-ratelimit': { burst: '75/s', steady: '750/m' },
  'x-klaviyo-scopes': ['profiles:write'],
});
const attributes = (more: Json = {}): Json => ({
  type: 'object',
  properties: { email: { type: 'string', maxLength: 100 }, properties: { type: 'object' }, ...more },
});
const body = (attributesThen: Json = attributes(), required: string[] = ['type', 'attributes']): Json => {
  const properties = { type: { type: 'string' }, attributes: attributesThen, region: { type: 'string' } };
  return { type: 'object', required: ['data'], properties: { data: { type: 'object', required, properties } } };
};
const answer = (
  consent: Json | null = { type: 'string', enum: ['SUBSCRIBED', 'UNSUBSCRIBED'] },
  more: Json = {},
): Json => ({
  type: 'object',
  properties: {
    data: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          attributes: { type: 'object', properties: { ...(consent === null ? {} : { consent }), ...more } },
        },
      },
    },
  },
});
const documentOf = (
  one: Json = operation(),
  schemas: Json = { Body: body(), Answer: answer() },
  path = '/api/profiles',
): Json => ({
  openapi: '3.0.3',
  info: { version: 'made up' },
  paths: { [path]: { post: one } },
  components: { schemas },
});

/** The comparison itself; the command round it is run below. */
async function between(older: Json | null, newer: Json): Promise<Told['findings']> {
  const { openDocuments } = (await import(resolve('scripts/drift/open-documents.mjs'))) as {
    openDocuments(path: string): Promise<unknown>;
  };
  const { compareUse } = (await import(resolve('scripts/drift/compare-use.mjs'))) as {
    compareUse(given: Json): { findings: Told['findings'] };
  };
  const [before, after] = await Promise.all([
    older === null ? null : keep(older).then(openDocuments),
    keep(newer).then(openDocuments),
  ]);
  return compareUse({
    use: { [call]: use },
    older: before,
    newer: after,
    scopes: ['profiles:write'],
    names: new Set(['UNSUBSCRIBED']),
    limits: () => ({ burst: { cap: 38, perSecond: 37 }, steady: { cap: 75, perSecond: 11.25 } }),
  }).findings;
}

describe('what a newer document changes in what we use', () => {
  const withParameters = (change: (parameters: Json[]) => Json[]): Json => {
    const one = operation();
    return { ...one, parameters: change(one['parameters'] as Json[]) };
  };
  const cases: [name: string, newer: Json, weight: string, what: RegExp][] = [
    ['a path that is gone', documentOf(operation(), {}, '/api/people'), 'breaks', /there is no POST \/api\/profiles/],
    [
      'a parameter that is gone',
      documentOf(withParameters((all) => all.filter(({ name }) => name !== 'page[size]'))),
      'breaks',
      /no longer takes the parameter page\[size\]/,
    ],
    [
      'a parameter that is wanted',
      documentOf(withParameters((all) => [...all, { name: 'tenant', in: 'query', required: true, schema: {} }])),
      'breaks',
      /now wants the parameter tenant/,
    ],
    [
      'a value that is gone',
      documentOf(
        withParameters(([, ...rest]) => [{ name: 'sort', in: 'query', schema: { enum: ['created'] } }, ...rest]),
      ),
      'breaks',
      /sort no longer takes updated/,
    ],
    [
      'smaller pages',
      documentOf(
        withParameters((all) =>
          all.map((one) => (one['name'] === 'page[size]' ? { ...one, schema: { type: 'integer', maximum: 50 } } : one)),
        ),
      ),
      'look',
      /parameter page\[size\]: maximum is 50 and was 100/,
    ],
    [
      'a filter that is gone',
      documentOf({ ...operation(), 'x-klaviyo-filters': { updated: { operators: { single: ['less-than'] } } } }),
      'breaks',
      /no longer filters by greater-than\(updated\)/,
    ],
    [
      'a field that is gone',
      documentOf(operation(), {
        Body: body({ type: 'object', properties: { properties: { type: 'object' } } }),
        Answer: answer(),
      }),
      'breaks',
      /no longer takes the field data\.attributes\.email/,
    ],
    [
      'a field that is wanted',
      documentOf(operation(), { Body: body(attributes(), ['type', 'attributes', 'region']), Answer: answer() }),
      'breaks',
      /now wants the field data\.region, which we do not send/,
    ],
    [
      'another type',
      documentOf(operation(), { Body: body(attributes({ email: { type: 'object' } })), Answer: answer() }),
      'breaks',
      /field data\.attributes\.email is object and was string/,
    ],
    [
      'an answer that holds less',
      documentOf(operation(), { Body: body(), Answer: answer(null, { other: { type: 'string' } }) }),
      'breaks',
      /answers no longer hold data\[\]\.attributes\.consent/,
    ],
    [
      'an answer with a new value',
      documentOf(operation(), {
        Body: body(),
        Answer: answer({ type: 'string', enum: ['SUBSCRIBED', 'UNSUBSCRIBED', 'PENDING'] }),
      }),
      'look',
      /answered data\[\]\.attributes\.consent knows PENDING besides/,
    ],
    [
      'a value that our code names',
      documentOf(operation(), { Body: body(), Answer: answer({ type: 'string', enum: ['SUBSCRIBED'] }) }),
      'breaks',
      /no longer knows UNSUBSCRIBED, which our code names/,
    ],
    [
      'an answer that may be null',
      documentOf(operation(), {
        Body: body(),
        Answer: answer({ type: 'string', nullable: true, enum: ['SUBSCRIBED', 'UNSUBSCRIBED'] }),
      }),
      'look',
      /may be null/,
    ],
    ['the end announced', documentOf({ ...operation(), deprecated: true }), 'look', /is deprecated/],
    [
      'a scope that we do not have',
      documentOf({ ...operation(), 'x-klaviyo-scopes': ['profiles:write', 'audiences:write'] }),
      'breaks',
      /scopes that we do not have: profiles:write \+ audiences:write/,
    ],
    [
      'a lower limit than our pace',
      documentOf({ ...operation(), 'x-klaviyo-ratelimit': { burst: '10/s', steady: '150/m' } }),
      'breaks',
      /allows 10\/s, and we make up to 75 calls in that time/,
    ],
    [
      'a higher limit',
      documentOf({ ...operation(), 'x-klaviyo-ratelimit': { burst: '350/s', steady: '3500/m' } }),
      'news',
      /allows 350\/s and did allow 75\/s/,
    ],
  ];
  test.each(cases)('%s', async (_name, newer, weight, what) => {
    const findings = await between(documentOf(), newer);
    expect(findings).toContainEqual({ weight, call, what: expect.stringMatching(what) });
    // One change is told at its own weight, and nothing else is.
    expect(findings.filter((one) => one.weight === 'breaks' && weight !== 'breaks')).toEqual([]);
    expect(findings.length).toBeLessThanOrEqual(2);
  });
});

test('two equal copies have nothing to tell', async () => {
  expect(await between(documentOf(), documentOf())).toEqual([]);
});

test('without an older copy, what our use does not fit is told', async () => {
  const newer = documentOf(operation(), { Body: body(), Answer: answer(null, { other: {} }) });
  const what = expect.stringContaining('not said to hold data[].attributes.consent') as unknown;
  expect(await between(null, newer)).toEqual([{ weight: 'look', call, what }]);
});

test('schemas that name each other in circles are read', async () => {
  const circle = {
    type: 'object',
    properties: { and: { type: 'array', items: { $ref: '#/components/schemas/Filter' } } },
  };
  const filter = { anyOf: Array.from({ length: 9 }, () => ({ allOf: [{ $ref: '#/components/schemas/Circle' }] })) };
  const Answer = answer(undefined, { filter: { $ref: '#/components/schemas/Filter' } });
  expect(
    await between(null, documentOf(operation(), { Body: body(), Answer, Circle: circle, Filter: filter })),
  ).toEqual([]);
});

test('the command: what breaks ends it with status 1; a call that neither copy describes is named as not judged', async () => {
  const used = await keep({
    hubspot: { 'DELETE /appinstalls/2026-09/external-install': use },
    klaviyo: { [call]: use },
  });
  const [copy, without] = await Promise.all([keep(documentOf()), keep(documentOf(operation(), {}, '/api/people'))]);
  const both = ['--use', used, '--hubspot', copy, '--hubspot-before', copy, '--klaviyo-before', copy];
  const same = await drift(...both, '--klaviyo', copy);
  expect([same.code, same.out]).toEqual([0, expect.stringContaining('nothing of what we use has changed')]);
  expect(same.out).toContain('in neither copy, so not judged: DELETE /appinstalls/2026-09/external-install');
  const broken = await drift(...both, '--klaviyo', without);
  expect([broken.code, broken.out]).toEqual([1, expect.stringContaining('there is no POST /api/profiles any more')]);
});

test('HubSpot: documents in a folder, scopes of which one choice is enough, and our calls under a newer version', async () => {
  const one = await mkdtemp(join(folder, 'hubspot-'));
  const answers = { 200: { content: { 'application/json': { schema: { type: 'object' } } } } };
  const read = { responses: answers, security: [{ oauth2: ['crm.objects.contacts.read'] }, { private_apps: ['all'] }] };
  const paths = {
    '/crm/objects/2026-09/{objectType}': { get: read },
    '/crm/objects/2027-03/contacts': { get: { ...read, security: [{ oauth2: ['crm.contacts.read_all'] }] } },
  };
  await writeFile(join(one, 'contacts.json'), JSON.stringify({ info: { version: 'v' }, paths }));
  await writeFile(join(one, 'collection.json'), JSON.stringify({ item: [] }));
  const ours = { query: [], chosen: {}, filters: [], sends: [], reads: [] };
  const used = await keep({ hubspot: { 'GET /crm/objects/2026-09/contacts': ours }, klaviyo: {} });
  const same = await drift('--use', used, '--hubspot', one, '--hubspot-before', one);
  expect([same.code, same.out]).toEqual([0, expect.stringContaining('nothing of what we use has changed')]);
  const moved = await drift('--use', used, '--hubspot', one, '--hubspot-before', one, '--hubspot-version', '2027-03');
  expect([moved.code, moved.out]).toEqual([
    1,
    expect.stringContaining('scopes that we do not have: crm.contacts.read_all'),
  ]);
  const later = await drift('--use', used, '--hubspot', one, '--hubspot-version', '2027-09');
  expect([later.code, later.out]).toEqual([
    1,
    expect.stringContaining('there is no GET /crm/objects/2027-09/contacts'),
  ]);
});

test('asked wrongly it says what it wants', async () => {
  expect(await drift()).toMatchObject({ code: 2, err: expect.stringContaining('--hubspot <file or folder>') });
  expect(await drift('--nonsense')).toMatchObject({ code: 2 });
  expect(await drift('--klaviyo', join(folder, 'nowhere.json'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('The documents of Klaviyo cannot be read'),
  });
});

test.each(['hubspot', 'klaviyo'] as const)(
  'docs/api-use.json knows each path that the adapter of %s asks for',
  async (vendor) => {
    const use = JSON.parse(await readFile('docs/api-use.json', 'utf8')) as Record<typeof vendor, Record<string, Use>>;
    const calls = Object.keys(use[vendor]);
    const folderOf = join('server/vendors', vendor);
    const sources = await Promise.all((await readdir(folderOf)).map((name) => readFile(join(folderOf, name), 'utf8')));
    // What is put together of parts is named by its end: objectPath(type, '/batch/read').
    const literal =
      /[`']((?:\/(?:api|crm|oauth|account-info|communication-preferences|integrators|appinstalls|batch)\/|\/search)[^`'\s]*)[`']/g;
    const paths = [...new Set(sources.flatMap((text) => [...text.matchAll(literal)].map(([, path = '']) => path)))]
      // Where a browser is sent is no call, and objectPath is looked at by its ends.
      .filter((path) => !/authorize$|\$\{rest\}$/.test(path));
    expect(paths.length).toBeGreaterThan(15);
    const pattern = (path: string): RegExp =>
      new RegExp(
        `${path
          .split(/\$\{[^}]*\}/)
          .map((part) => part.replace(/[.*+?^$()|[\]\\]/g, '\\$&'))
          .join('[^ ]+')}(/|$)`,
      );
    expect(paths.filter((path) => !calls.some((one) => pattern(path).test(one)))).toEqual([]);
  },
);

// The vendors' own documents, where they lie beside the project: they are not ours to publish.
const beside = '../shared/contract';
(existsSync(join(beside, 'klaviyo.json')) ? test : test.skip)(
  'our use fits the documents that we were built by, and a move of HubSpot’s version is told',
  async () => {
    const both = ['--klaviyo', join(beside, 'klaviyo.json'), '--hubspot', join(beside, 'hubspot-dated.json')];
    const { out } = await drift('--json', ...both);
    const [hubspot, klaviyo] = JSON.parse(out) as Told[];
    expect(klaviyo!.findings.filter(({ weight }) => weight === 'breaks')).toEqual([]);
    // Uninstalling by the app and pipelines have documents of their own that do not lie there.
    expect(hubspot!.findings.filter(({ weight }) => weight === 'breaks').map(({ call: one }) => one)).toEqual([
      'DELETE /appinstalls/2026-09/external-install',
      'GET /crm/pipelines/2026-09/deals',
    ]);
  },
);

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { primaryCompanies } from '../../../server/vendors/hubspot/associations.js';
import {
  create,
  readByEmails,
  readByIds,
  readPage,
  searchModified,
  update,
} from '../../../server/vendors/hubspot/contacts.js';
import { openHubspotSession, type HubspotSession } from '../../../server/vendors/hubspot/session.js';
import { scriptedVendor, watch, type Reply, type ScriptedVendor, type Seen } from './scripted-vendor.js';

let vendor: ScriptedVendor;
beforeAll(async () => {
  vendor = await scriptedVendor();
});
afterAll(() => vendor.close());

const session = (): HubspotSession =>
  openHubspotSession({
    ...watch(),
    portalId: '41',
    apiUrl: vendor.url,
    priority: 'person',
    token: async () => 'token',
  });

const at = '2026-11-23T10:00:00.000Z';
const record = (id: string, properties: Record<string, string | null> = {}) => ({
  id,
  properties,
  createdAt: at,
  updatedAt: at,
});
type Inputs = {
  inputs: { id: string; properties: Record<string, string>; objectWriteTraceId?: string; after?: string }[];
};
const inputsOf = (request: Seen): Inputs['inputs'] => (request.json as Inputs).inputs;
const invalid = (name: string, error: string): Reply => ({
  status: 400,
  json: {
    category: 'VALIDATION_ERROR',
    message: `Property values were not valid: [{"isValid":false,"message":"no","error":"${error}","name":"${name}"}]`,
  },
});

test('ids are read a hundred a call, each once; who is not answered is missing', async () => {
  vendor.answers((request) => ({
    json: {
      results: inputsOf(request)
        .filter(({ id }) => id !== '7')
        .map(({ id }) => record(id)),
    },
  }));
  const ids = [...Array.from({ length: 250 }, (_, n) => String(n)), '3', '4'];
  const { contacts, missing } = await readByIds(session(), ids, ['email', 'email', 'city']);
  expect(contacts.size).toBe(249);
  expect(missing).toEqual(['7']);
  expect(vendor.seen.map((request) => inputsOf(request).length).sort()).toEqual([100, 100, 50]);
  expect(vendor.seen[0]?.json).toMatchObject({ properties: ['email', 'city'], propertiesWithHistory: [] });
});

test('B5: a contact found by a secondary email stands under that address, its own email beside it', async () => {
  vendor.answers(() => ({
    json: {
      results: [record('1', { email: 'ada@example.com', hs_additional_emails: 'Ada.L@example.com;old@example.com' })],
    },
  }));
  const found = await readByEmails(
    session(),
    ['ADA.L@example.com', ' ada@example.com', 'who@example.com', ''],
    ['city'],
  );
  expect([...found.keys()].sort()).toEqual(['ada.l@example.com', 'ada@example.com']);
  expect(found.get('ada.l@example.com')?.properties['email']).toBe('ada@example.com');
  const body = vendor.seen[0]?.json as { properties: string[]; idProperty: string; inputs: unknown[] };
  expect(body.properties).toEqual(['city', 'email', 'hs_additional_emails']);
  expect(body.idProperty).toBe('email');
  expect(body.inputs).toHaveLength(3);
});

test('G4: an address that HubSpot will not look up does not keep the others from being read', async () => {
  vendor.answers((request) => {
    const inputs = inputsOf(request);
    if (inputs.some(({ id }) => id === 'bad')) return { status: 400, json: { message: 'bad is not an email' } };
    return { json: { results: inputs.map(({ id }) => record(`of ${id}`, { email: id })) } };
  });
  const found = await readByEmails(session(), ['a@example.com', 'bad', 'b@example.com', 'c@example.com'], []);
  expect([...found.keys()].sort()).toEqual(['a@example.com', 'b@example.com', 'c@example.com']);
});

test('G6: more properties than an address holds are read through the body of a batch', async () => {
  const many = Array.from({ length: 900 }, (_, n) => `a_property_with_a_long_name_${n}`);
  vendor.answers((request) =>
    request.method === 'GET'
      ? { json: { results: [record('1'), record('2')], paging: { next: { after: '3' } } } }
      : { json: { results: inputsOf(request).map(({ id }) => record(id, { [many[0] ?? '']: `v${id}` })) } },
  );
  const page = await readPage(session(), { after: null, limit: 100, properties: many });
  expect(page).toMatchObject({ after: '3', contacts: [{ id: '1' }, { id: '2' }] });
  expect(page.contacts[0]?.properties[many[0] ?? '']).toBe('v1');
  expect(vendor.seen[0]?.query.has('properties')).toBe(false);
  expect((vendor.seen[1]?.json as { properties: string[] }).properties).toHaveLength(900);
  vendor.answers(() => ({ json: { results: [] } }));
  await readPage(session(), { after: '3', limit: 100, properties: ['email', 'city'] });
  expect(vendor.seen[0]?.query.get('properties')).toBe('email,city');
  expect(vendor.seen[0]?.query.get('after')).toBe('3');
});

/** A search as HubSpot does it, over rows of (id, modified). */
function searching(rows: readonly { id: number; ms: number }[]): (request: Seen) => Reply {
  return (request) => {
    const body = request.json as {
      filterGroups: { filters: { propertyName: string; operator: string; value: string }[] }[];
      sorts: string[];
      limit: number;
      properties: string[];
    };
    const passes = (row: { id: number; ms: number }): boolean =>
      (body.filterGroups[0]?.filters ?? []).every(({ propertyName, operator, value }) => {
        const own = propertyName === 'hs_object_id' ? row.id : row.ms;
        return operator === 'GT'
          ? own > Number(value)
          : operator === 'GTE'
            ? own >= Number(value)
            : own === Number(value);
      });
    const byId = body.sorts[0] === 'hs_object_id';
    // Equal times come in no particular order.
    const found = rows
      .filter(passes)
      .sort((a, b) => (byId ? a.id - b.id : a.ms - b.ms || ((a.id * 7919) % 101) - ((b.id * 7919) % 101)));
    const results = found
      .slice(0, body.limit)
      .map(({ id, ms }) => record(String(id), { lastmodifieddate: new Date(ms).toISOString() }));
    const more = found.length > results.length;
    return {
      json: { total: found.length, results, ...(more ? { paging: { next: { after: String(body.limit) } } } : {}) },
    };
  };
}

async function searchAll(sinceMs: number, limit: number, properties: string[] = []): Promise<string[]> {
  const found: string[] = [];
  let after: { modifiedMs: number; id: string } | undefined;
  for (;;) {
    const page = await searchModified(session(), {
      sinceMs,
      limit,
      properties,
      ...(after === undefined ? {} : { after }),
    });
    found.push(...page.contacts.map(({ id }) => id));
    if (page.done || page.next === undefined) return found;
    after = page.next;
  }
}

test('G6: a search brings everybody exactly once, however many share a moment', async () => {
  const base = Date.parse(at);
  const rows = fc.uniqueArray(fc.record({ id: fc.integer({ min: 1, max: 9999 }), step: fc.nat(6) }), {
    selector: ({ id }) => id,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 7 }), fc.nat(3), async (list, limit, since) => {
      const table = list.map(({ id, step }) => ({ id, ms: base + step }));
      vendor.answers(searching(table));
      const expected = table.filter(({ ms }) => ms >= base + since).map(({ id }) => String(id));
      const found = await searchAll(base + since, limit);
      expect(found.toSorted()).toEqual(expected.toSorted());
    }),
    { numRuns: 25 },
  );
});

test('G6: a search takes one call a page; a full page that is the last takes none after it', async () => {
  const base = Date.parse(at);
  const rows = (count: number) => Array.from({ length: count }, (_, n) => ({ id: n + 1, ms: base + n }));
  for (const [count, calls] of [
    [10, 1],
    // Each page begins with the last moment of the one before.
    [19, 2],
    [28, 3],
  ] as const) {
    vendor.answers(searching(rows(count)));
    expect(await searchAll(base, 10)).toHaveLength(count);
    expect(vendor.seen).toHaveLength(calls);
  }
});

test('G6: a search with more properties than its body may hold reads them by id', async () => {
  const many = Array.from({ length: 200 }, (_, n) => `a_property_with_a_name_${n}`);
  const base = Date.parse(at);
  const find = searching([1, 2, 3].map((id) => ({ id, ms: base + id })));
  vendor.answers((request) => {
    if (request.path.endsWith('/search')) return find(request);
    // One of them was deleted meanwhile.
    const left = inputsOf(request).filter(({ id }) => id !== '2');
    return { json: { results: left.map(({ id }) => record(id, { lastmodifieddate: at, [many[9] ?? '']: id })) } };
  });
  const page = await searchModified(session(), { sinceMs: base, limit: 100, properties: many });
  expect(page.contacts.map(({ id, properties }) => [id, properties[many[9] ?? '']])).toEqual([
    ['1', '1'],
    ['3', '3'],
  ]);
  expect(vendor.seen[0]?.body.length).toBeLessThan(3000);
});

test('G6: an empty search that says it goes on is not taken for the end', async () => {
  vendor.answers(() => ({ json: { results: [], paging: { next: { after: '1' } } } }));
  await expect(searchModified(session(), { sinceMs: 0, limit: 100, properties: [] })).rejects.toMatchObject({
    name: 'VendorBug',
  });
});

const inputs = (count: number, properties: (n: number) => Record<string, string>) =>
  Array.from({ length: count }, (_, n) => ({ id: String(n), properties: properties(n) }));

test('G4: one bad value in a batch is found by halving; the others are written', async () => {
  const written = new Set<string>();
  vendor.answers((request) => {
    const given = inputsOf(request);
    if (given.some(({ properties }) => properties['age'] === 'old')) return invalid('age', 'INVALID_NUMBER');
    for (const { id } of given) written.add(id);
    return { json: { results: given.map(({ id }) => record(id)) } };
  });
  const outcomes = await update(
    session(),
    inputs(100, (n) => ({ age: n === 42 ? 'old' : '7' })),
  );
  expect(outcomes.size).toBe(100);
  expect(written.size).toBe(99);
  expect(outcomes.get('42')).toMatchObject({
    ok: false,
    refused: { code: 'value_type_mismatch', detail: { field: 'age' } },
  });
  expect(outcomes.get('41')).toEqual({ ok: true, id: '41' });
  expect(vendor.seen.length).toBeLessThanOrEqual(15);
});

test('D10: a property that is gone is refused for all who have it in one go, not by halving', async () => {
  vendor.answers((request) => {
    const given = inputsOf(request);
    if (given.some(({ properties }) => 'gone' in properties)) return invalid('gone', 'PROPERTY_DOESNT_EXIST');
    return { json: { results: given.map(({ id }) => record(id)) } };
  });
  const outcomes = await update(
    session(),
    inputs(100, (n): Record<string, string> => (n % 2 === 0 ? { gone: 'x' } : { city: 'y' })),
  );
  expect(vendor.seen).toHaveLength(2);
  expect([...outcomes.values()].filter((outcome) => outcome.ok)).toHaveLength(50);
  expect(outcomes.get('0')).toMatchObject({ refused: { code: 'field_missing', detail: { field: 'gone' } } });
});

test('B6: a taken email concerns the one who wanted it, and says who has it', async () => {
  vendor.answers((request) => {
    const given = inputsOf(request);
    if (given.some(({ properties }) => properties['email'] === 'taken@example.com')) {
      return { status: 409, json: { category: 'CONFLICT', message: 'Contact already exists. Existing ID: 900' } };
    }
    return { json: { results: given.map(({ id }) => record(id)) } };
  });
  const outcomes = await update(
    session(),
    inputs(8, (n) => ({ email: n === 5 ? 'taken@example.com' : `${n}@example.com` })),
  );
  expect(outcomes.get('5')).toMatchObject({
    refused: { code: 'email_taken_in_hubspot', detail: { existingId: '900' } },
  });
  expect([...outcomes.values()].filter((outcome) => outcome.ok)).toHaveLength(7);
});

test('a 207 names the contacts it is about', async () => {
  vendor.answers(() => ({
    status: 207,
    json: {
      results: [record('0')],
      numErrors: 1,
      errors: [
        { status: 'error', category: 'OBJECT_NOT_FOUND', message: 'may be deleted', context: { ids: ['1', '2'] } },
      ],
    },
  }));
  const outcomes = await update(
    session(),
    inputs(3, () => ({ city: 'x' })),
  );
  expect(outcomes.get('0')).toEqual({ ok: true, id: '0' });
  expect(outcomes.get('2')).toMatchObject({
    ok: false,
    refused: { detail: { status: 404 }, message: 'may be deleted' },
  });
});

test('G5: an input without an answer has no outcome', async () => {
  vendor.answers((request) => ({
    json: {
      results: inputsOf(request)
        .slice(1)
        .map(({ id }) => record(id)),
    },
  }));
  const outcomes = await update(
    session(),
    inputs(3, () => ({ city: 'x' })),
  );
  expect([...outcomes.keys()].sort()).toEqual(['1', '2']);
  expect(vendor.seen).toHaveLength(1);
});

test('G5: an error that does not say whom it is about is asked again until it can only be one', async () => {
  vendor.answers((request) => {
    const given = inputsOf(request);
    const good = given.filter(({ properties }) => properties['city'] !== 'bad');
    const errors =
      good.length === given.length ? [] : [{ category: 'VALIDATION_ERROR', message: 'a rule of the portal' }];
    return { status: errors.length === 0 ? 200 : 207, json: { results: good.map(({ id }) => record(id)), errors } };
  });
  const outcomes = await update(
    session(),
    inputs(9, (n) => ({ city: n % 4 === 1 ? 'bad' : 'good' })),
  );
  expect(outcomes.size).toBe(9);
  expect([...outcomes].filter(([, outcome]) => !outcome.ok).map(([id]) => id)).toEqual(['1', '5']);
  expect(outcomes.get('5')).toMatchObject({ refused: { message: 'a rule of the portal' } });
});

test('creates are told apart by trace id; refusals in a 207 reach the right one', async () => {
  vendor.answers((request) => {
    const given = inputsOf(request);
    const [first, second, ...rest] = given;
    return {
      status: 207,
      json: {
        results: rest.map(({ objectWriteTraceId }) => ({
          ...record(`new ${objectWriteTraceId ?? ''}`),
          objectWriteTraceId,
        })),
        errors: [
          {
            category: 'CONFLICT',
            message: 'Contact already exists. Existing ID: 77',
            context: { objectWriteTraceId: [first?.objectWriteTraceId] },
          },
          {
            category: 'VALIDATION_ERROR',
            message: 'no',
            context: { objectWriteTraceId: [second?.objectWriteTraceId] },
          },
        ],
      },
    };
  });
  const outcomes = await create(
    session(),
    ['a', 'b', 'c', 'd'].map((traceId) => ({ traceId, properties: { email: `${traceId}@example.com` } })),
  );
  expect(outcomes.get('a')).toMatchObject({
    refused: { code: 'email_taken_in_hubspot', detail: { existingId: '77' } },
  });
  expect(outcomes.get('b')).toMatchObject({ refused: { code: 'hubspot_rejected' } });
  expect(outcomes.get('d')).toEqual({ ok: true, id: 'new d' });
});

test('a created contact without its trace id is told by its email, and never by having none', async () => {
  vendor.answers(() => ({
    status: 201,
    json: { results: [record('1', { email: 'B@example.com' }), record('2', {})] },
  }));
  const outcomes = await create(session(), [
    { traceId: 'a', properties: { firstname: 'A' } },
    { traceId: 'b', properties: { email: 'b@example.com' } },
  ]);
  expect([...outcomes]).toEqual([['b', { ok: true, id: '1' }]]);
});

test('one id or trace id twice in a batch is our mistake', async () => {
  const twice = [
    { id: '1', properties: {} },
    { id: '1', properties: {} },
  ];
  await expect(update(session(), twice)).rejects.toMatchObject({ name: 'VendorBug' });
  const traces = twice.map(({ properties }) => ({ traceId: 'x', properties }));
  await expect(create(session(), traces)).rejects.toMatchObject({ name: 'VendorBug' });
});

test('G1: busy in the midst of halving goes up; nothing is taken for refused', async () => {
  vendor.answers((request, index) => (index < 2 ? invalid('age', 'INVALID_NUMBER') : { status: 503 }));
  await expect(
    update(
      session(),
      inputs(8, () => ({ age: 'x' })),
    ),
  ).rejects.toMatchObject({ name: 'RetryLater' });
});

test('D1: the primary company is found also on a later page of a contact’s companies', async () => {
  const other = { toObjectId: '501', associationTypes: [{ category: 'HUBSPOT_DEFINED', typeId: 279, label: null }] };
  const primary = { toObjectId: 502, associationTypes: [{ category: 'HUBSPOT_DEFINED', typeId: 1, label: 'Primary' }] };
  vendor.answers((_request, index) => ({
    json: {
      results:
        index === 0
          ? [
              { from: { id: '1' }, to: [other], paging: { next: { after: 'p2' } } },
              { from: { id: '2' }, to: [other, primary] },
              { from: { id: '3' }, to: [other] },
            ]
          : [{ from: { id: '1' }, to: [primary] }],
    },
  }));
  const companies = await primaryCompanies(session(), ['1', '2', '3', '2']);
  expect([...companies].sort()).toEqual([
    ['1', '502'],
    ['2', '502'],
  ]);
  expect(inputsOf(vendor.seen[1] as Seen)).toEqual([{ id: '1', after: 'p2' }]);
});

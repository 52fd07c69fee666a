import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from '@hubspot/api-client';
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { hubspotCoverage } from '../../../sandbox/hubspot/coverage.js';
import { startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { makePeople } from '../../../sandbox/seed/people.js';
import { until } from '../../helpers/service.js';

/** HubSpot's own SDK drives the stand-in, over the dated paths. */
let sandbox: HubspotSandbox;
let client: Client;
let token = '';
const portalId = '4100001';

async function tokenFor(portal: string): Promise<string> {
  const form = (values: Record<string, string>): RequestInit => ({
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(values).toString(),
  });
  const redirect_uri = 'http://localhost/back';
  const approved = await fetch(
    `${sandbox.url}/oauth/authorize/approve`,
    form({ portalId: portal, redirect_uri, scope: 'oauth', state: 's' }),
  );
  const code = new URL(approved.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const answer = await fetch(
    `${sandbox.url}/oauth/2026-09/token`,
    form({
      grant_type: 'authorization_code',
      client_id: sandbox.clientId,
      client_secret: sandbox.clientSecret,
      redirect_uri,
      code,
    }),
  );
  return ((await answer.json()) as { access_token: string }).access_token;
}

beforeAll(async () => {
  sandbox = await startHubspot({ people: makePeople(50, 8), portals: 2, limits: false, searchLagMs: 0 });
  token = await tokenFor(portalId);
  client = new Client({ accessToken: token, basePath: sandbox.url, numberOfApiCallRetries: 0 });
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.faults.clear());

interface Answer {
  status: number;
  // The bodies differ by call; each test says what it looks at.
  body: {
    results: { id: string; properties: Record<string, string | null>; objectWriteTraceId?: string }[];
    [key: string]: unknown;
  };
}

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await client.apiRequest({ method, path, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? { results: [] } : JSON.parse(text)) as Answer['body'] };
}
const contacts = '/crm/objects/2026-09/contacts';
let n = 0;
async function someone(properties: Record<string, string> = {}): Promise<{ id: string; email: string }> {
  n += 1;
  const email = `made${n}@example.com`;
  const { body } = await call('POST', `${contacts}/batch/create`, {
    inputs: [{ properties: { email, ...properties }, associations: [] }],
  });
  return { id: body.results[0]?.id ?? '', email };
}

describe('contacts', () => {
  test('create, read, update and archive in batches', async () => {
    const { id, email } = await someone({
      firstname: 'Ada',
      loyalty_points: '12',
      colours: 'red;blue',
      birthday: '1990-01-02',
    });
    const read = await call('POST', `${contacts}/batch/read`, {
      inputs: [{ id: email.toUpperCase() }],
      idProperty: 'email',
      properties: ['firstname', 'colours', 'city'],
    });
    expect(read.body.results[0]).toMatchObject({
      id,
      properties: { firstname: 'Ada', colours: 'red;blue', city: null, hs_object_id: id },
    });
    const updated = await call('POST', `${contacts}/batch/update`, {
      inputs: [{ id, properties: { firstname: '', colours: ';green' } }],
    });
    expect(updated.status).toBe(200);
    const again = await call('GET', `${contacts}/${id}?properties=firstname,colours`);
    expect(again.body['properties']).toMatchObject({ firstname: null, colours: 'red;blue;green' });
    expect((await call('POST', `${contacts}/batch/archive`, { inputs: [{ id }] })).status).toBe(204);
    expect((await call('GET', `${contacts}/${id}`)).status).toBe(404);
  });

  test('one bad property fails the whole batch, in HubSpot’s words', async () => {
    const { id } = await someone();
    const answer = await call('POST', `${contacts}/batch/update`, {
      inputs: [
        { id, properties: { favourite_colour: 'pink', nothing: 'x', customer_value: '1', loyalty_points: 'many' } },
      ],
    });
    expect(answer.status).toBe(400);
    for (const error of ['INVALID_OPTION', 'PROPERTY_DOESNT_EXIST', 'READ_ONLY_VALUE', 'INVALID_NUMBER'])
      expect(answer.body['message']).toContain(error);
  });

  test('two inputs of one update cannot take one address: the batch is refused and changes nothing', async () => {
    const [one, two] = [await someone({ firstname: 'One' }), await someone({ firstname: 'Two' })];
    const answer = await call('POST', `${contacts}/batch/update`, {
      inputs: [one, two].map(({ id }) => ({ id, properties: { email: 'one-address@example.com', firstname: 'New' } })),
    });
    expect([answer.status, answer.body['message']]).toEqual([409, `Contact already exists. Existing ID: ${one.id}`]);
    const read = await call('GET', `${contacts}/${one.id}?properties=email,firstname`);
    expect(read.body['properties']).toMatchObject({ email: one.email, firstname: 'One' });
  });

  test('an opt-out is of the address: it stays when the contact moves on, and meets whoever takes the address next', async () => {
    const optOut = (email: string) =>
      fetch(`${sandbox.url}/_sandbox/portals/${portalId}/opt-out`, { method: 'POST', body: JSON.stringify({ email }) });
    const out = async (id: string) => {
      const { body } = await call('GET', `${contacts}/${id}?properties=hs_email_optout`);
      return (body['properties'] as Record<string, string | null>)['hs_email_optout'];
    };
    const status = async (email: string) => {
      const path = `/communication-preferences/2026-09/statuses/${email}/unsubscribe-all?channel=EMAIL`;
      return (await call('GET', path)).body.results;
    };
    const { id, email } = await someone();
    expect(await out(id)).toBeNull();
    expect((await optOut(email.toUpperCase())).status).toBe(204);
    expect(await out(id)).toBe('true');
    expect(await status(email)).toMatchObject([{ subscriberIdString: email, status: 'UNSUBSCRIBED' }]);
    // Nobody has this one yet.
    await optOut('later@example.com');
    const later = await someone();
    await call('POST', `${contacts}/batch/update`, {
      inputs: [{ id: later.id, properties: { email: 'later@example.com' } }],
    });
    expect(await out(later.id)).toBe('true');
    await call('POST', `${contacts}/batch/update`, { inputs: [{ id, properties: { email: 'moved@example.com' } }] });
    expect(await status(email)).toMatchObject([{ status: 'UNSUBSCRIBED' }]);
    const heir = await someone();
    await call('POST', `${contacts}/batch/update`, { inputs: [{ id: heir.id, properties: { email } }] });
    expect(await out(heir.id)).toBe('true');
  });

  test('with trace ids a bad input fails alone; a taken email names its holder', async () => {
    const { id, email } = await someone();
    const answer = await call('POST', `${contacts}/batch/create`, {
      inputs: [
        { properties: { email: 'fresh@example.com' }, associations: [], objectWriteTraceId: 'a' },
        { properties: { email }, associations: [], objectWriteTraceId: 'b' },
      ],
    });
    expect(answer.status).toBe(207);
    expect(answer.body.results).toMatchObject([{ objectWriteTraceId: 'a' }]);
    expect(answer.body['errors']).toMatchObject([
      {
        category: 'CONFLICT',
        message: `Contact already exists. Existing ID: ${id}`,
        context: { objectWriteTraceId: ['b'] },
      },
    ]);
  });

  test('a merge makes a new record; old ids answer singly, not in batches; the other email becomes secondary', async () => {
    const [one, two] = [await someone({ firstname: 'One' }), await someone({ firstname: 'Two', city: 'Bonn' })];
    const merged = await call('POST', `${contacts}/merge`, { primaryObjectId: one.id, objectIdToMerge: two.id });
    const id = String(merged.body['id']);
    expect([one.id, two.id]).not.toContain(id);
    const read = await call(
      'GET',
      `${contacts}/${two.id}?properties=firstname,city,email,hs_additional_emails,hs_merged_object_ids`,
    );
    expect(read.body['properties']).toMatchObject({
      firstname: 'One',
      city: 'Bonn',
      email: one.email,
      hs_additional_emails: two.email,
      hs_merged_object_ids: `${one.id};${two.id}`,
    });
    const batch = await call('POST', `${contacts}/batch/read`, { inputs: [{ id: two.id }], properties: [] });
    expect(batch.body.results).toEqual([]);
    const byAlias = await call('POST', `${contacts}/batch/read`, {
      inputs: [{ id: two.email }],
      idProperty: 'email',
      properties: ['email'],
    });
    expect(byAlias.body.results).toMatchObject([{ id, properties: { email: one.email } }]);
  });

  test('a privacy deletion blocks the address', async () => {
    const { email } = await someone();
    expect((await call('POST', `${contacts}/gdpr-delete`, { objectId: email, idProperty: 'email' })).status).toBe(204);
    expect((await call('POST', contacts, { properties: { email }, associations: [] })).status).toBe(400);
  });

  test('lists page by id to the end', async () => {
    const ids: string[] = [];
    let after = '';
    do {
      const page = await call('GET', `${contacts}?limit=20${after === '' ? '' : `&after=${after}`}`);
      ids.push(...page.body.results.map((record) => record.id));
      after = (page.body['paging'] as { next: { after: string } } | undefined)?.next.after ?? '';
    } while (after !== '');
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(sandbox.portals.get(portalId)?.contacts.size ?? 0);
  });

  test('search: operators, order, window, lag', async () => {
    const before = Date.now();
    const made = [await someone({ city: 'Ulm' }), await someone({ city: 'Ulm' })];
    const ask = (filters: unknown[], more: object = {}): Promise<Answer> =>
      call('POST', `${contacts}/search`, {
        filterGroups: [{ filters }],
        sorts: ['-hs_object_id'],
        properties: ['city'],
        limit: 10,
        after: 0,
        ...more,
      });
    const found = await ask([
      { propertyName: 'city', operator: 'EQ', value: 'Ulm' },
      { propertyName: 'lastmodifieddate', operator: 'GTE', value: String(before) },
    ]);
    expect(found.body.results.map(({ id }) => id)).toEqual(made.map(({ id }) => id).reverse());
    expect((await ask([], { after: 9995 })).status).toBe(400);
    const slow = await startHubspot({ searchLagMs: 60_000 });
    const portal = slow.portals.get(portalId);
    portal?.create('contacts', { email: 'late@example.com' }, 'CRM_UI');
    expect(portal?.contacts.values().next().value?.indexedAt).toBeGreaterThan(Date.now() + 50_000);
    await slow.close();
  });
});

describe('lists, properties, associations, tokens', () => {
  test('memberships by id, in pages; active lists are computed and not written', async () => {
    const portal = sandbox.portals.get(portalId);
    const members = portal?.membersOf(portal.lists.get('42')!) ?? [];
    const page = await call('GET', '/crm/lists/2026-09/42/memberships?limit=3');
    expect((page.body.results as unknown as { recordId: string }[]).map(({ recordId }) => recordId)).toEqual(
      members.slice(0, 3),
    );
    expect((await call('PUT', '/crm/lists/2026-09/42/memberships/add', [members[0]])).status).toBe(400);
    const { id } = await someone({ lifecyclestage: 'customer' });
    expect((await call('PUT', '/crm/lists/2026-09/46/memberships/add', [id])).status).toBe(200);
    const of = await call('POST', '/crm/lists/2026-09/records/memberships/batch/read', {
      inputs: [{ objectTypeId: '0-1', recordId: id }],
    });
    expect(
      (of.body.results[0] as unknown as { recordListMemberships: { listId: string }[] }).recordListMemberships.map(
        ({ listId }) => listId,
      ),
    ).toEqual(['42', '46']);
    await call('PUT', '/crm/lists/2026-09/46/memberships/remove', [id]);
    const single = await call('GET', `/crm/lists/2026-09/records/0-1/${id}/memberships`);
    expect((single.body.results as unknown as { listId: string }[]).map(({ listId }) => listId)).toEqual(['42']);
    const search = await call('POST', '/crm/lists/2026-09/search', {
      query: 'customers',
      offset: 0,
      count: 10,
      additionalProperties: [],
    });
    expect(search.body['lists']).toMatchObject([{ listId: '42', processingType: 'DYNAMIC' }]);
    expect((await call('GET', '/crm/lists/2026-09/42')).body['list']).toMatchObject({ name: 'Customers' });
  });

  test('properties can be listed, made and given options', async () => {
    const { body } = await call('GET', '/crm/properties/2026-09/contacts');
    const listed = body.results as unknown as { name: string; modificationMetadata: { readOnlyValue: boolean } }[];
    expect(listed.find(({ name }) => name === 'customer_value')?.modificationMetadata.readOnlyValue).toBe(true);
    const made = {
      name: 'shoe_size',
      label: 'Shoe size',
      type: 'enumeration',
      fieldType: 'select',
      groupName: 'contactinformation',
      options: [{ label: '42', value: '42', displayOrder: 0, hidden: false }],
    };
    expect((await call('POST', '/crm/properties/2026-09/contacts', made)).status).toBe(201);
    expect((await call('POST', '/crm/properties/2026-09/contacts', made)).status).toBe(409);
    await call('PATCH', '/crm/properties/2026-09/contacts/shoe_size', { label: 'Size' });
    expect((await call('GET', '/crm/properties/2026-09/contacts/shoe_size')).body).toMatchObject({ label: 'Size' });
  });

  test('the primary company of a contact', async () => {
    const portal = sandbox.portals.get(portalId);
    const [contactId, companyId] = portal?.companyOf.entries().next().value ?? ['', ''];
    const answer = await call('POST', '/crm/associations/2026-09/contacts/companies/batch/read', {
      inputs: [{ id: contactId }, { id: '1' }],
    });
    expect(answer.body.results).toMatchObject([
      { from: { id: contactId }, to: [{ toObjectId: companyId, associationTypes: [{ typeId: 1 }, { typeId: 279 }] }] },
    ]);
    const company = await call('POST', '/crm/objects/2026-09/companies/batch/read', {
      inputs: [{ id: companyId }],
      properties: ['name'],
    });
    expect(company.body.results[0]?.properties['name']).toMatch(/\w/);
  });

  test('companies and deals answer like contacts', async () => {
    for (const [type, name] of [
      ['companies', 'name'],
      ['deals', 'dealname'],
    ] as const) {
      const path = `/crm/objects/2026-09/${type}`;
      const made = await call('POST', path, { properties: { [name]: 'First' }, associations: [] });
      const id = String(made.body['id']);
      expect((await call('PATCH', `${path}/${id}`, { properties: { [name]: 'Second' } })).status).toBe(200);
      await call('POST', `${path}/batch/update`, { inputs: [{ id, properties: { [name]: 'Third' } }] });
      expect((await call('GET', `${path}/${id}?properties=${name}`)).body['properties']).toMatchObject({
        [name]: 'Third',
      });
      const found = await call('POST', `${path}/search`, {
        filterGroups: [{ filters: [{ propertyName: name, operator: 'EQ', value: 'Third' }] }],
        sorts: [],
        properties: [name],
        limit: 1,
        after: 0,
      });
      expect(found.body['total']).toBe(1);
      expect((await call('GET', `${path}?limit=1`)).body.results).toHaveLength(1);
      const two = await call('POST', `${path}/batch/create`, {
        inputs: [{ properties: { [name]: 'Batch' }, associations: [] }],
      });
      expect((await call('POST', `${path}/batch/archive`, { inputs: [{ id: two.body.results[0]?.id }] })).status).toBe(
        204,
      );
      expect((await call('DELETE', `${path}/${id}`)).status).toBe(204);
    }
  });

  test('E12: pipelines of deals with their stages', async () => {
    const { body } = await call('GET', '/crm/pipelines/2026-09/deals');
    expect(body.results).toMatchObject([
      { id: 'default', displayOrder: 0, stages: [{ id: 'appointmentscheduled' }, { id: 'closedwon' }, {}] },
      { label: 'Renewals', displayOrder: 1, archived: false, stages: [{ metadata: { isClosed: 'false' } }, {}, {}] },
    ]);
    expect((await call('GET', '/crm/pipelines/2026-09/tickets')).status).toBe(400);
  });

  test('A1: portals are apart; tokens work once, end, and die with the app', async () => {
    const other = await tokenFor('4100002');
    const asOther = await fetch(`${sandbox.url}${contacts}?limit=1`, { headers: { authorization: `Bearer ${other}` } });
    expect(((await asOther.json()) as Answer['body']).results).toEqual([]);
    const form = (path: string): Promise<Response> =>
      fetch(`${sandbox.url}/oauth/2026-09/token/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          token: other,
          client_id: sandbox.clientId,
          client_secret: sandbox.clientSecret,
        }).toString(),
      });
    expect(await (await form('introspect')).json()).toMatchObject({ active: true, hub_id: 4_100_002 });
    expect((await form('revoke')).status).toBe(200);
    expect(
      (
        await fetch(`${sandbox.url}/appinstalls/2026-09/external-install`, {
          method: 'DELETE',
          headers: { authorization: `Bearer ${other}` },
        })
      ).status,
    ).toBe(204);
    expect((await fetch(`${sandbox.url}${contacts}`, { headers: { authorization: `Bearer ${other}` } })).status).toBe(
      401,
    );
  });
});

describe('limits, faults and webhooks', () => {
  test('110 calls in ten seconds, then 429 in HubSpot’s words; searches have their own limit', async () => {
    const strict = await startHubspot({});
    const approve = await fetch(`${strict.url}/oauth/authorize/approve`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ portalId, redirect_uri: 'http://localhost/', scope: 'oauth' }).toString(),
    });
    const code = new URL(approve.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const issued = await fetch(`${strict.url}/oauth/2026-09/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: strict.clientId,
        client_secret: strict.clientSecret,
        redirect_uri: 'http://localhost/',
        code,
      }).toString(),
    });
    const authorization = `Bearer ${((await issued.json()) as { access_token: string }).access_token}`;
    const statuses = await Promise.all(
      Array.from(
        { length: 120 },
        async () => (await fetch(`${strict.url}${contacts}?limit=1`, { headers: { authorization } })).status,
      ),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(110);
    const searches = await Promise.all(
      Array.from(
        { length: 8 },
        async () =>
          (await fetch(`${strict.url}${contacts}/search`, { method: 'POST', headers: { authorization }, body: '{}' }))
            .status,
      ),
    );
    expect(searches.filter((status) => status === 429).length).toBeGreaterThanOrEqual(3);
    await strict.close();
  });

  test('faults: status, reset, lost answer, half answer, partial batch', async () => {
    const create = (email: string): Promise<Answer> =>
      call('POST', `${contacts}/batch/create`, {
        inputs: [
          { properties: { email }, associations: [], objectWriteTraceId: 'x' },
          { properties: { email: `two${email}` }, associations: [], objectWriteTraceId: 'y' },
        ],
      });
    sandbox.faults.add({ kind: 'status', status: 503, retryAfter: 7, operation: 'contacts' });
    expect((await create('a@example.com')).status).toBe(503);
    sandbox.faults.add({ kind: 'lost_answer', operation: 'contacts.batchCreate' });
    await expect(create('lost@example.com')).rejects.toThrow();
    expect(sandbox.portals.get(portalId)?.emails.has('lost@example.com')).toBe(true);
    sandbox.faults.add({ kind: 'half_answer', operation: 'contacts.batchCreate' });
    await expect(create('half@example.com')).rejects.toThrow();
    sandbox.faults.add({ kind: 'reset', operation: 'contacts.batchCreate' });
    await expect(create('reset@example.com')).rejects.toThrow();
    expect(sandbox.portals.get(portalId)?.emails.has('reset@example.com')).toBe(false);
    sandbox.faults.add({ kind: 'partial_batch', operation: 'contacts.batchCreate' });
    const partial = await create('partial@example.com');
    expect([partial.status, partial.body.results.length]).toEqual([207, 1]);
  });

  test('webhooks: batched, signed with v3, repeated until taken', async () => {
    const received: { body: string; signature: string; timestamp: string }[] = [];
    let refusals = 2;
    const server: Server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        received.push({
          body,
          signature: String(request.headers['x-hubspot-signature-v3']),
          timestamp: String(request.headers['x-hubspot-request-timestamp']),
        });
        response.writeHead(refusals-- > 0 ? 500 : 200).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/hooks`;
    sandbox.webhooks.targetUrl = url;
    const { id } = await someone({ firstname: 'Hook' });
    await call('POST', `${contacts}/batch/update`, {
      inputs: [{ id, properties: { firstname: 'Hooked', loyalty_points: '3' } }],
    });
    await until('three deliveries', () => (received.length >= 3 ? true : null));
    sandbox.webhooks.targetUrl = null;
    const last = received.at(-1)!;
    const events = JSON.parse(last.body) as {
      subscriptionType: string;
      objectId: number;
      attemptNumber: number;
      propertyName?: string;
    }[];
    expect(events.map(({ subscriptionType, propertyName }) => [subscriptionType, propertyName])).toEqual([
      ['object.creation', undefined],
      ['object.propertyChange', 'firstname'],
    ]);
    expect(last.signature).toBe(
      createHmac('sha256', sandbox.clientSecret).update(`POST${url}${last.body}${last.timestamp}`).digest('base64'),
    );
    expect(events[0]?.attemptNumber).toBeGreaterThan(0);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

test('every route is in the coverage table, and every entry has its route', () => {
  const served = sandbox.router
    .routes()
    .filter(({ template, operation }) => !template.startsWith('/_sandbox/') && operation !== 'page');
  expect([...new Set(served.map(({ operation }) => operation))].sort()).toEqual(Object.keys(hubspotCoverage).sort());
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connectByKey, openApiWorld, type ApiWorld } from './api-world.js';

let world: ApiWorld;
let klaviyoAccountId: string;
beforeAll(async () => {
  world = await openApiWorld();
  await world.install(world.portalId);
  await world.install(world.otherPortalId);
  klaviyoAccountId = await connectByKey(world);
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.database.db.query('delete from connection');
  world.asked.length = 0;
});

interface ConnectionBody {
  id: string;
  name: string;
  type: string;
  state: string;
  stateReason: string | null;
  direction: string;
  rules: Record<string, unknown[]>;
  mappings: {
    hubspot: { object: string; property: string };
    klaviyo: { kind: string; name: string };
    direction: string;
  }[];
  options: Record<string, unknown>;
}
const everybody = {
  hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }],
  klaviyoToHubspot: [{ source: { all: true } }],
};
const draft = async (more: Record<string, unknown> = {}): Promise<ConnectionBody> => {
  const answer = await world.call('POST', '/connections', { type: 'contact', klaviyoAccountId, ...more });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body as ConnectionBody;
};
const setState = (id: string, state: string): Promise<unknown> =>
  world.database.db.query('update connection set state = $2 where id = $1', [id, state]);
const mapping = (property: string, name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  hubspot: { object: 'contact', property },
  klaviyo: { kind: 'attribute', name },
  ...more,
});

describe('drafting', () => {
  test('A6: with type and account alone the starter is filled in: two-way, usual fields mapped, careful options', async () => {
    const connection = await draft();
    expect(connection).toMatchObject({
      type: 'contact',
      state: 'draft',
      stateReason: null,
      direction: 'two_way',
      rules: { hubspotToKlaviyo: [], klaviyoToHubspot: [] },
    });
    const pairs = connection.mappings.map(
      ({ hubspot, klaviyo, direction }) => `${hubspot.property} ${direction} ${klaviyo.name}`,
    );
    expect(pairs).toEqual(
      expect.arrayContaining([
        'firstname both first_name',
        'lastname both last_name',
        'phone both phone_number',
        'company both organization',
      ]),
    );
    expect(connection.options).toEqual({
      winner: 'hubspot',
      subscribe: false,
      resubscribe: false,
      unsubscribeOnExit: false,
      createInHubspot: true,
      createInKlaviyo: true,
      defaultRegion: 'US',
      limit: null,
      erasePrivacyDeletionsInKlaviyo: false,
      carryOptOuts: 'off',
      stage: 'all',
      maxNewRecords: null,
    });
    expect((await world.call('GET', `/connections/${connection.id}`)).body).toEqual(connection);
  });

  test('F1: nothing is asked of the sync while a draft is made and changed', async () => {
    const { id } = await draft({ name: ' Customers ', rules: everybody, options: { winner: 'klaviyo' } });
    expect((await world.call('PATCH', `/connections/${id}`, { name: 'People' })).body).toMatchObject({
      name: 'People',
      options: { winner: 'klaviyo', subscribe: false },
    });
    expect(world.asked).toEqual([]);
  });

  test('F1: the step and what cannot be saved yet are kept aside, for a draft and beside what is in effect', async () => {
    const form = { hubspotRules: [{ source: { hubspotListIds: ['41'] }, klaviyoListId: '' }] };
    const kept = { step: 'who', form, at: expect.stringMatching(/Z$/) };
    const drafted = await draft({ rules: everybody, unsaved: { step: 'who', form } });
    const read = async (): Promise<unknown> => (await world.call('GET', `/connections/${drafted.id}`)).body;
    expect(drafted).toMatchObject({ unsaved: kept });
    // What is refused besides does not take the rest along.
    const refused = await world.call('PATCH', `/connections/${drafted.id}`, {
      mappings: [mapping('email', 'title')],
      unsaved: { step: 'fields' },
    });
    expect([refused.status, await read()]).toMatchObject([422, { unsaved: { step: 'fields', form: null } }]);
    await world.call('POST', `/connections/${drafted.id}/activate`);
    expect(await read()).toMatchObject({ unsaved: null });
    await setState(drafted.id, 'active');
    const before = await read();
    const aside = await world.call('PATCH', `/connections/${drafted.id}`, { unsaved: { step: 'who', form } });
    expect(aside.body).toEqual({ ...(before as object), unsaved: kept });
    expect(world.asked.map(({ what }) => what)).toEqual(['activate']);
    expect((await world.call('PATCH', `/connections/${drafted.id}`, { unsaved: null })).body).toEqual(before);
    const large = { step: 'who', form: { name: 'x'.repeat(300_001) } };
    expect((await world.call('PATCH', `/connections/${drafted.id}`, { unsaved: large })).status).toBe(400);
  });

  test('F1: email activity is kept aside likewise', async () => {
    const answer = await world.call('POST', '/connections', {
      type: 'engagement',
      klaviyoAccountId,
      unsaved: { step: 'sources' },
    });
    const { id } = answer.body as ConnectionBody;
    const kept = await world.call('PATCH', `/connections/${id}`, { unsaved: { step: 'options', form: { name: '' } } });
    expect([answer.body, kept.body]).toMatchObject([
      { unsaved: { step: 'sources', form: null } },
      { unsaved: { step: 'options', form: { name: '' } } },
    ]);
  });

  test('HubSpot repeats a failed fetch: the same draft twice, even at once, is one', async () => {
    const body = { type: 'contact', klaviyoAccountId, name: 'Twice', rules: everybody };
    const answers = await Promise.all([
      world.call('POST', '/connections', body),
      world.call('POST', '/connections', body),
    ]);
    expect(new Set(answers.map((answer) => (answer.body as ConnectionBody).id)).size).toBe(1);
    await draft({ name: 'Another', rules: everybody });
    const list = (await world.call('GET', '/connections')).body as { results: ConnectionBody[]; next: null };
    expect(list.results.map((one) => one.name)).toEqual(['Twice', 'Another']);
  });
});

describe('validation in words', () => {
  const cases: [string, Record<string, unknown>, number, string, string][] = [
    [
      'B3: email among the mappings',
      { mappings: [mapping('email', 'first_name')] },
      422,
      'email_always_mapped',
      'mappings.0.hubspot.property',
    ],
    [
      'B3: email as target in Klaviyo',
      { mappings: [mapping('firstname', 'email')] },
      422,
      'email_always_mapped',
      'mappings.0.klaviyo.name',
    ],
    [
      'a HubSpot property there is not',
      { mappings: [mapping('nickname_x', 'first_name')] },
      422,
      'field_missing',
      'mappings.0.hubspot.property',
    ],
    [
      'a Klaviyo attribute there is not',
      { mappings: [mapping('firstname', 'shoe_size')] },
      422,
      'field_missing',
      'mappings.0.klaviyo.name',
    ],
    [
      'D2: a read-only HubSpot property as target',
      { mappings: [mapping('createdate', 'title', { direction: 'to_hubspot' })] },
      422,
      'field_read_only',
      'mappings.0.direction',
    ],
    [
      'D2: a read-only Klaviyo attribute as target',
      { mappings: [mapping('firstname', 'subscriptions.email.marketing.consent')] },
      422,
      'field_read_only',
      'mappings.0.direction',
    ],
    [
      'D1: a company field to HubSpot',
      {
        mappings: [
          {
            hubspot: { object: 'company', property: 'name' },
            klaviyo: { kind: 'attribute', name: 'organization' },
            direction: 'both',
          },
        ],
      },
      422,
      'field_read_only',
      'mappings.0.direction',
    ],
    [
      'two mappings that write one field',
      { mappings: [mapping('firstname', 'first_name'), mapping('lastname', 'first_name')] },
      422,
      'field_mapped_twice',
      'mappings.1.direction',
    ],
    [
      'a HubSpot list there is not',
      { rules: { hubspotToKlaviyo: [{ source: { hubspotListIds: ['424242'] }, klaviyoListId: 'CstHub' }] } },
      422,
      'list_missing',
      'rules.hubspotToKlaviyo.0.source.hubspotListIds',
    ],
    [
      'a Klaviyo list there is not',
      { rules: { hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'NoList' }] } },
      422,
      'list_missing',
      'rules.hubspotToKlaviyo.0.klaviyoListId',
    ],
    [
      'a Klaviyo segment there is not',
      { rules: { klaviyoToHubspot: [{ source: { klaviyoSegmentIds: ['NoSegm'] } }] } },
      422,
      'list_missing',
      'rules.klaviyoToHubspot.0.source.klaviyoSegmentIds',
    ],
    [
      'a rule without a source',
      { rules: { klaviyoToHubspot: [{ source: {} }] } },
      400,
      'invalid',
      'rules.klaviyoToHubspot.0.source',
    ],
    [
      'a rule with both sources',
      { rules: { hubspotToKlaviyo: [{ source: { all: true, hubspotListIds: ['1'] }, klaviyoListId: 'CstHub' }] } },
      400,
      'invalid',
      'rules.hubspotToKlaviyo.0.source',
    ],
    ['an unknown option', { options: { colour: 'red' } }, 400, 'unknown_field', 'options.colour'],
    [
      'an unknown field of a mapping',
      { mappings: [mapping('firstname', 'first_name', { colour: 1 })] },
      400,
      'unknown_field',
      'mappings.0.colour',
    ],
    ['a region that is none', { options: { defaultRegion: 'Germany' } }, 400, 'invalid', 'options.defaultRegion'],
    ['a limit of nobody', { options: { limit: 0 } }, 400, 'invalid', 'options.limit'],
    ['a direction that is none', { direction: 'sideways' }, 400, 'invalid', 'direction'],
    ['a type that is none', { type: 'wish' }, 400, 'invalid', 'type'],
    [
      'an account that is none',
      { klaviyoAccountId: '00000000-0000-4000-8000-000000000000' },
      404,
      'not_found',
      'klaviyoAccountId',
    ],
  ];
  test.each(cases)('%s is refused, also as a change', async (_name, body, status, code, field) => {
    const answer = await world.call('POST', '/connections', { type: 'contact', klaviyoAccountId, ...body });
    expect([answer.status, answer.body]).toMatchObject([
      status,
      { error: { code, field, message: expect.stringMatching(/\w/), fix: expect.stringMatching(/\w/) } },
    ]);
    if ('type' in body || 'klaviyoAccountId' in body) return;
    const { id } = await draft();
    const change = await world.call('PATCH', `/connections/${id}`, body);
    expect([change.status, change.body]).toMatchObject([status, { error: { code, field } }]);
  });

  test('D1, D9: company fields go to Klaviyo; a Klaviyo property that nobody has yet may be named', async () => {
    const connection = await draft({
      mappings: [
        {
          hubspot: { object: 'company', property: 'name' },
          klaviyo: { kind: 'attribute', name: 'organization' },
          direction: 'to_klaviyo',
        },
        {
          hubspot: { object: 'contact', property: 'jobtitle' },
          klaviyo: { kind: 'property', name: 'Role at work' },
          winner: 'klaviyo',
          emptyToo: true,
        },
      ],
    });
    expect(connection.mappings).toMatchObject([
      { direction: 'to_klaviyo', winner: null, emptyToo: false },
      { direction: 'both', winner: 'klaviyo', emptyToo: true },
    ]);
  });
});

describe('changing', () => {
  test('PATCH merges options key by key and replaces rules and mappings', async () => {
    const { id } = await draft({ rules: everybody, options: { winner: 'klaviyo', limit: 10 } });
    const one = { hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'VipLst' }], klaviyoToHubspot: [] };
    const body: unknown = (
      await world.call('PATCH', `/connections/${id}`, {
        direction: 'hubspot_to_klaviyo',
        rules: one,
        mappings: [mapping('firstname', 'first_name')],
        options: { limit: null, subscribe: true },
      })
    ).body;
    expect(body).toMatchObject({
      direction: 'hubspot_to_klaviyo',
      rules: one,
      mappings: [{ hubspot: { property: 'firstname' } }],
      options: { winner: 'klaviyo', limit: null, subscribe: true },
    });
  });

  test('two changes at once both count', async () => {
    const { id } = await draft();
    await Promise.all([
      world.call('PATCH', `/connections/${id}`, { options: { subscribe: true } }),
      world.call('PATCH', `/connections/${id}`, { options: { resubscribe: true } }),
      world.call('PATCH', `/connections/${id}`, { options: { unsubscribeOnExit: true } }),
      world.call('PATCH', `/connections/${id}`, { name: 'Renamed' }),
    ]);
    expect((await world.call('GET', `/connections/${id}`)).body).toMatchObject({
      name: 'Renamed',
      options: { subscribe: true, resubscribe: true, unsubscribeOnExit: true },
    });
  });

  test('an active connection goes on under its new configuration; a new name alone starts nothing', async () => {
    const { id } = await draft({ rules: everybody });
    await setState(id, 'active');
    await world.call('PATCH', `/connections/${id}`, { name: 'Renamed', rules: everybody });
    expect(world.asked).toEqual([]);
    await world.call('PATCH', `/connections/${id}`, { options: { winner: 'klaviyo' } });
    expect(world.asked.map((one) => one.what)).toEqual(['configChanged']);
  });

  test('an active connection cannot lose its last rule', async () => {
    const { id } = await draft({ rules: everybody });
    await setState(id, 'active');
    const answer = await world.call('PATCH', `/connections/${id}`, {
      rules: { hubspotToKlaviyo: [], klaviyoToHubspot: [] },
    });
    expect([answer.status, answer.body]).toMatchObject([422, { error: { code: 'rule_missing' } }]);
    expect((await world.call('GET', `/connections/${id}`)).body).toMatchObject({ rules: everybody });
  });

  test('a list that somebody deleted does not keep the other rules from being saved', async () => {
    const { id } = await draft({ rules: everybody });
    const lists = world.klaviyo.accounts.get('TANDM1')?.lists;
    const list = lists?.get('CstHub');
    lists?.delete('CstHub');
    const rules = { ...everybody, klaviyoToHubspot: [{ source: { klaviyoListIds: ['VipLst'] } }] };
    expect((await world.call('PATCH', `/connections/${id}`, { rules })).status).toBe(200);
    if (list !== undefined) lists?.set('CstHub', list);
  });
});

describe('the life of a connection', () => {
  test('activate wants a rule for each direction and a connected account', async () => {
    const { id } = await draft();
    expect((await world.call('POST', `/connections/${id}/activate`)).body).toMatchObject({
      error: { code: 'rule_missing', field: 'rules.hubspotToKlaviyo' },
    });
    await world.call('PATCH', `/connections/${id}`, { rules: { ...everybody, klaviyoToHubspot: [] } });
    expect((await world.call('POST', `/connections/${id}/activate`)).body).toMatchObject({
      error: { field: 'rules.klaviyoToHubspot' },
    });
    await world.call('PATCH', `/connections/${id}`, { direction: 'hubspot_to_klaviyo' });
    world.asked.length = 0;
    await world.database.db.query(`update klaviyo_account set state = 'reconnect'`);
    expect(await world.call('POST', `/connections/${id}/activate`)).toMatchObject({
      status: 409,
      body: { error: { code: 'reconnect_klaviyo' } },
    });
    expect(world.asked).toEqual([]);
    await world.database.db.query(`update klaviyo_account set state = 'connected'`);
    const answer = await world.call('POST', `/connections/${id}/activate`);
    expect([answer.status, answer.body]).toMatchObject([202, { id, runId: expect.any(String) }]);
    expect(world.asked).toEqual([{ what: 'activate', connection: { id, portalId: world.portalId, klaviyoAccountId } }]);
  });

  test('pause, resume and sync are 202 and reach the sync', async () => {
    const { id } = await draft({ rules: everybody });
    await setState(id, 'active');
    expect((await world.call('POST', `/connections/${id}/sync`)).body).toEqual({ runId: expect.any(String) });
    expect((await world.call('POST', `/connections/${id}/pause`)).status).toBe(202);
    await setState(id, 'paused');
    expect(await world.call('POST', `/connections/${id}/sync`)).toMatchObject({
      status: 409,
      body: { error: { code: 'not_active' } },
    });
    expect((await world.call('POST', `/connections/${id}/resume`)).status).toBe(202);
    expect(world.asked.map((one) => one.what)).toEqual(['sync', 'pause', 'resume']);
    const fresh = await draft({ name: 'Fresh' });
    expect((await world.call('POST', `/connections/${fresh.id}/resume`)).status).toBe(409);
  });

  test('B9: a deleted connection is gone, with what it knew and nothing else', async () => {
    const { id } = await draft({ rules: everybody });
    await world.database.db.query(
      `insert into link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email) values ($1, $2, '1', 'K1', 'a@example.com') on conflict do nothing`,
      [world.portalId, klaviyoAccountId],
    );
    expect((await world.call('DELETE', `/connections/${id}`)).status).toBe(204);
    expect(world.asked.map((one) => one.what)).toEqual(['deleted']);
    expect((await world.call('GET', `/connections/${id}`)).status).toBe(404);
    expect((await world.call('DELETE', `/connections/${id}`)).status).toBe(404);
    expect(await world.database.db.query('select from link')).toHaveLength(1);
  });

  test('A1: another portal’s connection is as unknown as none', async () => {
    const { id } = await draft({ rules: everybody });
    const other = { portalId: world.otherPortalId };
    const tries: [string, string, unknown?][] = [
      ['GET', ''],
      ['PATCH', '', { name: 'x' }],
      ['DELETE', ''],
      ['POST', '/activate'],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['POST', '/sync'],
      ['GET', '/status'],
      ['GET', '/runs'],
    ];
    for (const [method, path, body] of tries) {
      expect([method, path, (await world.call(method, `/connections/${id}${path}`, body, other)).status]).toEqual([
        method,
        path,
        404,
      ]);
      expect([method, path, (await world.call(method, `/connections/not-an-id${path}`, body)).status]).toEqual([
        method,
        path,
        404,
      ]);
    }
    expect((await world.call('GET', '/connections', undefined, other)).body).toEqual({ results: [], next: null });
    expect((await world.call('POST', '/connections', { type: 'contact', klaviyoAccountId }, other)).status).toBe(404);
    expect(world.asked).toEqual([]);
  });
});

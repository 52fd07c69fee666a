import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectByKey, openApiWorld, type ApiWorld } from './api-world.js';

let world: ApiWorld;
let account: string;
beforeAll(async () => {
  world = await openApiWorld();
  await world.install(world.portalId);
  await world.install(world.otherPortalId);
  account = await connectByKey(world);
});
afterAll(() => world.close());

interface Page {
  results: { id: string; name: string; [key: string]: unknown }[];
  next: string | null;
}
interface Fields {
  hubspot: {
    object: string;
    name: string;
    label: string;
    type: string;
    fieldType: string;
    readOnly: boolean;
    because?: string;
    options?: unknown[];
  }[];
  klaviyo: { kind: string; name: string; type: string; readOnly: boolean; because?: string; sample?: string }[];
  proposed: { hubspot: { property: string }; klaviyo: { name: string } }[];
}
const page = async (path: string): Promise<Page> => (await world.call('GET', path)).body as Page;
const calls = (operation: string): number => world.klaviyo.calls.summary().byOperation[operation]?.count ?? 0;

describe('pickers', () => {
  test('HubSpot lists, static and active, by page and by search', async () => {
    const all = await page('/hubspot/lists?limit=200');
    expect(all.results.length).toBeGreaterThan(2);
    expect(new Set(all.results.map((list) => list['type']))).toEqual(new Set(['static', 'active']));
    const first = await page('/hubspot/lists?limit=1');
    const second = await page(`/hubspot/lists?limit=1&cursor=${first.next ?? ''}`);
    expect([...first.results, ...second.results].map((list) => list.id)).toEqual(
      all.results.slice(0, 2).map((list) => list.id),
    );
    const [wanted] = all.results;
    expect(
      (await page(`/hubspot/lists?search=${encodeURIComponent((wanted?.name ?? '').toUpperCase())}`)).results,
    ).toContainEqual(wanted);
    expect((await page('/hubspot/lists?search=no%20such%20list')).results).toEqual([]);
  });

  test('E12: pipelines of deals, by search; without the permission to read deals that is said, and asked again', async () => {
    world.hubspot.faults.add({ operation: 'pipelines.list', kind: 'status', status: 403, times: 1 });
    expect(await world.call('GET', '/hubspot/pipelines')).toMatchObject({
      status: 422,
      body: {
        error: {
          code: 'missing_scope',
          message: expect.stringContaining('read deals'),
          fix: expect.stringContaining('Install the app again'),
        },
      },
    });
    const all = (await page('/hubspot/pipelines')).results;
    expect(all).toEqual([
      { id: 'default', name: 'Sales pipeline' },
      { id: expect.stringMatching(/^\d+$/), name: 'Renewals' },
    ]);
    expect((await page('/hubspot/pipelines?search=RENEW')).results).toEqual(all.slice(1));
    // A1: what is remembered of one portal is not shown to another.
    world.hubspot.portals.get(world.otherPortalId)!.dealPipelines.delete('default');
    const other = await world.call('GET', '/hubspot/pipelines', undefined, { portalId: world.otherPortalId });
    expect((other.body as Page).results).toEqual(all.slice(1));
  });

  test('C3: Klaviyo lists say how people opt in', async () => {
    const lists = (await page(`/klaviyo-accounts/${account}/lists`)).results;
    expect(lists).toEqual(
      expect.arrayContaining([
        { id: 'CstHub', name: 'Customers from HubSpot', optIn: 'single_opt_in' },
        { id: 'NwsLtr', name: 'Newsletter', optIn: 'double_opt_in' },
      ]),
    );
  });

  test('Klaviyo is asked once a minute, however often somebody types', async () => {
    const before = calls('segments.list');
    for (const search of ['', 'e', 'en', 'ENGAGED', 'zzz'])
      await page(`/klaviyo-accounts/${account}/segments?search=${search}`);
    expect((await page(`/klaviyo-accounts/${account}/segments?search=engaged`)).results).toEqual([
      { id: 'Engd90', name: 'Engaged 90 days' },
    ]);
    expect(calls('segments.list')).toBe(before + 1);
    world.now.offsetMs += 61_000;
    await page(`/klaviyo-accounts/${account}/segments`);
    expect(calls('segments.list')).toBe(before + 2);
  });

  test('pages of a picker join to the whole', async () => {
    const all = (await page(`/klaviyo-accounts/${account}/lists`)).results;
    const joined: unknown[] = [];
    let cursor: string | null = '0';
    while (cursor !== null) {
      const one: Page = await page(`/klaviyo-accounts/${account}/lists?limit=2&cursor=${cursor}`);
      joined.push(...one.results);
      cursor = one.next;
    }
    expect(joined).toEqual(all);
  });

  test('a picker that failed is asked again, and says what to do', async () => {
    const second = (
      (await world.call('POST', '/klaviyo-accounts', { apiKey: 'pk_sandbox_TANDM2' })).body as { id: string }
    ).id;
    world.klaviyo.faults.add({ operation: 'lists.list', kind: 'status', status: 503, times: 1 });
    const failed = await world.call('GET', `/klaviyo-accounts/${second}/lists`);
    expect([failed.status, failed.body]).toMatchObject([
      503,
      { error: { code: 'vendor_busy', fix: expect.stringContaining('again') } },
    ]);
    expect(Number(failed.headers['retry-after'])).toBeGreaterThan(0);
    expect((await world.call('GET', `/klaviyo-accounts/${second}/lists`)).status).toBe(200);
  });

  test('E1: flows and email campaigns, by name', async () => {
    for (const kind of ['flows', 'campaigns']) {
      const all = (await page(`/klaviyo-accounts/${account}/${kind}`)).results;
      expect(all.length).toBeGreaterThan(0);
      const [wanted] = all;
      expect(wanted).toEqual({ id: expect.any(String), name: expect.any(String), archived: expect.any(Boolean) });
      const found = await page(`/klaviyo-accounts/${account}/${kind}?search=${encodeURIComponent(wanted?.name ?? '')}`);
      expect(found.results).toContainEqual(wanted);
      expect((await page(`/klaviyo-accounts/${account}/${kind}?search=no%20such%20name`)).results).toEqual([]);
    }
  });

  test('A1: another portal’s account is as unknown as none', async () => {
    for (const kind of ['lists', 'segments', 'flows', 'campaigns']) {
      expect(
        (await world.call('GET', `/klaviyo-accounts/${account}/${kind}`, undefined, { portalId: world.otherPortalId }))
          .status,
      ).toBe(404);
      expect((await world.call('GET', `/klaviyo-accounts/none/${kind}`)).status).toBe(404);
    }
  });
});

describe('fields', () => {
  const fields = async (): Promise<Fields> =>
    (await world.call('GET', `/fields?klaviyoAccountId=${account}`)).body as Fields;

  test('D2: both sides with types, and with the reason where a field cannot be written', async () => {
    const { hubspot, klaviyo } = await fields();
    expect(hubspot).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ object: 'contact', name: 'firstname', type: 'string', readOnly: false }),
        expect.objectContaining({ object: 'company', name: 'name', readOnly: true }),
      ]),
    );
    expect(klaviyo).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'attribute', name: 'location.city', readOnly: false }),
        expect.objectContaining({ name: 'subscriptions.email.marketing.consent', readOnly: true }),
      ]),
    );
    for (const field of [...hubspot, ...klaviyo]) if (field.readOnly) expect(field.because).toMatch(/\w/);
    expect(hubspot.find((field) => field.name === 'hs_language')?.options?.length).toBeGreaterThan(1);
  });

  test('A6: mappings to begin with are proposed', async () => {
    expect((await fields()).proposed.map((one) => [one.hubspot.property, one.klaviyo.name])).toEqual(
      expect.arrayContaining([
        ['firstname', 'first_name'],
        ['phone', 'phone_number'],
        ['company', 'organization'],
      ]),
    );
  });

  test('D10: a refresh reads both sides again, a look does not', async () => {
    const portal = world.hubspot.portals.get(world.portalId);
    const template = portal?.contactProperties.get('jobtitle');
    if (template === undefined) throw new Error('The stand-in has no job title.');
    portal?.contactProperties.set('shoe_size', {
      ...template,
      name: 'shoe_size',
      label: 'Shoe size',
      hubspotDefined: false,
    });
    expect((await fields()).hubspot.some((field) => field.name === 'shoe_size')).toBe(false);
    const refreshed = await world.call('POST', '/fields/refresh', { klaviyoAccountId: account });
    expect([refreshed.status, (refreshed.body as Fields).hubspot.some((field) => field.name === 'shoe_size')]).toEqual([
      200,
      true,
    ]);
    expect((await fields()).hubspot.some((field) => field.name === 'shoe_size')).toBe(true);
  });

  test('900 properties with hundreds of options each are far below the megabyte that HubSpot passes on', async () => {
    const portal = world.hubspot.portals.get(world.portalId)!;
    const template = portal.contactProperties.get('hs_language')!;
    const options = Array.from({ length: 200 }, (_, n) => ({
      ...template.options[0]!,
      value: `v${n}`,
      label: `Option ${n}`,
    }));
    for (let n = 0; n < 900; n += 1)
      portal.contactProperties.set(`many_${n}`, {
        ...template,
        name: `many_${n}`,
        label: `${'Ein Feld mit einem recht langen Namen'} ${n}`,
        hubspotDefined: false,
        options,
      });
    const refreshed = await world.call('POST', '/fields/refresh', { klaviyoAccountId: account, options: false });
    const shown = await world.call('GET', `/fields?klaviyoAccountId=${account}&options=false`);
    for (const answer of [refreshed, shown]) {
      expect((answer.body as Fields).hubspot.filter(({ name }) => name.startsWith('many_'))).toHaveLength(900);
      expect(Buffer.byteLength(answer.text)).toBeLessThan(500_000);
    }
    for (let n = 0; n < 900; n += 1) portal.contactProperties.delete(`many_${n}`);
    await world.call('POST', '/fields/refresh', { klaviyoAccountId: account });
  });

  test('D9: a Klaviyo property is added by name; an existing one is used again, by its exact name; a refresh keeps it', async () => {
    const add = async (name: string, type?: string): Promise<unknown> =>
      (
        await world.call('POST', '/fields/klaviyo', {
          klaviyoAccountId: account,
          name,
          ...(type === undefined ? {} : { type }),
        })
      ).body;
    expect(await add('Shoe size', 'number')).toMatchObject({
      kind: 'property',
      name: 'Shoe size',
      type: 'number',
      readOnly: false,
    });
    expect(await add('Shoe size')).toMatchObject({ type: 'number' });
    expect(await add('shoe size')).toMatchObject({ name: 'shoe size', type: 'string' });
    await world.call('POST', '/fields/refresh', { klaviyoAccountId: account });
    const names = (await fields()).klaviyo.map((field) => field.name);
    expect(names.filter((name) => name.toLowerCase() === 'shoe size').sort()).toEqual(['Shoe size', 'shoe size']);
    expect(await world.call('POST', '/fields/klaviyo', { klaviyoAccountId: account, name: '' })).toMatchObject({
      status: 400,
      body: { error: { field: 'name' } },
    });
  });

  test('A1: fields of another portal’s account are not shown; none named is 400', async () => {
    const other = { portalId: world.otherPortalId };
    expect((await world.call('GET', `/fields?klaviyoAccountId=${account}`, undefined, other)).status).toBe(404);
    expect((await world.call('POST', '/fields/refresh', { klaviyoAccountId: account }, other)).status).toBe(404);
    expect((await world.call('POST', '/fields/klaviyo', { klaviyoAccountId: account, name: 'x' }, other)).status).toBe(
      404,
    );
    expect(await world.call('GET', '/fields')).toMatchObject({
      status: 400,
      body: { error: { field: 'klaviyoAccountId' } },
    });
  });
});

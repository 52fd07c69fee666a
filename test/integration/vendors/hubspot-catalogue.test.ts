import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readAccount } from '../../../server/vendors/hubspot/account.js';
import { listById, listExists, listsOf, memberPage, searchLists } from '../../../server/vendors/hubspot/lists.js';
import { readDealPipelines } from '../../../server/vendors/hubspot/pipelines.js';
import { createOption, ensureGroup, ensureProperty, readFields } from '../../../server/vendors/hubspot/properties.js';
import { openHubspotSession, type HubspotSession } from '../../../server/vendors/hubspot/session.js';
import { scriptedVendor, watch, type ScriptedVendor } from './scripted-vendor.js';

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

const property = (name: string, more: object = {}) => ({
  name,
  label: name,
  type: 'string',
  fieldType: 'text',
  options: [],
  ...more,
});

test('D2: a field that cannot be written says why; archived ones are left out', async () => {
  vendor.answers((request) => ({
    json: {
      results: request.path.endsWith('/companies')
        ? [property('domain')]
        : [
            property('city'),
            property('score', { calculated: true }),
            property('sum', { fieldType: 'calculation_equation' }),
            property('createdate', { modificationMetadata: { readOnlyValue: true, archivable: false } }),
            property('gone', { archived: true }),
            property('status', {
              type: 'enumeration',
              options: [
                { value: 'new', label: 'New', hidden: false, displayOrder: 0 },
                { value: 'old', label: 'Old', hidden: true, displayOrder: 1 },
              ],
            }),
          ],
    },
  }));
  const fields = await readFields(session());
  expect(fields.map(({ object, name, because }) => [object, name, because])).toEqual([
    ['contact', 'city', undefined],
    ['contact', 'score', 'HubSpot calculates this property.'],
    ['contact', 'sum', 'HubSpot calculates this property.'],
    ['contact', 'createdate', 'HubSpot sets this property itself.'],
    ['contact', 'status', undefined],
    ['company', 'domain', 'A company belongs to many contacts, so its fields are only read.'],
  ]);
  expect(fields[4]?.options).toEqual([
    { value: 'new', label: 'New', hidden: false },
    { value: 'old', label: 'Old', hidden: true },
  ]);
});

test('D8: an option is added behind the others, which stay as they are; one that is there is left alone', async () => {
  const options = [{ value: 'new', label: 'New', hidden: true, displayOrder: 4, description: 'kept' }];
  vendor.answers(() => ({ json: property('status', { options }) }));
  await createOption(session(), 'status', { value: 'old', label: 'Old' });
  expect(vendor.seen[1]).toMatchObject({ method: 'PATCH', path: '/crm/properties/2026-09/contacts/status' });
  expect(vendor.seen[1]?.json).toEqual({
    options: [...options, { value: 'old', label: 'Old', hidden: false, displayOrder: 5 }],
  });
  await createOption(session(), 'status', { value: 'new', label: 'Newer' });
  expect(vendor.seen).toHaveLength(3);
});

test('a group and a property are made once, and found there the next time', async () => {
  vendor.answers(() => ({ status: 201, json: {} }));
  const group = { name: 'tandem', label: 'Tandem' };
  const wanted = {
    name: 'klaviyo_consent',
    label: 'Consent',
    description: 'By Tandem',
    groupName: 'tandem',
    type: 'enumeration',
    fieldType: 'select',
    options: [{ value: 'SUBSCRIBED', label: 'Subscribed' }],
  } as const;
  await ensureGroup(session(), group);
  await ensureProperty(session(), wanted);
  expect(vendor.seen.map(({ path, json }) => [path, json])).toEqual([
    ['/crm/properties/2026-09/contacts/groups', group],
    [
      '/crm/properties/2026-09/contacts',
      { ...wanted, options: [{ value: 'SUBSCRIBED', label: 'Subscribed', hidden: false, displayOrder: 0 }] },
    ],
  ]);
  vendor.answers(() => ({ status: 409, json: { message: 'A property named klaviyo_consent already exists.' } }));
  await ensureGroup(session(), group);
  await ensureProperty(session(), wanted);
  vendor.answers(() => ({ status: 400, json: { message: 'no such group' } }));
  await expect(ensureProperty(session(), wanted)).rejects.toMatchObject({
    name: 'RecordRefused',
    message: 'no such group',
  });
});

const list = (listId: string, more: object = {}) => ({
  listId,
  name: `List ${listId}`,
  processingType: 'MANUAL',
  objectTypeId: '0-1',
  ...more,
});

test('B2: static and active contact lists can be chosen; lists of other objects are not shown', async () => {
  const lists = [
    list('1', { additionalProperties: { hs_list_size: '12' } }),
    list('2', { processingType: 'DYNAMIC' }),
    list('3', { processingType: 'SNAPSHOT', size: 3 }),
    list('4', { objectTypeId: '0-2' }),
  ];
  vendor.answers(() => ({ json: { lists, hasMore: true, offset: 4, total: 9 } }));
  expect(await searchLists(session(), { query: 'list', offset: 0, count: 4 })).toEqual({
    lists: [
      { id: '1', name: 'List 1', type: 'static', size: 12 },
      { id: '2', name: 'List 2', type: 'active' },
      { id: '3', name: 'List 3', type: 'static', size: 3 },
    ],
    next: 4,
  });
  vendor.answers(() => ({ json: { lists: [], hasMore: false, offset: 0 } }));
  expect(await searchLists(session(), { query: '', offset: 4, count: 4 })).toEqual({ lists: [], next: null });
});

test('one list can be looked up; one that is not there, or not of contacts, is not', async () => {
  vendor.answers(() => ({ json: { list: list('7', { size: 1 }) } }));
  expect(await listById(session(), '7')).toEqual({ id: '7', name: 'List 7', type: 'static', size: 1 });
  expect(await listExists(session(), '7')).toBe(true);
  vendor.answers(() => ({ json: { list: list('8', { objectTypeId: '0-2' }) } }));
  expect(await listById(session(), '8')).toBeNull();
  for (const status of [404, 400]) {
    vendor.answers(() => ({ status, json: { message: 'no' } }));
    expect(await listExists(session(), 'x')).toBe(false);
  }
  vendor.answers(() => ({ status: 502 }));
  await expect(listExists(session(), '7')).rejects.toMatchObject({ name: 'RetryLater' });
});

test('members of a list come 250 a call, with the next page', async () => {
  vendor.answers(() => ({
    json: { results: [{ recordId: '5', membershipTimestamp: 'x' }], total: 300, paging: { next: { after: 'NQ' } } },
  }));
  expect(await memberPage(session(), '7', null)).toEqual({ recordIds: ['5'], after: 'NQ', total: 300 });
  expect(vendor.seen[0]?.query.get('limit')).toBe('250');
  vendor.answers(() => ({ json: { results: [], paging: null } }));
  expect(await memberPage(session(), '7', 'NQ')).toEqual({ recordIds: [], after: null });
});

test('the lists of many contacts are read a hundred a call', async () => {
  vendor.answers((request) => {
    const { inputs } = request.json as { inputs: { recordId: string }[] };
    return {
      json: {
        results: inputs
          .filter(({ recordId }) => recordId !== '3')
          .map(({ recordId }) => ({
            objectTypeId: '0-1',
            recordId,
            recordListMemberships: [{ listId: '7', listVersion: 1 }],
          })),
      },
    };
  });
  const lists = await listsOf(
    session(),
    Array.from({ length: 150 }, (_, n) => String(n)),
  );
  expect(lists.size).toBe(149);
  expect(lists.get('4')).toEqual(['7']);
  expect(vendor.seen).toHaveLength(2);
});

test('an account tells where its pages are', async () => {
  vendor.answers(() => ({ json: { portalId: 41, uiDomain: 'app-eu1.hubspot.com', timeZone: 'Europe/Berlin' } }));
  expect(await readAccount(session())).toEqual({
    portalId: '41',
    uiDomain: 'app-eu1.hubspot.com',
    timeZone: 'Europe/Berlin',
  });
});

test('E12: pipelines of deals in HubSpot’s own order, archived ones left out', async () => {
  const pipeline = (id: string, label: string, displayOrder: number, more: object = {}) => ({
    id,
    label,
    displayOrder,
    stages: [],
    archived: false,
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
    ...more,
  });
  vendor.answers(({ path }) => {
    expect(path).toBe('/crm/pipelines/2026-09/deals');
    return {
      json: {
        results: [
          pipeline('3', 'Renewals', 2),
          pipeline('2', 'Gone', 0, { archived: true }),
          pipeline('4', 'Partners', 2),
          pipeline('default', 'Sales pipeline', 1),
        ],
      },
    };
  });
  expect(await readDealPipelines(session())).toEqual([
    { id: 'default', name: 'Sales pipeline' },
    { id: '4', name: 'Partners' },
    { id: '3', name: 'Renewals' },
  ]);
});

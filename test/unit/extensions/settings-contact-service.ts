import type { ContactConnection, Fields, Mapping } from '../../../hubspot-app/app/settings/api-types.js';
import { accountOf, klaviyo, statusOf, type Stand } from './settings-stand.js';

const mapping = (property: string, name: string): Mapping => ({
  hubspot: { object: 'contact', property },
  klaviyo: { kind: 'attribute', name },
  direction: 'both',
  winner: null,
  emptyToo: false,
});

export const fields: Fields = {
  hubspot: [
    { object: 'contact', name: 'email', label: 'Email', type: 'string', fieldType: 'text', readOnly: false },
    { object: 'contact', name: 'firstname', label: 'First name', type: 'string', fieldType: 'text', readOnly: false },
    {
      object: 'contact',
      name: 'phone',
      label: 'Phone number',
      type: 'string',
      fieldType: 'phonenumber',
      readOnly: false,
    },
    {
      object: 'contact',
      name: 'createdate',
      label: 'Create date',
      type: 'datetime',
      fieldType: 'date',
      readOnly: true,
      because: 'HubSpot sets it.',
    },
    {
      object: 'company',
      name: 'industry',
      label: 'Industry',
      type: 'enumeration',
      fieldType: 'select',
      readOnly: false,
    },
  ],
  klaviyo: [
    { kind: 'attribute', name: 'first_name', label: 'First name', type: 'string', readOnly: false },
    { kind: 'attribute', name: 'phone_number', label: 'Phone number', type: 'string', readOnly: false },
    {
      kind: 'attribute',
      name: 'subscriptions.email.marketing.consent',
      label: 'Email consent',
      type: 'string',
      readOnly: true,
      because: 'Klaviyo keeps it.',
    },
    { kind: 'property', name: 'Joined', label: 'Joined', type: 'date', readOnly: false },
  ],
  proposed: [mapping('firstname', 'first_name'), mapping('phone', 'phone_number')],
};

export const drafted = (part: Partial<ContactConnection> = {}): ContactConnection => ({
  id: 'C1',
  type: 'contact',
  name: 'Contacts',
  klaviyoAccountId: 'K1',
  state: 'draft',
  stateReason: null,
  unsaved: null,
  direction: 'two_way',
  rules: { hubspotToKlaviyo: [], klaviyoToHubspot: [] },
  mappings: fields.proposed,
  options: {
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
  },
  ...part,
});

/** A service with one contact connection at most, which is kept as it is drafted, changed and activated. */
export function serveContacts(
  stand: Stand,
  given: ContactConnection | null = null,
): { now(): ContactConnection | null } {
  let connection = given;
  let connected = given !== null;
  const current = (): ContactConnection => {
    if (connection === null) throw new Error('Nothing was drafted.');
    return connection;
  };
  const merge = (body: unknown): void => {
    const { options, ...rest } = body as Partial<ContactConnection>;
    connection = { ...current(), ...rest, options: { ...current().options, ...options } };
    const { unsaved } = connection;
    if (unsaved !== null) connection.unsaved = { ...unsaved, at: '2026-11-22T09:00:00Z' };
  };
  stand.on('GET', /^\/account$/, () => ({
    body: accountOf({
      klaviyoAccounts: connected ? [klaviyo] : [],
      connections:
        connection === null ? [] : [{ id: 'C1', name: connection.name, type: 'contact', state: connection.state }],
    }),
  }));
  stand.on('POST', /^\/klaviyo-accounts$/, () => {
    connected = true;
    return { status: 201, body: klaviyo };
  });
  stand.on('GET', /^\/hubspot\/lists/, () => ({
    body: { results: [{ id: '41', name: 'Newsletter form', size: 12 }], next: null },
  }));
  stand.on('GET', /^\/klaviyo-accounts\/K1\/lists/, () => ({
    body: {
      results: [
        { id: 'Single', name: 'Customers', optIn: 'single_opt_in' },
        { id: 'Double', name: 'Careful people', optIn: 'double_opt_in' },
      ],
      next: null,
    },
  }));
  stand.on('GET', /^\/klaviyo-accounts\/K1\/segments/, () => ({ body: { results: [], next: null } }));
  stand.on('GET', /^\/fields/, () => ({ body: fields }));
  stand.on('POST', /^\/connections$/, ({ body }) => {
    connection = drafted();
    merge(body);
    return { status: 201, body: connection };
  });
  stand.on('GET', /^\/connections\/C1$/, () => ({ body: current() }));
  stand.on('PATCH', /^\/connections\/C1$/, ({ body }) => {
    merge(body);
    return { body: current() };
  });
  stand.on('POST', /^\/connections\/C1\/preview$/, () => ({ status: 202, body: { previewId: 'P1' } }));
  stand.on('GET', /^\/connections\/C1\/preview\/P1$/, () => ({
    body: {
      id: 'P1',
      state: 'ready',
      error: null,
      examined: 1500,
      isSample: false,
      counts: {
        create: { hubspot: 7, klaviyo: 900 },
        update: { hubspot: 3, klaviyo: 11 },
        link: 400,
        skip: 25,
        subscribe: 0,
        conflict: 5,
        issue: 2,
        unchanged: 100,
      },
      cost: { newHubspotContacts: 7, newKlaviyoProfiles: 900 },
      skipped: [{ reason: 'no_email', count: 25, message: 'The contact has no email address.' }],
      samples: [
        {
          action: 'update',
          email: 'ada@example.com',
          hubspotId: '1',
          klaviyoId: 'P',
          changes: [{ side: 'klaviyo', field: 'first_name', before: 'Adá', after: 'Ada', because: 'HubSpot wins.' }],
          lists: ['Single'],
          subscribe: false,
          optOut: [],
          skipped: null,
          moreChanges: 0,
          issues: [],
        },
      ],
    },
  }));
  stand.on('POST', /^\/connections\/C1\/activate$/, () => {
    merge({ state: 'initial_sync' });
    return { status: 202, body: { ...current(), runId: 'R1' } };
  });
  stand.on('GET', /^\/connections\/C1\/status$/, () => ({
    body: statusOf({
      state: current().state,
      counts: { inSync: 300, waiting: 4, skipped: 25, failed: 2, engagements: 0 },
      skippedBy: [{ reason: 'no_email', count: 25, message: 'The contact has no email address.' }],
      run: {
        id: 'R1',
        kind: 'initial',
        state: 'running',
        done: 300,
        total: 1200,
        ratePerSecond: 30,
        estimatedSeconds: 30,
        startedAt: '2026-11-23T12:00:00Z',
        finishedAt: null,
      },
    }),
  }));
  stand.on('GET', /^\/connections\/C1\/parity$/, () => ({
    body: {
      checkedPairs: 10,
      comparedValues: 100,
      agreeing: 99,
      differences: [],
      worstLagSeconds: 12,
      checkedAt: '2026-11-23T11:00:00Z',
    },
  }));
  stand.on('GET', /^\/connections\/C1\/runs/, () => ({ body: { results: [], next: null } }));
  stand.on('GET', /^\/overview$/, () => ({
    body: {
      health: 'good',
      banners: [],
      connections:
        connection === null
          ? []
          : [{ ...statusOf({ state: connection.state }), id: 'C1', name: connection.name, type: 'contact' }],
    },
  }));
  return { now: () => connection };
}

import type {
  Account,
  ConnectionState,
  EngagementConnection,
  Fields,
  HistoryRow,
  Issue,
  IssueGroup,
  OverviewRow,
  Page,
  PickerItem,
  Preview,
  PreviewPerson,
  Run,
} from '../../hubspot-app/app/settings/api-types.js';
import type { Activity, ContactAnswer, RecordAnswer } from '../../hubspot-app/app/cards/card-types.js';
import { drafted, fields as few } from '../unit/extensions/settings-contact-service.js';
import { accountOf, klaviyo, statusOf } from '../unit/extensions/settings-stand.js';

/** Answers of a service that has much of everything, long names and foreign scripts: what layouts break on. */

const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));
export const longName = `Όλοι οι πελάτες ${'ÜberlangerNameOhneLeerzeichen'.repeat(4)} 顧客リスト`;
export const longEmail = `somebody.with.a.very.long.address.${'x'.repeat(40)}@subsidiary.of.a.company.example.com`;
const now = '2026-11-23T11:58:00Z';

/** A page of a long list, as the service cuts it. */
export function pageOf<T>(all: readonly T[], path: string): Page<T> {
  const query = new URLSearchParams(path.split('?')[1] ?? '');
  const start = Number(query.get('cursor') ?? 0);
  const end = start + Number(query.get('limit') ?? 50);
  return { results: all.slice(start, end), next: end < all.length ? String(end) : null };
}

export const lists400: PickerItem[] = many(400, (n) => ({
  id: `L${n}`,
  name: n === 3 ? longName : `Newsletter list ${n + 1}`,
  size: n * 977,
  optIn: n % 9 === 1 ? 'double_opt_in' : 'single_opt_in',
}));

export const pipelines50: PickerItem[] = many(50, (n) => ({
  id: `P${n}`,
  name: n === 3 ? longName : `Pipeline of country ${n + 1}`,
}));

export const fields900: Fields = {
  ...few,
  hubspot: [
    ...few.hubspot,
    ...many(895, (n) => ({
      object: 'contact' as const,
      name: `custom_${n}`,
      label: n === 0 ? longName : `Custom property ${n}`,
      type: ['string', 'number', 'enumeration', 'date', 'bool'][n % 5]!,
      fieldType: n % 10 === 2 ? 'checkbox' : 'text',
      readOnly: n % 50 === 7,
      ...(n % 50 === 7 ? { because: 'it is calculated.' } : {}),
    })),
  ],
  klaviyo: [
    ...few.klaviyo,
    ...many(895, (n) => ({
      kind: 'property' as const,
      name: `Custom ${n}`,
      label: n === 0 ? '顧客の誕生日とその他の長い名前' : `Custom ${n}`,
      type: 'string' as const,
      readOnly: false,
      sample: n === 1 ? 'a value with rather a lot of text in it, cut' : 'blue',
    })),
  ],
};

const accounts = [
  klaviyo,
  { ...klaviyo, id: 'K2', name: longName },
  { ...klaviyo, id: 'K3', name: 'Old shop', state: 'reconnect' as const, auth: 'oauth' as const },
  {
    ...klaviyo,
    id: 'K4',
    name: 'Tea shop',
    missingScopes: ['data-privacy:write', 'subscriptions:write', 'events:read'],
  },
];

export const ready = drafted({
  rules: {
    hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'L1' }],
    klaviyoToHubspot: [{ source: { all: true } }],
  },
});

/** 300 mapped pairs, among them one of a field that is gone, one of a company, and one that cannot be written back. */
export const mapped300 = [
  { ...few.proposed[0]!, hubspot: { object: 'contact' as const, property: 'gone_field' } },
  {
    hubspot: { object: 'company' as const, property: 'industry' },
    klaviyo: { kind: 'property' as const, name: 'Custom 0' },
    direction: 'to_klaviyo' as const,
    winner: null,
    emptyToo: true,
  },
  {
    ...few.proposed[1]!,
    klaviyo: { kind: 'attribute' as const, name: 'subscriptions.email.marketing.consent' },
    direction: 'to_hubspot' as const,
  },
  ...many(297, (n) => ({
    hubspot: { object: 'contact' as const, property: `custom_${n}` },
    klaviyo: { kind: 'property' as const, name: `Custom ${n + 10}` },
    direction: 'both' as const,
    winner: n % 3 === 0 ? ('klaviyo' as const) : null,
    emptyToo: n % 4 === 0,
  })),
];

export const engagement = (part: Partial<EngagementConnection> = {}): EngagementConnection => ({
  id: 'E1',
  type: 'engagement',
  name: 'Email activity',
  klaviyoAccountId: 'K1',
  state: 'draft',
  stateReason: null,
  unsaved: null,
  mappings: few.proposed.map((mapping) => ({ ...mapping, direction: 'to_hubspot' })),
  sources: { all: true, klaviyoListIds: [], klaviyoSegmentIds: [], flowIds: [], campaignIds: [] },
  activities: {
    sent: false,
    delivered: false,
    opened: true,
    clicked: true,
    bounced: true,
    unsubscribed: true,
    spam: true,
  },
  options: {
    excludeBots: true,
    everyOpen: false,
    createContacts: false,
    since: 'activation',
    linkCompany: true,
    linkDeals: 'oldest_open',
    dealPipelines: [],
    rollups: false,
  },
  ...part,
});

export const run = (part: Partial<Run> = {}): Run => ({
  id: 'R1',
  kind: 'initial',
  state: 'running',
  done: 412_300,
  total: 1_204_877,
  ratePerSecond: 131.4,
  estimatedSeconds: 6_031,
  startedAt: '2026-11-23T11:05:00Z',
  finishedAt: null,
  counts: { createdInKlaviyo: 31_200, updatedInHubspot: 4_002, linked: 377_098, failed: 5_000, unchanged: 12 },
  error: null,
  ...part,
});
export const runs40: Run[] = many(40, (n) =>
  run({
    id: `R${n}`,
    kind: (['manual', 'continuous', 'initial', 'undo'] as const)[n % 4]!,
    state: (['finished', 'failed', 'cancelled', 'running'] as const)[n % 4]!,
    finishedAt: n % 4 === 3 ? null : '2026-11-23T12:05:00Z',
    error: n % 4 === 1 ? 'Klaviyo did not answer for an hour. It goes on by itself.' : null,
  }),
);

const states: [ConnectionState, string | null][] = [
  ['initial_sync', null],
  ['active', null],
  ['paused', 'max_new_records'],
  ['stopped', 'too_many_issues'],
  ['stopped', 'reconnect_klaviyo'],
  ['draft', null],
];
export const connections45: OverviewRow[] = many(45, (n) => {
  const [state, stateReason] = states[n % states.length]!;
  return {
    ...statusOf({
      state,
      stateReason,
      counts: { inSync: n * 104_729, waiting: n * 13, skipped: n * 977, failed: n === 3 ? 5_000 : 0, engagements: 0 },
      run: state === 'initial_sync' ? run() : null,
      lastSuccessAt: state === 'draft' ? null : now,
    }),
    id: `C${n}`,
    name: n === 1 ? longName : `Customers of shop ${n + 1}`,
    type: n % 5 === 4 ? 'engagement' : 'contact',
  };
});
export const banners = [
  {
    severity: 'danger',
    message: 'Klaviyo must be connected again: Old shop',
    fix: 'Its key was revoked. Connect it again; everything goes on from where it stopped.',
    link: null,
  },
  {
    severity: 'warning',
    message: 'Klaviyo is busy',
    fix: 'Another app uses up the limits of your Klaviyo account. Syncing goes on, more slowly.',
    link: 'https://help.example/limits',
  },
];

export const fullAccount = (part: Partial<Account> = {}): Account =>
  accountOf({
    klaviyoAccounts: accounts,
    portal: { id: '4242', name: longName, uiDomain: 'app.hubspot.com' },
    usage: { month: '2026-11', uniqueContacts: 1_204_877 },
    alertEmail: longEmail,
    connections: connections45.map(({ id, name, type, state }) => ({ id, name, type, state })),
    ...part,
  });

export const groups: IssueGroup[] = [
  {
    code: 'invalid_phone',
    title: 'Phone number cannot be converted',
    fix: 'Write the number with its country code (+49 …), or set the contact’s country or the connection’s default region.',
    count: 5_000,
    connectionId: 'C1',
  },
  {
    code: 'option_missing',
    title: 'Option does not exist in HubSpot',
    fix: 'Create the option on the HubSpot property, or correct the value in Klaviyo.',
    count: 12,
    connectionId: 'C0',
  },
  {
    code: 'field_missing',
    title: 'Mapped field no longer exists',
    fix: 'Refresh the fields and choose another one, or remove the mapping.',
    count: 1,
    connectionId: 'C2',
  },
];
export const issues5000: Issue[] = many(5_000, (n) => ({
  id: `I${n}`,
  connectionId: 'C1',
  code: 'invalid_phone',
  title: groups[0]!.title,
  detail: n === 1 ? `“${'0171'.repeat(40)}” has no country.` : `“0171 ${n}” has no country.`,
  fix: groups[0]!.fix,
  contact: {
    email: n === 0 ? longEmail : n === 2 ? null : `person${n}@example.com`,
    hubspotId: String(n),
    klaviyoId: null,
    hubspotUrl: 'https://app.hubspot.com/contacts/4242/record/0-1/7',
  },
  firstSeenAt: '2026-11-22T09:00:00Z',
  lastSeenAt: now,
  attempts: n % 7,
  repair:
    n % 2 === 0
      ? {
          kind: 'phone_region',
          label: 'Read the number in another country',
          does: 'Reads “0171 1” as a number of the country you choose, and syncs the contact again. The number on the record stays as it is.',
          asks: 'region',
        }
      : null,
}));

export const history: HistoryRow[] = many(400, (n) => ({
  id: `${n}-0`,
  at: now,
  runId: 'R1',
  connectionId: 'C1',
  contact: { email: n === 1 ? longEmail : `person${n}@example.com`, hubspotId: String(n), klaviyoId: `P${n}` },
  side: n % 2 === 0 ? 'klaviyo' : 'hubspot',
  field: n % 5 === 0 ? 'list L3' : n % 2 === 0 ? 'first_name' : 'firstname',
  oldValue: n % 5 === 0 ? null : n === 3 ? 'very long text without an end '.repeat(30) : 'Adá',
  newValue: n % 5 === 0 ? 'L3' : n === 4 ? '株式会社とても長い名前の会社'.repeat(9) : 'Ada',
  action: n % 5 === 0 ? 'list_add' : n === 6 ? 'subscribe' : 'update',
  because: n % 5 === 0 ? 'A rule of the connection matches.' : 'Both sides differed; HubSpot wins.',
  outcome: n === 2 ? 'refused' : n === 7 ? 'unknown' : 'done',
  undoneBy: n === 8 ? '99-0' : null,
  ...(n === 4 ? { overruled: 'Ada Lovelace' } : {}),
}));

const person = (part: Partial<PreviewPerson>): PreviewPerson => ({
  action: 'update',
  email: 'ada@example.com',
  hubspotId: '1',
  klaviyoId: 'P',
  changes: [],
  lists: [],
  subscribe: false,
  optOut: [],
  skipped: null,
  moreChanges: 0,
  issues: [],
  ...part,
});
const change = (n: number, after: string): PreviewPerson['changes'][number] => ({
  side: n % 2 === 0 ? 'klaviyo' : 'hubspot',
  field: n % 2 === 0 ? 'first_name' : 'firstname',
  before: n === 0 ? null : 'Adá',
  after,
  because: 'HubSpot wins.',
});
export const preview = (part: Partial<Preview> = {}): Preview => ({
  id: 'P1',
  state: 'ready',
  error: null,
  examined: 1_204_877,
  isSample: false,
  counts: {
    create: { hubspot: 310_774, klaviyo: 900_112 },
    update: { hubspot: 3_120, klaviyo: 11_900 },
    link: 400_008,
    skip: 25_000,
    subscribe: 120_004,
    conflict: 5_123,
    issue: 5_000,
    unchanged: 100_001,
  },
  cost: { newHubspotContacts: 310_774, newKlaviyoProfiles: 900_112 },
  skipped: [
    {
      reason: 'no_email',
      count: 24_000,
      message: 'The contact has no email address, and email is what links the two sides.',
    },
    {
      reason: 'secondary_email',
      count: 1_000,
      message: 'It is an additional address of a HubSpot contact; only the primary one links.',
    },
  ],
  samples: [
    ...many(4, (n) =>
      person({
        action: 'create_in_klaviyo',
        email: n === 0 ? longEmail : `new${n}@example.com`,
        changes: [change(0, longName), change(2, '株式会社 とても長い名前')],
        lists: ['L3'],
        subscribe: true,
      }),
    ),
    person({ changes: many(9, (n) => change(n, 'Ada')), moreChanges: 3, optOut: ['hubspot'] }),
    person({ action: 'skip', email: null, skipped: 'no_email' }),
    person({
      action: 'issue',
      issues: [
        {
          code: 'invalid_phone',
          field: 'phone',
          detail: '“0171 1234” has no country.',
          title: groups[0]!.title,
          fix: groups[0]!.fix,
        },
      ],
    }),
    person({ action: 'unchanged' }),
  ],
  ...part,
});

const activity = (n: number): Activity => ({
  type: (['clicked', 'opened', 'delivered', 'bounced', 'unsubscribed', 'spam'] as const)[n % 6]!,
  at: '2026-11-23T09:00:00Z',
  contactId: '7',
  contact: {
    email: n === 0 ? longEmail : n === 3 ? null : `person${n}@example.com`,
    hubspotUrl: 'https://app.hubspot.com/contacts/4242/record/0-1/7',
  },
  message: n === 1 ? longName : n === 2 ? null : 'Autumn sale',
  subject: n === 1 ? 'خصم ٢٠٪ على الجوارب حتى يوم الأحد' : n === 2 ? null : 'Warm socks, 20 % off until Sunday',
  url: n % 6 === 0 ? `https://shop.example/${'path-without-a-break'.repeat(12)}?utm_source=x` : null,
  campaignUrl: n % 2 === 0 ? 'https://www.klaviyo.com/flow/F1/edit' : null,
  bot: n === 1 || n === 6,
  because: n === 1 || n === 6 ? 'A known link scanner clicked it.' : null,
  correction: n === 4 ? 'On the timeline this stands as done by a machine; it was a person.' : null,
});
const days = many(90, (n) => ({
  day: new Date(Date.UTC(2026, 7, 26 + n)).toISOString().slice(0, 10),
  sent: (n * 7) % 5,
  opened: (n * 3) % 4,
  clicked: n % 3,
}));
export const record = (part: Partial<RecordAnswer> = {}): RecordAnswer => ({
  contacts: 500,
  totals: {
    sent: 12_345,
    opened: 6_789,
    clicked: 1_234,
    bounced: 56,
    unsubscribed: 7,
    spam: 1,
    leftOut: { machineOpens: 4_321, botClicks: 99 },
  },
  byDay: days,
  latest: many(20, activity),
  emailActivity: {
    state: 'on',
    timeline: {
      approved: false,
      message:
        'HubSpot has to approve the app’s timeline events first. The cards on contacts, companies and deals show all activity already.',
    },
  },
  ...part,
});
export const contactCard = (part: Partial<ContactAnswer> = {}): ContactAnswer => {
  const { contacts: _contacts, ...ofAll } = record();
  return {
    ...ofAll,
    sync: {
      state: 'in_sync',
      reason: { code: 'in_sync', message: 'All mapped fields agree on both sides.' },
      klaviyoUrl: 'https://www.klaviyo.com/profile/P',
      lastSyncedAt: '2026-11-23T11:00:00Z',
    },
    subscription: 'SUPPRESSED',
    lists: many(12, (n) => `L${n}`),
    listNames: [longName, ...many(11, (n) => `List ${n}`)],
    settling: false,
    issues: [],
    ...part,
  };
};

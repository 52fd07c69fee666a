/** What the service answers under /api/v1. HubSpot's build takes nothing from outside this folder, so it is written twice. */

export type Side = 'hubspot' | 'klaviyo';
export type ConnectionType = 'contact' | 'engagement';
export type ConnectionState = 'draft' | 'initial_sync' | 'active' | 'paused' | 'stopped';
export type Direction = 'two_way' | 'hubspot_to_klaviyo' | 'klaviyo_to_hubspot';

export interface Page<Row> {
  results: Row[];
  next: string | null;
}

export interface KlaviyoAccount {
  id: string;
  name: string;
  state: 'connected' | 'reconnect' | 'disconnected';
  auth: 'oauth' | 'api_key';
  missingScopes: string[];
}

export interface Account {
  portal: { id: string; name: string; uiDomain: string };
  klaviyoAccounts: KlaviyoAccount[];
  /** `month` is YYYY-MM. */
  usage: { month: string; uniqueContacts: number };
  alertEmail: string | null;
  connections: { id: string; name: string; type: ConnectionType; state: ConnectionState }[];
  appEvents: { approved: boolean; message: string };
}

export interface PickerItem {
  id: string;
  name: string;
  size?: number;
  type?: 'static' | 'active';
  optIn?: 'single_opt_in' | 'double_opt_in';
  archived?: boolean;
}

export interface HubspotField {
  object: 'contact' | 'company';
  name: string;
  label: string;
  type: string;
  fieldType: string;
  readOnly: boolean;
  because?: string;
}

export interface KlaviyoField {
  kind: 'attribute' | 'property';
  name: string;
  label: string;
  type: 'string' | 'number' | 'boolean' | 'date' | 'list' | 'object' | 'unknown';
  readOnly: boolean;
  because?: string;
  sample?: string;
}

export interface Mapping {
  hubspot: { object: 'contact' | 'company'; property: string };
  klaviyo: { kind: 'attribute' | 'property'; name: string };
  direction: 'both' | 'to_klaviyo' | 'to_hubspot';
  winner: Side | null;
  emptyToo: boolean;
}

export interface Fields {
  hubspot: HubspotField[];
  klaviyo: KlaviyoField[];
  proposed: Mapping[];
}

export interface HubspotRule {
  source: { all: true } | { hubspotListIds: string[] };
  klaviyoListId: string;
}
export interface KlaviyoRule {
  source: { all: true } | { klaviyoListIds: string[]; klaviyoSegmentIds: string[] };
}
export interface Rules {
  hubspotToKlaviyo: HubspotRule[];
  klaviyoToHubspot: KlaviyoRule[];
}

export interface ContactOptions {
  winner: Side;
  subscribe: boolean;
  resubscribe: boolean;
  unsubscribeOnExit: boolean;
  createInHubspot: boolean;
  createInKlaviyo: boolean;
  /** ISO 3166 country code of two capital letters. */
  defaultRegion: string;
  limit: number | null;
  erasePrivacyDeletionsInKlaviyo: boolean;
  carryOptOuts: 'off' | 'to_hubspot' | 'to_klaviyo' | 'both';
  stage: 'all' | 'canary' | 'tenth';
  maxNewRecords: number | null;
}

/** What a page keeps of changes that are not in effect: the step to come back to, and of the form what the rest lacks. */
export interface UnsavedChanges {
  step: string;
  form: Record<string, unknown> | null;
  at: string;
}

interface ConnectionBase {
  id: string;
  name: string;
  klaviyoAccountId: string;
  state: ConnectionState;
  stateReason: string | null;
  mappings: Mapping[];
  unsaved: UnsavedChanges | null;
}
export interface ContactConnection extends ConnectionBase {
  type: 'contact';
  direction: Direction;
  rules: Rules;
  options: ContactOptions;
}

export interface Sources {
  all: boolean;
  klaviyoListIds: string[];
  klaviyoSegmentIds: string[];
  flowIds: string[];
  campaignIds: string[];
}
export type Activity = 'sent' | 'delivered' | 'opened' | 'clicked' | 'bounced' | 'unsubscribed' | 'spam';
export type Activities = Record<Activity, boolean>;
export interface EngagementOptions {
  excludeBots: boolean;
  everyOpen: boolean;
  createContacts: boolean;
  /** 'activation', 'last_30_days' or an ISO 8601 time. */
  since: string;
  linkCompany: boolean;
  linkDeals: 'oldest_open' | 'newest_open' | 'all_open' | 'none';
  dealPipelines: string[];
  rollups: boolean;
}
export interface EngagementConnection extends ConnectionBase {
  type: 'engagement';
  sources: Sources;
  activities: Activities;
  options: EngagementOptions;
}
export type Connection = ContactConnection | EngagementConnection;

export interface Run {
  id: string;
  kind: 'initial' | 'continuous' | 'manual' | 'canary' | 'undo';
  state: 'queued' | 'running' | 'finished' | 'failed' | 'cancelled';
  done: number;
  total: number | null;
  ratePerSecond: number;
  estimatedSeconds: number | null;
  startedAt: string | null;
  finishedAt: string | null;
  counts?: Record<string, number>;
  error?: string | null;
}

export interface Counted {
  reason: string;
  count: number;
  message: string;
}

export interface Status {
  state: ConnectionState;
  stateReason: string | null;
  counts: { inSync: number; waiting: number; skipped: number; failed: number; engagements: number };
  skippedBy: Counted[];
  lagSeconds: number;
  run: Run | null;
  lastSuccessAt: string | null;
  /** Share of each vendor's limit that is left, 0 to 1. */
  budget: { hubspot: number; klaviyo: number };
}
export interface OverviewRow extends Status {
  id: string;
  name: string;
  type: ConnectionType;
}
export interface Banner {
  severity: string;
  message: string;
  fix: string;
  link: string | null;
}
export interface Overview {
  health: 'good' | 'attention' | 'broken';
  connections: OverviewRow[];
  banners: Banner[];
}

export interface Person {
  email: string | null;
  hubspotId: string | null;
  klaviyoId: string | null;
}

export interface Repair {
  kind: string;
  label: string;
  does: string;
  asks: 'region' | null;
}
export interface Issue {
  id: string;
  connectionId: string;
  code: string;
  title: string;
  detail: string;
  fix: string;
  contact: Person & { hubspotUrl: string | null };
  firstSeenAt: string;
  lastSeenAt: string;
  attempts: number;
  repair?: Repair | null;
}
export interface IssueGroup {
  code: string;
  title: string;
  fix: string;
  count: number;
  connectionId: string;
}
export interface IssueFilter {
  connectionId?: string;
  code?: string;
}

export type * from './report-types.js';

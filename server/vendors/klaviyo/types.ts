/** Names of the writable profile attributes, as in the HTTP interface; `location.*` are nested in Klaviyo's JSON. */
export const klaviyoAttributes = [
  'first_name',
  'last_name',
  'phone_number',
  'organization',
  'title',
  'locale',
  'image',
  'location.address1',
  'location.address2',
  'location.city',
  'location.region',
  'location.zip',
  'location.country',
  'location.timezone',
] as const;

export type SuppressionReason =
  | 'HARD_BOUNCE'
  | 'INVALID_EMAIL'
  | 'SPAM_COMPLAINT'
  | 'UNSUBSCRIBE'
  | 'USER_SUPPRESSED'
  | (string & {});

export interface KlaviyoConsent {
  consent: 'SUBSCRIBED' | 'UNSUBSCRIBED' | 'NEVER_SUBSCRIBED' | (string & {});
  consentAt: string | null;
  lastUpdated: string | null;
  suppressions: { reason: SuppressionReason; at: string | null }[];
  listSuppressions: { listId: string; reason: SuppressionReason; at: string | null }[];
}

export interface KlaviyoProfile {
  id: string;
  email: string | null;
  phoneNumber: string | null;
  /** Attribute values by interface name (`first_name`, `location.city`, …); null when unset. */
  attributes: Record<string, string | number | null>;
  /** Custom properties as JSON; keys starting with `$` are left out. */
  properties: Record<string, unknown>;
  /** Present when the read asked for it. */
  subscription?: KlaviyoConsent;
  created: string;
  updated: string;
  /** Present when read as a member of a list or segment. */
  joinedGroupAt?: string;
}

/** What to write to one profile. Absent fields are left alone; null empties an attribute; `unset` removes properties. */
export interface KlaviyoProfileWrite {
  /** Set for a known profile. Without it Klaviyo matches on email, and creates when there is none. */
  id?: string;
  email?: string;
  attributes: Record<string, string | number | null>;
  properties: Record<string, unknown>;
  unset: string[];
}

export interface KlaviyoList {
  id: string;
  name: string;
  created: string;
  updated: string;
  optIn?: 'single_opt_in' | 'double_opt_in';
}

export interface KlaviyoSegment {
  id: string;
  name: string;
  active: boolean;
  processing: boolean;
}

export type ImportJob = {
  id: string;
  status: 'queued' | 'processing' | 'complete' | 'cancelled';
  total: number;
  completed: number;
  failed: number;
};

export interface KlaviyoTokens {
  accessToken: string;
  refreshToken: string;
  /** Seconds. */
  expiresIn: number;
  scopes: string[];
}

export type { Priority } from '../hubspot/types.js';

import type { Suppression } from '../seed/people.js';
import type { Timeline } from './timeline.js';

export type Consent = 'SUBSCRIBED' | 'UNSUBSCRIBED' | 'NEVER_SUBSCRIBED';

export interface Profile {
  id: string;
  email: string | null;
  phone_number: string | null;
  external_id: string | null;
  first_name: string | null;
  last_name: string | null;
  organization: string | null;
  title: string | null;
  locale: string | null;
  image: string | null;
  location: Record<string, string | number | null>;
  properties: Record<string, unknown>;
  /** Milliseconds, like every moment here. */
  created: number;
  updated: number;
  lastEventAt: number | null;
  consent: Consent;
  consentAt: number | null;
  /** How the consent came about, as Klaviyo names it. */
  method: string | null;
  doubleOptIn: boolean;
  suppressions: { reason: Suppression; at: number }[];
  listSuppressions: { listId: string; reason: Suppression; at: number }[];
}

export interface List {
  id: string;
  name: string;
  optIn: 'single_opt_in' | 'double_opt_in';
  created: number;
  updated: number;
  /** Profile id → when it joined. */
  members: Timeline;
}

export interface Segment {
  id: string;
  name: string;
  created: number;
  updated: number;
  active: boolean;
  starred: boolean;
  definition: Record<string, unknown>;
  matches: (profile: Profile) => boolean;
  members: Timeline;
}

export interface ImportJob {
  id: string;
  createdAt: number;
  finishedAt: number | null;
  total: number;
  completed: number;
  listIds: string[];
  profileIds: string[];
  errors: { id: string; code: string; title: string; detail: string; pointer: string; payload: unknown }[];
}

export interface SuppressionJob {
  id: string;
  kind: 'create' | 'delete';
  createdAt: number;
  finishedAt: number | null;
  listId: string | null;
  segmentId: string | null;
  total: number;
  completed: number;
  skipped: number;
}

export interface Webhook {
  id: string;
  name: string;
  description: string | null;
  endpointUrl: string;
  secret: string;
  enabled: boolean;
  created: number;
  updated: number;
  topics: string[];
}

export const scalars = ['first_name', 'last_name', 'organization', 'title', 'locale', 'image', 'external_id'] as const;

export const locationFields = [
  'address1',
  'address2',
  'city',
  'country',
  'latitude',
  'longitude',
  'region',
  'zip',
  'timezone',
  'ip',
];

/** Somebody of whom nothing is known yet. */
export function blankProfile(id: string, created: number): Profile {
  return {
    id,
    email: null,
    phone_number: null,
    external_id: null,
    first_name: null,
    last_name: null,
    organization: null,
    title: null,
    locale: null,
    image: null,
    location: {},
    properties: {},
    created,
    updated: created,
    lastEventAt: null,
    consent: 'NEVER_SUBSCRIBED',
    consentAt: null,
    method: null,
    doubleOptIn: false,
    suppressions: [],
    listSuppressions: [],
  };
}

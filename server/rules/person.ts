import type { ConsentMemory } from './consent.js';
import type { OwnWrite } from './own-write.js';
import type { Base } from './reconcile.js';

/** What a pass knows of one person: both records as just read, their link, and the memberships that rules ask for. */
export interface Person {
  hubspot: HubspotRecord | null;
  klaviyo: KlaviyoRecord | null;
  link: LinkedPair | null;
  /** The link names a record that the side answered does not exist (any more). */
  gone: { hubspot: boolean; klaviyo: boolean };
  /** HubSpot lists the contact is on, of those that rules name. */
  hubspotLists: ReadonlySet<string>;
  /** Klaviyo lists and segments the profile is on, of those that rules name. */
  klaviyoGroups: ReadonlySet<string>;
  /** Properties of the contact's primary company, of those that mappings name. */
  company: Record<string, string | null> | null;
  /** Another record that already holds the email which the pair would take on that side (B6). */
  emailHolder: { hubspot?: string; klaviyo?: string };
  /** The Klaviyo profile's email is a secondary email of this contact (B5). */
  secondaryOf: string | null;
  /** The record's email belongs to a pair or an older record already (B4). */
  duplicateOf: string | null;
  /** The partner was deleted by a person, so it is not created again until somebody edits this record (B11). */
  tombstone: Tombstone | null;
  /** The person asked to be forgotten: nothing is created of them, ever (B11). */
  erased: boolean;
  /** Set when the link's contact was merged into another one, which is given here (B7). */
  mergedInto: Person | null;
  /** A profile of a contact that was merged into this one had opted out (C6). */
  mergedOptOut: boolean;
  /** What is remembered of the person's consent. */
  consent: ConsentMemory;
  /** Limited connections that have chosen this person (F9). */
  admittedBy: ReadonlySet<string>;
  /** Set when neither side has the record any more: only what was kept of it is left to clear. */
  vanishedId?: { side: 'hubspot' | 'klaviyo'; id: string };
  /** What earlier passes left standing, by connection. */
  standings: readonly Standing[];
  /** Lists of which nobody knows whether the profile is on them: the answer to the last write was lost. */
  listWrites: readonly ListWrite[];
  /** What we sent to either record without learning whether it was taken, oldest first. */
  ownWrites: readonly OwnWrite[];
}

export interface HubspotRecord {
  id: string;
  properties: Record<string, string | null>;
  createdAt: string;
}

export interface KlaviyoRecord {
  id: string;
  email: string | null;
  attributes: Record<string, string | number | null>;
  properties: Record<string, unknown>;
  subscription?: Subscription;
  created: string;
  updated: string;
}

export interface Subscription {
  consent: string;
  suppressions: readonly { reason: string }[];
  listSuppressions?: readonly { listId: string; reason: string }[];
}

/** What the pair had agreed on when one of its records was deleted. */
export interface Tombstone {
  reason: 'deleted_in_hubspot' | 'deleted_in_klaviyo' | 'merged_in_klaviyo' | 'undone';
  /** By field key; the email under `email`. */
  base: Readonly<Record<string, Base>>;
}

/** The remembered pair and the values both sides last agreed on, by field key. */
export interface LinkedPair {
  id: string;
  hubspotId: string;
  klaviyoId: string;
  email: string;
  base: Readonly<Record<string, Base>>;
}

export interface Standing {
  connectionId: string;
  state: 'in_sync' | 'skipped' | 'failed' | 'not_in_scope';
  reason: string | null;
  message: string | null;
  /** Klaviyo lists this connection's rules keep the person on. */
  lists: readonly string[];
  /** Fingerprint of the rules that put them there. */
  rulesKey: string;
}

/** The profile was being put on a list, or taken off it, for a connection. */
export interface ListWrite {
  connectionId: string;
  listId: string;
  /** Fingerprint of the rules that asked for it. */
  rulesKey: string;
}

import { randomBytes } from 'node:crypto';
import type { Person, Suppression } from '../seed/people.js';

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
  created: number;
  updated: number;
  consent: 'SUBSCRIBED' | 'UNSUBSCRIBED' | 'NEVER_SUBSCRIBED';
  consentAt: number | null;
  suppressions: { reason: Suppression; at: number }[];
  /** Rising number: the order of equal times. */
  serial: number;
}

export interface List {
  id: string;
  name: string;
  optIn: 'single_opt_in' | 'double_opt_in';
  created: number;
  updated: number;
  /** Profile id → when it joined. */
  members: Map<string, number>;
}

export interface Segment {
  id: string;
  name: string;
  created: number;
  matches: (profile: Profile) => boolean;
}

export interface ImportJob {
  id: string;
  createdAt: number;
  readyAt: number;
  total: number;
  completed: number;
  profileIds: string[];
  errors: { code: string; title: string; detail: string; pointer: string; payload: unknown }[];
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

/** Klaviyo's newer ids begin with a time; these do too, so that they sort by age. */
function ulid(serial: number): string {
  return `01${serial.toString(36).toUpperCase().padStart(10, '0')}${randomBytes(8).toString('hex').toUpperCase().slice(0, 14)}`;
}

/** Everything of one company. */
export class Account {
  readonly profiles = new Map<string, Profile>();
  readonly byEmail = new Map<string, string>();
  readonly byPhone = new Map<string, string>();
  readonly byExternalId = new Map<string, string>();
  readonly lists = new Map<string, List>();
  readonly segments = new Map<string, Segment>();
  readonly imports = new Map<string, ImportJob>();
  readonly mergedInto = new Map<string, string>();
  /** Private keys; null scopes mean full access. */
  readonly keys = new Map<string, string[] | null>();
  private serial = 0;
  private lastMs = 0;

  constructor(
    readonly id: string,
    readonly name: string,
  ) {
    this.keys.set(`pk_sandbox_${id}`, null);
    const now = Date.now();
    const list = (listId: string, listName: string, optIn: List['optIn']): void =>
      void this.lists.set(listId, {
        id: listId,
        name: listName,
        optIn,
        created: now,
        updated: now,
        members: new Map(),
      });
    list('NwsLtr', 'Newsletter', 'double_opt_in');
    list('CstHub', 'Customers from HubSpot', 'single_opt_in');
    list('VipLst', 'VIP', 'single_opt_in');
    const recently = (days: number) => (profile: Profile) => now - profile.updated < days * 86_400_000;
    this.segments.set('Engd90', {
      id: 'Engd90',
      name: 'Engaged 90 days',
      created: now,
      matches: (profile) => profile.consent === 'SUBSCRIBED' && recently(3650)(profile),
    });
    this.segments.set('DeSpkr', {
      id: 'DeSpkr',
      name: 'German speakers',
      created: now,
      matches: (profile) => profile.location['country'] === 'Germany',
    });
  }

  now(): number {
    this.lastMs = Math.max(Date.now(), this.lastMs);
    return this.lastMs;
  }

  find(id: string): Profile | undefined {
    return this.profiles.get(id) ?? this.profiles.get(this.mergedInto.get(id) ?? '');
  }

  holder(identity: {
    email?: string | null | undefined;
    phone_number?: string | null | undefined;
    external_id?: string | null | undefined;
  }): Profile[] {
    const ids = [
      identity.email ? this.byEmail.get(identity.email.trim().toLowerCase()) : undefined,
      identity.phone_number ? this.byPhone.get(identity.phone_number) : undefined,
      identity.external_id ? this.byExternalId.get(identity.external_id) : undefined,
    ];
    return [...new Set(ids.filter((id) => id !== undefined))].flatMap((id) => this.profiles.get(id) ?? []);
  }

  create(at = this.now()): Profile {
    this.serial += 1;
    const profile: Profile = {
      id: ulid(this.serial),
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
      created: at,
      updated: at,
      consent: 'NEVER_SUBSCRIBED',
      consentAt: null,
      suppressions: [],
      serial: this.serial,
    };
    this.profiles.set(profile.id, profile);
    return profile;
  }

  /** Changes identities and keeps the indexes with them. */
  identify(
    profile: Profile,
    identity: { email?: string | null; phone_number?: string | null; external_id?: string | null },
  ): void {
    const move = (index: Map<string, string>, before: string | null, after: string | null): void => {
      if (before !== null && index.get(before) === profile.id) index.delete(before);
      if (after !== null) index.set(after, profile.id);
    };
    if (identity.email !== undefined) {
      move(this.byEmail, profile.email?.trim().toLowerCase() ?? null, identity.email?.trim().toLowerCase() ?? null);
      profile.email = identity.email;
    }
    if (identity.phone_number !== undefined) {
      move(this.byPhone, profile.phone_number, identity.phone_number);
      profile.phone_number = identity.phone_number;
    }
    if (identity.external_id !== undefined) {
      move(this.byExternalId, profile.external_id, identity.external_id);
      profile.external_id = identity.external_id;
    }
  }

  touch(profile: Profile): void {
    this.serial += 1;
    profile.serial = this.serial;
    profile.updated = this.now();
  }

  remove(profile: Profile): void {
    this.identify(profile, { email: null, phone_number: null, external_id: null });
    this.profiles.delete(profile.id);
    for (const list of this.lists.values()) list.members.delete(profile.id);
  }

  /** Merges one profile into another: the destination's values win, gaps are filled, suppression stays (strictest). */
  merge(source: Profile, destination: Profile): void {
    for (const name of scalars) destination[name] ??= source[name];
    destination.properties = { ...source.properties, ...destination.properties };
    destination.location = { ...source.location, ...destination.location };
    const { email, phone_number } = source;
    for (const list of this.lists.values())
      if (list.members.has(source.id)) list.members.set(destination.id, this.now());
    destination.suppressions.push(...source.suppressions);
    if (source.consent === 'UNSUBSCRIBED') destination.consent = 'UNSUBSCRIBED';
    this.remove(source);
    this.identify(destination, {
      email: destination.email ?? email,
      phone_number: destination.phone_number ?? phone_number,
    });
    this.mergedInto.set(source.id, destination.id);
    this.touch(destination);
  }

  unsubscribe(profile: Profile, reason: Suppression = 'UNSUBSCRIBE'): void {
    profile.consent = 'UNSUBSCRIBED';
    profile.consentAt = this.now();
    if (!profile.suppressions.some((one) => one.reason === reason))
      profile.suppressions.push({ reason, at: this.now() });
  }

  subscribe(profile: Profile): void {
    profile.consent = 'SUBSCRIBED';
    profile.consentAt = this.now();
    // The trap: a subscribe call lifts these suppressions.
    profile.suppressions = profile.suppressions.filter(
      (one) => !['UNSUBSCRIBE', 'SPAM_COMPLAINT', 'USER_SUPPRESSED'].includes(one.reason),
    );
  }

  seed(people: readonly Person[]): void {
    for (const person of people) {
      const side = person.klaviyo;
      if (side === null) continue;
      const profile = this.create(Date.parse(person.createdAt) + 86_400_000);
      const phoneFree = side.phone !== null && !this.byPhone.has(side.phone);
      this.identify(profile, { email: side.email, ...(phoneFree ? { phone_number: side.phone } : {}) });
      Object.assign(profile, {
        first_name: side.firstName,
        last_name: side.lastName,
        organization: side.organization,
        title: side.title,
        consent: side.consent,
        consentAt: profile.created,
      });
      profile.location = { ...(side.city === null ? {} : { city: side.city }), country: person.countryName };
      profile.properties = {
        ...(person.colours[0] === undefined ? {} : { 'Favourite Colour': person.colours[0], Colours: person.colours }),
        ...(person.points === null ? {} : { 'Loyalty Points': person.points }),
        ...(person.newsletter === null ? {} : { Newsletter: person.newsletter }),
        ...(person.birthday === null ? {} : { Birthday: person.birthday }),
      };
      if (side.suppression !== null) profile.suppressions.push({ reason: side.suppression, at: profile.created });
      if (person.key % 2 === 0) this.lists.get('NwsLtr')?.members.set(profile.id, profile.created);
      if (person.key % 13 === 0) this.lists.get('VipLst')?.members.set(profile.id, profile.created);
    }
  }
}

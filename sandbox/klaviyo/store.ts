import { createHash } from 'node:crypto';
import { seededRandom } from '../core/random.js';
import type { Suppression } from '../seed/people.js';
import { EventStore, shortId, type NewEvent, type StoredEvent } from './event-store.js';
import { makeCampaigns, makeFlows, sendsOf, type Campaign, type Flow, type Send } from './messages.js';
import {
  blankProfile,
  scalars,
  type ImportJob,
  type List,
  type Profile,
  type Segment,
  type SuppressionJob,
  type Webhook,
} from './records.js';
import { makeSegments } from './segment-seed.js';
import { Timeline } from './timeline.js';

export type { List, Profile, Segment } from './records.js';

export interface AccountOptions {
  /** After how long an event is listed. */
  eventLagMs?: number;
  /** After how long a segment notices a change. */
  segmentDelayMs?: number;
  /** Whether a change of consent moves the profile's `updated`. */
  consentMovesUpdated?: boolean;
  /** For how long the id of a merged profile leads to what it became. */
  mergedIdsMs?: number;
  /** Numbers that are well formed and that Klaviyo still does not take: its own check is stricter than E.164. */
  unknownNumbers?: RegExp;
}

export interface Identity {
  email?: string | null | undefined;
  phone_number?: string | null | undefined;
  external_id?: string | null | undefined;
}

const emailKey = (email: string): string => email.trim().toLowerCase();

/** Everything of one company. */
export class Account {
  readonly profiles = new Map<string, Profile>();
  readonly byEmail = new Map<string, string>();
  readonly byPhone = new Map<string, string>();
  readonly byExternalId = new Map<string, string>();
  /** Orders to page through. */
  readonly made = new Timeline();
  readonly created = new Timeline();
  readonly updated = new Timeline();
  readonly suppressed = new Timeline();
  readonly lists = new Map<string, List>();
  readonly segments = new Map<string, Segment>();
  readonly imports = new Map<string, ImportJob>();
  readonly suppressionJobs = new Map<string, SuppressionJob>();
  readonly webhooks = new Map<string, Webhook>();
  readonly campaigns: Campaign[];
  readonly flows: Flow[];
  readonly sends: Send[];
  readonly events: EventStore;
  /** Private keys; null scopes mean full access. */
  readonly keys = new Map<string, string[] | null>();
  /** Who has been asked to confirm a subscription, and for which list. */
  readonly unconfirmed = new Map<string, Set<string>>();
  /** Hears of every event that happens. */
  onEvent: (event: StoredEvent) => void = () => undefined;
  readonly random: () => number;
  private readonly mergedInto = new Map<string, { id: string; until: number }>();
  private reassessments: { due: number; id: string }[] = [];
  private serial = 0;
  private lastMs = 0;

  constructor(
    readonly id: string,
    readonly name: string,
    private readonly options: AccountOptions = {},
  ) {
    this.random = seededRandom(createHash('sha256').update(id).digest().readUInt32BE(0));
    this.keys.set(`pk_sandbox_${id}`, null);
    const now = Date.now();
    this.events = new EventStore(this.random, options.eventLagMs ?? 0);
    this.addList('NwsLtr', 'Newsletter', 'double_opt_in');
    this.addList('CstHub', 'Customers from HubSpot', 'single_opt_in');
    this.addList('VipLst', 'VIP', 'single_opt_in');
    this.campaigns = makeCampaigns(this.random, now);
    this.flows = makeFlows(this.random, now);
    this.sends = sendsOf(this.campaigns, this.flows);
    for (const segment of makeSegments(now, this.events)) this.segments.set(segment.id, segment);
  }

  /** Now, never going back. */
  now(): number {
    this.lastMs = Math.max(Date.now(), this.lastMs);
    return this.lastMs;
  }

  newId(length = 6): string {
    return shortId(this.random, length);
  }

  addList(id: string, name: string, optIn: List['optIn']): List {
    const now = this.now();
    const list = { id, name, optIn, created: now, updated: now, members: new Timeline() };
    this.lists.set(id, list);
    return list;
  }

  /** A profile by its id, or by the id of one that was merged into it a while ago. */
  find(id: string): Profile | undefined {
    const merged = this.mergedInto.get(id);
    const successor = merged !== undefined && merged.until > Date.now() ? this.find(merged.id) : undefined;
    return this.profiles.get(id) ?? successor;
  }

  /** Whether a number is one that Klaviyo takes. */
  takesPhone(phone: string): boolean {
    return /^\+[1-9]\d{6,14}$/.test(phone) && this.options.unknownNumbers?.test(phone) !== true;
  }

  /** Whoever holds one of the identities; several when they are of several people. */
  holder(identity: Identity): Profile[] {
    const ids = [
      identity.email ? this.byEmail.get(emailKey(identity.email)) : undefined,
      identity.phone_number ? this.byPhone.get(identity.phone_number) : undefined,
      identity.external_id ? this.byExternalId.get(identity.external_id) : undefined,
    ];
    return [...new Set(ids.filter((id) => id !== undefined))].flatMap((id) => this.profiles.get(id) ?? []);
  }

  create(at = this.now()): Profile {
    this.serial += 1;
    // Newer ids of Klaviyo begin with a time: they sort by age.
    const id = `01${this.serial.toString(36).toUpperCase().padStart(10, '0')}${shortId(this.random, 14, '0123456789ABCDEFGHJKMNPQRSTVWXYZ')}`;
    const profile = blankProfile(id, at);
    this.profiles.set(id, profile);
    this.made.set(id, this.serial);
    this.created.set(id, at);
    this.updated.set(id, at);
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
    const { email, phone_number: phone, external_id: externalId } = identity;
    if (email !== undefined) {
      move(
        this.byEmail,
        profile.email === null ? null : emailKey(profile.email),
        email === null ? null : emailKey(email),
      );
      profile.email = email;
    }
    if (phone !== undefined) {
      move(this.byPhone, profile.phone_number, phone);
      profile.phone_number = phone;
    }
    if (externalId !== undefined) {
      move(this.byExternalId, profile.external_id, externalId);
      profile.external_id = externalId;
    }
  }

  /** To be called after a profile's values have changed. */
  touch(profile: Profile): void {
    profile.updated = this.now();
    this.updated.set(profile.id, profile.updated);
    this.reassess(profile);
  }

  /** To be called after a profile's consent or suppression has changed. */
  consentChanged(profile: Profile): void {
    const last = profile.suppressions.reduce((latest, { at }) => Math.max(latest, at), 0);
    if (last > 0) this.suppressed.set(profile.id, last);
    else this.suppressed.delete(profile.id);
    if (this.options.consentMovesUpdated === true) this.touch(profile);
    else this.reassess(profile);
  }

  remove(profile: Profile): void {
    this.identify(profile, { email: null, phone_number: null, external_id: null });
    this.profiles.delete(profile.id);
    for (const order of [this.made, this.created, this.updated, this.suppressed]) order.delete(profile.id);
    for (const { members } of [...this.lists.values(), ...this.segments.values()]) members.delete(profile.id);
  }

  /**
   * Merges one profile into another: the destination's values win, gaps are filled from the source, suppression stays
   * (the strictest state). The source's events are the destination's from then on, and are told again.
   */
  merge(source: Profile, destination: Profile): void {
    for (const name of scalars) destination[name] ??= source[name];
    destination.properties = { ...source.properties, ...destination.properties };
    const [fuller, other] =
      Object.keys(source.location).length > Object.keys(destination.location).length
        ? [source.location, destination.location]
        : [destination.location, source.location];
    const timezone = source.location['timezone'] ?? destination.location['timezone'];
    destination.location = { ...other, ...fuller, ...(timezone === undefined ? {} : { timezone }) };
    const { email, phone_number: phone, external_id: externalId } = source;
    for (const list of this.lists.values()) {
      if (list.members.has(source.id) && !list.members.has(destination.id))
        list.members.set(destination.id, this.now());
    }
    for (const one of source.suppressions) {
      if (!destination.suppressions.some(({ reason }) => reason === one.reason)) destination.suppressions.push(one);
    }
    destination.listSuppressions.push(...source.listSuppressions);
    if (source.consent === 'UNSUBSCRIBED') destination.consent = 'UNSUBSCRIBED';
    this.remove(source);
    this.identify(destination, {
      email: destination.email ?? email,
      phone_number: destination.phone_number ?? phone,
      external_id: destination.external_id ?? externalId,
    });
    this.mergedInto.set(source.id, { id: destination.id, until: Date.now() + (this.options.mergedIdsMs ?? 600_000) });
    const replayed = this.events.reassign(source.id, destination.id);
    this.consentChanged(destination);
    this.touch(destination);
    this.emit(destination, { metric: 'Merged Profile', properties: { 'Merged Profile ID': source.id } });
    for (const event of replayed) this.onEvent(event);
  }

  unsubscribe(profile: Profile, reason: Suppression = 'UNSUBSCRIBE'): void {
    profile.consent = 'UNSUBSCRIBED';
    profile.consentAt = this.now();
    this.suppress(profile, reason);
  }

  suppress(profile: Profile, reason: Suppression): void {
    if (!profile.suppressions.some((one) => one.reason === reason))
      profile.suppressions.push({ reason, at: this.now() });
    this.consentChanged(profile);
  }

  subscribe(profile: Profile, { at = this.now(), method = 'API', doubleOptIn = false } = {}): void {
    profile.consent = 'SUBSCRIBED';
    Object.assign(profile, { consentAt: at, method, doubleOptIn });
    // The trap: a subscribe call lifts these suppressions.
    const lifted: Suppression[] = ['UNSUBSCRIBE', 'SPAM_COMPLAINT', 'USER_SUPPRESSED'];
    profile.suppressions = profile.suppressions.filter((one) => !lifted.includes(one.reason));
    this.consentChanged(profile);
  }

  /** Something happens to a person, now unless told otherwise. */
  emit(profile: Profile, event: Omit<NewEvent, 'profileId' | 'at'> & { at?: number }): StoredEvent {
    const stored = this.events.record({ ...event, profileId: profile.id, at: event.at ?? this.now() });
    profile.lastEventAt = Math.max(profile.lastEventAt ?? 0, stored.at);
    this.reassess(profile);
    this.onEvent(stored);
    return stored;
  }

  private reassess(profile: Profile): void {
    this.reassessments.push({ due: Date.now() + (this.options.segmentDelayMs ?? 0), id: profile.id });
    if (this.reassessments.length > 5000) this.settleSegments();
  }

  /** Brings the segments up to what is due; to be called before they are read. */
  settleSegments(): void {
    const now = Date.now();
    const waiting: typeof this.reassessments = [];
    const due = new Set<string>();
    for (const one of this.reassessments) {
      if (one.due <= now) due.add(one.id);
      else waiting.push(one);
    }
    this.reassessments = waiting;
    for (const id of due) {
      const profile = this.profiles.get(id);
      if (profile === undefined) continue;
      for (const { members, matches } of this.segments.values()) {
        const fits = matches(profile);
        if (fits && !members.has(id)) members.set(id, this.now());
        else if (!fits) members.delete(id);
      }
    }
  }
}

import { noMemory, optedOutInKlaviyo, strictest, type ConsentMemory } from '../rules/consent.js';
import { normalEmail } from '../rules/email.js';
import { mergedIds } from '../rules/merged-ids.js';
import type { OwnWrite } from '../rules/own-write.js';
import type { ListWrite, Person, Standing, Tombstone } from '../rules/person.js';
import type { Link } from '../store/links.js';
import type { OpenOwnWrites } from '../store/own-writes.js';
import type { HubspotContact } from '../vendors/hubspot/types.js';
import type { KlaviyoProfile } from '../vendors/klaviyo/types.js';

/** All that was read for one batch, by id. */
export interface Evidence {
  /** Records that this batch is about; others were only read to find partners. */
  asked: { hubspot: ReadonlySet<string>; klaviyo: ReadonlySet<string> };
  contacts: ReadonlyMap<string, HubspotContact>;
  profiles: ReadonlyMap<string, KlaviyoProfile>;
  links: ReadonlyMap<string, Link>;
  gone: { hubspot: ReadonlySet<string>; klaviyo: ReadonlySet<string> };
  byEmail: { contacts: ReadonlyMap<string, HubspotContact>; profiles: ReadonlyMap<string, KlaviyoProfile[]> };
  hubspotLists: ReadonlyMap<string, string[]>;
  klaviyoGroups: ReadonlyMap<string, ReadonlySet<string>>;
  companies: ReadonlyMap<string, Record<string, string | null>>;
  standings: ReadonlyMap<string, readonly Standing[]>;
  /** List writes whose outcome is not known, by profile. */
  listWrites: ReadonlyMap<string, readonly ListWrite[]>;
  /** Our writes whose answer was lost. */
  ownWrites: OpenOwnWrites;
  /** Why the partner of a record is not to be recreated, by `side:id`. */
  tombstones: ReadonlyMap<string, Tombstone>;
  /** What is remembered of people's consent, by email. */
  consents: ReadonlyMap<string, ConsentMemory>;
  /** Emails of people who asked to be forgotten. */
  erased: ReadonlySet<string>;
  /** Limited connections that have chosen a person, by email. */
  admitted: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Forms persons of what was read: linked pairs stay together, records without a link find their partner by email, the
 * oldest first (B3–B5). Each record ends up in one person. Pure.
 */
export function formPersons(evidence: Evidence): Person[] {
  const taken = { hubspot: new Set<string>(), klaviyo: new Set<string>() };
  const linked = new Map<string, Link>();
  const { kept, released, former } = inherit(evidence);
  for (const link of kept) {
    linked.set(`hubspot:${link.hubspotId}`, link);
    linked.set(`klaviyo:${link.klaviyoId}`, link);
  }
  const persons: Person[] = [];
  const add = (contact: HubspotContact | null, profile: KlaviyoProfile | null, more: Partial<Person>): void => {
    if (contact !== null) taken.hubspot.add(contact.id);
    if (profile !== null) taken.klaviyo.add(profile.id);
    persons.push(person(evidence, contact, profile, more, former.get(contact?.id ?? '')));
  };

  const holders = holdersOf(evidence);
  // Klaviyo answers a merged profile's id with the profile it was merged into; that may have its own pair (B7).
  const profileOf = (link: Link): { profile: KlaviyoProfile | null; swallowedBy: KlaviyoProfile | null } => {
    const found = evidence.profiles.get(link.klaviyoId) ?? null;
    const swallowed = found !== null && holders.get(found.id) !== link.id;
    return swallowed ? { profile: null, swallowedBy: found } : { profile: found, swallowedBy: null };
  };
  for (const link of new Set(linked.values())) {
    if (!evidence.asked.hubspot.has(link.hubspotId) && !evidence.asked.klaviyo.has(link.klaviyoId)) continue;
    const contact = evidence.contacts.get(link.hubspotId) ?? null;
    const { profile, swallowedBy } = profileOf(link);
    const gone = {
      hubspot: contact === null && evidence.gone.hubspot.has(link.hubspotId),
      klaviyo: swallowedBy !== null || (profile === null && evidence.gone.klaviyo.has(link.klaviyoId)),
    };
    taken.hubspot.add(link.hubspotId);
    taken.klaviyo.add(link.klaviyoId);
    add(contact, profile, {
      link: { ...link, klaviyoId: profile?.id ?? link.klaviyoId },
      gone,
      emailHolder: emailHolder(evidence, contact, profile),
      mergedInto: swallowedBy === null ? null : person(evidence, null, swallowedBy, {}),
      mergedOptOut: released.some(
        ({ link: loser, survivor }) => survivor.id === contact?.id && isOptedOut(evidence, loser),
      ),
    });
  }
  for (const { link, survivor } of released) {
    if (taken.klaviyo.has(link.klaviyoId)) continue;
    const { profile, swallowedBy } = profileOf(link);
    add(null, profile, {
      link,
      gone: { hubspot: true, klaviyo: swallowedBy !== null || evidence.gone.klaviyo.has(link.klaviyoId) },
      mergedInto: person(evidence, survivor, null, {}),
    });
    taken.hubspot.add(link.hubspotId);
    taken.klaviyo.add(link.klaviyoId);
  }
  const contacts = oldestFirst(
    [...evidence.contacts.values()].filter(
      (contact) => evidence.asked.hubspot.has(contact.id) && !linked.has(`hubspot:${contact.id}`),
    ),
    (contact) => contact.createdAt,
  );
  for (const contact of contacts) {
    if (taken.hubspot.has(contact.id)) continue;
    const email = normalEmail(contact.properties['email']);
    const candidates = email === null ? [] : profilesWith(evidence, email);
    const free = candidates.find((profile) => !linked.has(`klaviyo:${profile.id}`) && !taken.klaviyo.has(profile.id));
    const held = candidates.find((profile) => linked.has(`klaviyo:${profile.id}`) || taken.klaviyo.has(profile.id));
    // The oldest profile is the one to link; when another contact has it, this contact is the duplicate.
    add(contact, free ?? null, free === undefined && held !== undefined ? { duplicateOf: held.id } : {});
  }
  const profiles = oldestFirst(
    [...evidence.profiles.values()].filter(
      (profile) => evidence.asked.klaviyo.has(profile.id) && !linked.has(`klaviyo:${profile.id}`),
    ),
    (profile) => profile.created,
  );
  for (const profile of profiles) {
    if (taken.klaviyo.has(profile.id)) continue;
    const email = normalEmail(profile.email);
    const contact = email === null ? undefined : evidence.byEmail.contacts.get(email);
    if (contact === undefined) add(null, profile, {});
    else if (normalEmail(contact.properties['email']) !== email) add(null, profile, { secondaryOf: contact.id });
    else if (linked.has(`hubspot:${contact.id}`) || taken.hubspot.has(contact.id))
      add(null, profile, { duplicateOf: contact.id });
    else {
      const older = profilesWith(evidence, email ?? '').find(
        (other) => !linked.has(`klaviyo:${other.id}`) && !taken.klaviyo.has(other.id),
      );
      if (older !== undefined && older.id !== profile.id && older.created < profile.created)
        add(null, profile, { duplicateOf: contact.id });
      else add(contact, profile, {});
    }
  }
  for (const side of ['hubspot', 'klaviyo'] as const) {
    for (const id of evidence.gone[side]) {
      if (!linked.has(`${side}:${id}`)) persons.push(vanished(evidence, side, id));
    }
  }
  return persons;
}

/** Which link each profile belongs to: the one that names it, else the oldest of those whose profile went up in it. */
function holdersOf({ links, profiles }: Evidence): Map<string, string> {
  const holders = new Map([...links.values()].map((link) => [link.klaviyoId, link.id]));
  for (const link of [...links.values()].sort((a, b) => Number(a.id) - Number(b.id))) {
    const found = profiles.get(link.klaviyoId);
    if (found !== undefined && !holders.has(found.id)) holders.set(found.id, link.id);
  }
  return holders;
}

/**
 * Links as they stand after merges in HubSpot (B7): the survivor keeps its own link, else takes over the one whose email
 * it kept; links of the others that it swallowed are released.
 */
function inherit(evidence: Evidence): {
  kept: Link[];
  released: { link: Link; survivor: HubspotContact }[];
  /** By survivor: the contact whose link it took over. */
  former: Map<string, string>;
} {
  const former = new Map<string, string>();
  const links = new Map([...evidence.links.values()].map((link) => [link.hubspotId, link]));
  const released: { link: Link; survivor: HubspotContact }[] = [];
  for (const contact of evidence.contacts.values()) {
    const inherited = mergedIds(contact).flatMap((id) => (id === contact.id ? [] : (links.get(id) ?? [])));
    if (inherited.length === 0) continue;
    const email = normalEmail(contact.properties['email']);
    const kept = links.get(contact.id) ?? inherited.find((link) => link.email === email) ?? inherited[0];
    for (const link of inherited) {
      links.delete(link.hubspotId);
      if (link !== kept) released.push({ link, survivor: contact });
    }
    if (kept === undefined) continue;
    links.set(contact.id, { ...kept, hubspotId: contact.id });
    if (kept.hubspotId !== contact.id) former.set(contact.id, kept.hubspotId);
  }
  return { kept: [...links.values()], released, former };
}

const isOptedOut = (evidence: Evidence, link: Link): boolean =>
  optedOutInKlaviyo(evidence.profiles.get(link.klaviyoId)?.subscription ?? null);

function emailHolder(
  evidence: Evidence,
  contact: HubspotContact | null,
  profile: KlaviyoProfile | null,
): Person['emailHolder'] {
  const contactEmail = normalEmail(contact?.properties['email']);
  const profileEmail = normalEmail(profile?.email);
  const inHubspot = profileEmail === null ? undefined : evidence.byEmail.contacts.get(profileEmail);
  const inKlaviyo =
    contactEmail === null ? undefined : profilesWith(evidence, contactEmail).find((other) => other.id !== profile?.id);
  return {
    ...(inHubspot === undefined || inHubspot.id === contact?.id ? {} : { hubspot: inHubspot.id }),
    ...(inKlaviyo === undefined ? {} : { klaviyo: inKlaviyo.id }),
  };
}

/** Profiles with this email, oldest first. */
function profilesWith(evidence: Evidence, email: string): KlaviyoProfile[] {
  return oldestFirst([...(evidence.byEmail.profiles.get(email) ?? [])], (profile) => profile.created);
}

function oldestFirst<Item>(items: Item[], created: (item: Item) => string): Item[] {
  return items.sort((a, b) => created(a).localeCompare(created(b)));
}

function person(
  evidence: Evidence,
  contact: HubspotContact | null,
  profile: KlaviyoProfile | null,
  more: Partial<Person>,
  /** The contact whose link this one took over: what it had joined is this one's to leave. */
  formerId?: string,
): Person {
  const hubspotId = contact?.id ?? more.link?.hubspotId;
  const klaviyoId = profile?.id ?? more.link?.klaviyoId;
  const standings = [
    ...(hubspotId === undefined ? [] : (evidence.standings.get(`hubspot:${hubspotId}`) ?? [])),
    ...(formerId === undefined ? [] : (evidence.standings.get(`hubspot:${formerId}`) ?? [])),
    ...(klaviyoId === undefined ? [] : (evidence.standings.get(`klaviyo:${klaviyoId}`) ?? [])),
  ];
  const emails = [
    normalEmail(contact?.properties['email']),
    normalEmail(profile?.email),
    more.link?.email ?? null,
  ].filter((email) => email !== null);
  // A pair that takes an address which others had: what they carried it has not, even where nothing is remembered of itself (C6).
  const memories = [...new Set(emails)].flatMap(
    (email) => evidence.consents.get(email) ?? (email === more.link?.email ? noMemory : []),
  );
  const remaining = contact === null ? `klaviyo:${klaviyoId ?? ''}` : `hubspot:${contact.id}`;
  return {
    hubspot: contact,
    klaviyo: profile,
    link: null,
    gone: { hubspot: false, klaviyo: false },
    hubspotLists: new Set(contact === null ? [] : (evidence.hubspotLists.get(contact.id) ?? [])),
    klaviyoGroups: profile === null ? new Set() : (evidence.klaviyoGroups.get(profile.id) ?? new Set()),
    company: contact === null ? null : (evidence.companies.get(contact.id) ?? null),
    emailHolder: {},
    secondaryOf: null,
    duplicateOf: null,
    tombstone: contact !== null && profile !== null ? null : (evidence.tombstones.get(remaining) ?? null),
    erased: emails.some((email) => evidence.erased.has(email)),
    mergedInto: null,
    mergedOptOut: false,
    consent: memories.every((memory) => memory === noMemory) ? noMemory : strictest(memories),
    admittedBy: evidence.admitted.get(emails[0] ?? '') ?? new Set(),
    standings,
    listWrites: klaviyoId === undefined ? [] : (evidence.listWrites.get(klaviyoId) ?? []),
    ownWrites: ownWritesOf(evidence.ownWrites, hubspotId, klaviyoId, emails),
    ...more,
  };
}

/** What we sent to either record, in order, each once although it may be found under several names. */
function ownWritesOf(
  open: OpenOwnWrites,
  hubspotId: string | undefined,
  klaviyoId: string | undefined,
  emails: readonly string[],
): OwnWrite[] {
  if (open.size === 0) return [];
  const names = [
    `hubspot:${hubspotId ?? ''}`,
    `klaviyo:${klaviyoId ?? ''}`,
    ...emails.map((email) => `email:${email}`),
  ];
  const found = new Set(names.flatMap((name) => open.get(name) ?? []));
  return [...found].sort((a, b) => Number(a.id) - Number(b.id));
}

/** A record without a link that is there no more: only its standings are left to clear. */
function vanished(evidence: Evidence, side: 'hubspot' | 'klaviyo', id: string): Person {
  const base = person(evidence, null, null, {});
  return {
    ...base,
    gone: { ...base.gone, [side]: true },
    standings: evidence.standings.get(`${side}:${id}`) ?? [],
    vanishedId: { side, id },
  };
}

import type { ConsentMemory } from '../rules/consent.js';
import { normalEmail } from '../rules/email.js';
import { mergedIds } from '../rules/merged-ids.js';
import type { Person } from '../rules/person.js';
import { linksOfRecords, tombstonesOf, type Link } from '../store/links.js';
import { admittedOf, chooseWithinRoom } from '../store/admissions.js';
import { consentsOf } from '../store/consents.js';
import { openListWrites } from '../store/list-writes.js';
import { openOwnWrites } from '../store/own-writes.js';
import { standingsOf, type StandingRow } from '../store/standings.js';
import { primaryCompanies } from '../vendors/hubspot/associations.js';
import { readByIds as readCompanies } from '../vendors/hubspot/companies.js';
import * as hubspotContacts from '../vendors/hubspot/contacts.js';
import { listsOf } from '../vendors/hubspot/lists.js';
import type { HubspotContact, Priority } from '../vendors/hubspot/types.js';
import { membersByEmail as listMembersByEmail } from '../vendors/klaviyo/lists.js';
import * as klaviyoProfiles from '../vendors/klaviyo/profiles.js';
import { membersByEmail as segmentMembersByEmail } from '../vendors/klaviyo/segments.js';
import type { KlaviyoProfile } from '../vendors/klaviyo/types.js';
import type { AccountScope } from './account-scope.js';
import { erasedOf } from './erase.js';
import { formPersons, type Evidence } from './form-persons.js';
import { membersUnlessGone } from './missing-lists.js';
import type { Roster } from './roster.js';
import type { SyncContext } from './sync-context.js';

/** Records to look at. What a page of this very pass has brought is not read again. */
export interface BatchInput {
  hubspotIds: readonly string[];
  klaviyoIds: readonly string[];
  contacts?: readonly HubspotContact[];
  profiles?: readonly KlaviyoProfile[];
  /** All profiles as the run read them at its beginning: partners are looked up there. */
  roster?: Roster | null;
  /** Emails that no contact has, as the run read them at its beginning. */
  notInHubspot?: ReadonlySet<string>;
}

/**
 * Reads the present state of both sides for a batch of records, in batches, and forms persons of it. Never trusts a
 * payload: what a webhook or an older page said is only the reason to look.
 */
export async function gather(
  ctx: SyncContext,
  scope: AccountScope,
  input: BatchInput,
  priority: Priority,
): Promise<Person[]> {
  const hubspot = ctx.hubspot(scope.portalId, priority);
  const klaviyo = ctx.klaviyo(scope.klaviyoAccountId, priority);
  const { db } = ctx;
  const contacts = new Map((input.contacts ?? []).map((contact) => [contact.id, contact]));
  const profiles = new Map((input.profiles ?? []).map((profile) => [profile.id, profile]));
  const links = new Map<string, Link>();
  const remember = (found: readonly Link[]): void => found.forEach((link) => links.set(link.id, link));

  // 1. The records asked for, and the partners they are linked with.
  const hubspotIds = new Set([...input.hubspotIds, ...contacts.keys()]);
  const klaviyoIds = new Set([...input.klaviyoIds, ...profiles.keys()]);
  remember(await linksOfRecords(db, scope.klaviyoAccountId, [...hubspotIds], [...klaviyoIds]));
  for (const link of links.values()) {
    hubspotIds.add(link.hubspotId);
    klaviyoIds.add(link.klaviyoId);
  }
  const gone = { hubspot: new Set<string>(), klaviyo: new Set<string>() };
  const readContacts = async (ids: readonly string[]): Promise<void> => {
    const missing = ids.filter((id) => !contacts.has(id));
    if (missing.length === 0) return;
    const answer = await hubspotContacts.readByIds(hubspot, missing, scope.contactProperties);
    for (const [id, contact] of answer.contacts) contacts.set(id, contact);
    for (const id of answer.missing) gone.hubspot.add(id);
  };
  const readProfiles = async (ids: readonly string[]): Promise<void> => {
    const unknown = ids.filter((id) => !profiles.has(id));
    if (unknown.length === 0) return;
    const rostered = (await input.roster?.profilesById(unknown)) ?? new Map<string, KlaviyoProfile>();
    for (const [id, profile] of rostered) profiles.set(id, profile);
    const missing = unknown.filter((id) => !rostered.has(id));
    if (missing.length === 0) return;
    const answer = await klaviyoProfiles.readByIds(klaviyo, missing, { subscriptions: true });
    for (const id of missing) {
      const profile = answer.get(id);
      if (profile === undefined) gone.klaviyo.add(id);
      else {
        profiles.set(id, profile);
        // A merged profile's id is answered with the profile that took it in.
        profiles.set(profile.id, profile);
      }
    }
  };
  await Promise.all([readContacts([...hubspotIds]), readProfiles([...klaviyoIds])]);

  // 2. A merge gives the surviving contact the links of those it swallowed (B7).
  const inheritBy = async (survivors: Iterable<HubspotContact>): Promise<string[]> => {
    const swallowed = [...survivors].flatMap((contact) => mergedIds(contact));
    const inherited = await linksOfRecords(db, scope.klaviyoAccountId, swallowed, []);
    remember(inherited);
    await readProfiles(inherited.map((link) => link.klaviyoId));
    return inherited.map((link) => link.hubspotId);
  };
  await inheritBy(contacts.values());

  // 3. Partners by email: of records without a link, and holders of the email a pair is about to take (B4, B6).
  const byEmail = await findByEmail(hubspot, klaviyo, scope, { contacts, profiles, links }, input);
  const holders = [...byEmail.contacts.values()].filter((contact) => !contacts.has(contact.id));
  for (const contact of holders) contacts.set(contact.id, contact);
  // Who holds the address of a contact that is gone may have swallowed it, and others beside.
  const merged = await inheritBy(holders.filter((contact) => mergedIds(contact).some((id) => gone.hubspot.has(id))));
  if (merged.length > 0)
    for (const contact of holders) if (mergedIds(contact).some((id) => merged.includes(id))) hubspotIds.add(contact.id);
  for (const profile of [...byEmail.profiles.values()].flat())
    if (!profiles.has(profile.id)) profiles.set(profile.id, profile);
  remember(await linksOfRecords(db, scope.klaviyoAccountId, [...contacts.keys()], [...profiles.keys()]));

  // 4. What rules and mappings ask beside: memberships, companies, what earlier passes left.
  const emails = emailsOf(contacts.values(), profiles.values(), links.values());
  const limited = scope.connections
    .filter(({ options }) => options.limit !== null || options.stage !== 'all')
    .map(({ id }) => id);
  for (const connection of scope.connections) {
    // Room that the first choice left goes to newcomers; while it is under way nobody is chosen out of turn.
    if (connection.options.limit !== null && connection.state === 'active')
      await chooseWithinRoom(db, scope.portalId, connection.id, emails, connection.options.limit);
  }
  const [
    hubspotLists,
    klaviyoGroups,
    companies,
    standings,
    tombstones,
    consents,
    erased,
    admitted,
    listWrites,
    ownWrites,
  ] = await Promise.all([
    scope.lists.hubspotLists.length === 0 ? new Map<string, string[]>() : listsOf(hubspot, [...contacts.keys()]),
    groupsByEmail(klaviyo, scope, profiles),
    companiesOf(hubspot, scope, [...contacts.keys()]),
    standingsOf(
      db,
      scope.connections.map((connection) => connection.id),
      [...new Set([...contacts.keys(), ...gone.hubspot, ...[...links.values()].map((link) => link.hubspotId)])],
      [...new Set([...profiles.keys(), ...gone.klaviyo])],
    ),
    tombstonesOf(db, scope.klaviyoAccountId, [...contacts.keys()], [...profiles.keys()]),
    scope.readsConsent ? consentsOf(db, scope.klaviyoAccountId, emails) : new Map<string, ConsentMemory>(),
    erasedOf(ctx, scope.portalId, emails),
    limited.length === 0 ? new Map<string, Set<string>>() : admittedOf(db, limited, emails),
    openListWrites(db, scope.klaviyoAccountId, [...profiles.keys(), ...gone.klaviyo]),
    openOwnWrites(db, scope.klaviyoAccountId, {
      hubspotIds: [...contacts.keys()],
      klaviyoIds: [...profiles.keys()],
      emails,
    }),
  ]);
  const asked = { hubspot: hubspotIds, klaviyo: klaviyoIds };
  const evidence: Evidence = {
    asked,
    contacts,
    profiles,
    links,
    gone,
    byEmail,
    hubspotLists,
    klaviyoGroups,
    companies,
    tombstones,
    consents,
    erased,
    admitted,
    standings: byRecord(standings),
    listWrites,
    ownWrites,
  };
  return formPersons(evidence);
}

function emailsOf(
  contacts: Iterable<HubspotContact>,
  profiles: Iterable<KlaviyoProfile>,
  links: Iterable<Link>,
): string[] {
  const emails = [
    ...[...contacts].map((contact) => normalEmail(contact.properties['email'])),
    ...[...profiles].map((profile) => normalEmail(profile.email)),
    ...[...links].map((link) => link.email),
  ];
  return [...new Set(emails.filter((email) => email !== null))];
}

async function findByEmail(
  hubspot: ReturnType<SyncContext['hubspot']>,
  klaviyo: ReturnType<SyncContext['klaviyo']>,
  scope: AccountScope,
  seen: { contacts: Map<string, HubspotContact>; profiles: Map<string, KlaviyoProfile>; links: Map<string, Link> },
  { roster, notInHubspot }: Pick<BatchInput, 'roster' | 'notInHubspot'>,
): Promise<Evidence['byEmail']> {
  const linkOfContact = new Map([...seen.links.values()].map((link) => [link.hubspotId, link]));
  const linkOfProfile = new Map([...seen.links.values()].map((link) => [link.klaviyoId, link]));
  const wantedInKlaviyo = new Set<string>();
  const wantedInHubspot = new Set<string>();
  for (const contact of seen.contacts.values()) {
    const email = normalEmail(contact.properties['email']);
    const link = linkOfContact.get(contact.id);
    const partner = link === undefined ? undefined : seen.profiles.get(link.klaviyoId);
    if (email !== null && (link === undefined || normalEmail(partner?.email) !== email)) wantedInKlaviyo.add(email);
  }
  for (const profile of seen.profiles.values()) {
    const email = normalEmail(profile.email);
    const link = linkOfProfile.get(profile.id);
    const partner = link === undefined ? undefined : seen.contacts.get(link.hubspotId);
    const unpaired = link === undefined || normalEmail(partner?.properties['email']) !== email;
    if (email !== null && unpaired && notInHubspot?.has(email) !== true) wantedInHubspot.add(email);
  }
  const [contacts, profiles] = await Promise.all([
    wantedInHubspot.size === 0
      ? new Map<string, HubspotContact>()
      : hubspotContacts.readByEmails(hubspot, [...wantedInHubspot], scope.contactProperties),
    wantedInKlaviyo.size === 0
      ? new Map<string, KlaviyoProfile[]>()
      : (roster?.profilesByEmail([...wantedInKlaviyo]) ??
        klaviyoProfiles.readByEmails(klaviyo, [...wantedInKlaviyo], { subscriptions: true })),
  ]);
  return { contacts, profiles };
}

/** Which of the lists and segments that rules read each profile is on, as read now. */
async function groupsByEmail(
  klaviyo: ReturnType<SyncContext['klaviyo']>,
  scope: AccountScope,
  profiles: ReadonlyMap<string, KlaviyoProfile>,
): Promise<Map<string, Set<string>>> {
  const groups = new Map<string, Set<string>>();
  const emails = [
    ...new Set([...profiles.values()].map((profile) => normalEmail(profile.email)).filter((email) => email !== null)),
  ];
  if (emails.length === 0) return groups;
  const note = (groupId: string, members: readonly KlaviyoProfile[]): void => {
    for (const { id } of members) groups.set(id, (groups.get(id) ?? new Set()).add(groupId));
  };
  await Promise.all([
    ...scope.lists.klaviyoLists.map(async (id) =>
      note(id, await membersUnlessGone(scope.goneLists, id, () => listMembersByEmail(klaviyo, id, emails))),
    ),
    ...scope.lists.klaviyoSegments.map(async (id) =>
      note(id, await membersUnlessGone(scope.goneLists, id, () => segmentMembersByEmail(klaviyo, id, emails))),
    ),
  ]);
  return groups;
}

async function companiesOf(
  hubspot: ReturnType<SyncContext['hubspot']>,
  scope: AccountScope,
  contactIds: readonly string[],
): Promise<Map<string, Record<string, string | null>>> {
  if (scope.companyProperties.length === 0 || contactIds.length === 0) return new Map();
  const companyOf = await primaryCompanies(hubspot, contactIds);
  const companies = await readCompanies(hubspot, [...new Set(companyOf.values())], scope.companyProperties);
  return new Map(
    [...companyOf].flatMap(([contactId, companyId]) => {
      const properties = companies.get(companyId)?.properties;
      return properties === undefined ? [] : [[contactId, properties] as const];
    }),
  );
}

function byRecord(standings: readonly StandingRow[]): Map<string, StandingRow[]> {
  const map = new Map<string, StandingRow[]>();
  for (const standing of standings) {
    const key = `${standing.side}:${standing.recordId}`;
    map.set(key, [...(map.get(key) ?? []), standing]);
  }
  return map;
}

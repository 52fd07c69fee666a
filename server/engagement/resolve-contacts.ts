import { tombstonesOf, linksOfRecords } from '../store/links.js';
import type { Activity } from '../store/activities.js';
import { readByEmails } from '../vendors/hubspot/contacts.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';

const ofProfile = (profileId: string): string => `profile:${profileId}`;

/**
 * Finds the HubSpot contact of each event: the one that its profile is linked with; else the one with the profile's
 * address, else with the address that the email went to (also as a secondary one). What was found in this turn is not
 * asked for again.
 */
export async function resolveContacts(
  ctx: EngagementContext,
  scope: EngagementScope,
  events: readonly Activity[],
): Promise<void> {
  const profileIds = new Set<string>();
  const emails = new Set<string>();
  for (const event of events) {
    if (event.profileId !== null && !scope.memory.contacts.has(ofProfile(event.profileId)))
      profileIds.add(event.profileId);
  }
  for (const { klaviyoId, hubspotId } of await linksOfRecords(ctx.db, scope.klaviyoAccountId, [], [...profileIds]))
    scope.memory.contacts.set(ofProfile(klaviyoId), hubspotId);
  for (const event of events) {
    // A linked contact that HubSpot did not know any more is looked for by address.
    if (event.looks > 0 && event.profileId !== null) scope.memory.contacts.delete(ofProfile(event.profileId));
    if (contactOf(scope, event) !== null) continue;
    for (const email of addressesOf(event)) if (event.looks > 0 || !scope.memory.contacts.has(email)) emails.add(email);
  }
  if (emails.size === 0) return;
  const found = await readByEmails(ctx.hubspot(scope.portalId, 'sweep'), [...emails], ['email']);
  for (const email of emails) scope.memory.contacts.set(email, found.get(email)?.id ?? null);
}

/** The contact of an event as resolved before, or null. */
export function contactOf(scope: EngagementScope, event: Activity): string | null {
  const { contacts } = scope.memory;
  const of = (key: string | null): string | null => (key === null ? null : (contacts.get(key) ?? null));
  return (
    (event.profileId === null ? null : of(ofProfile(event.profileId))) ?? of(event.email) ?? of(event.facts.recipient)
  );
}

/** Addresses under which the person of an event may be in HubSpot. */
const addressesOf = ({ email, facts: { recipient } }: Activity): string[] =>
  [email, recipient === email ? null : recipient].filter((one) => one !== null);

/** Profiles whose contact somebody deleted in HubSpot: it is not created again (B11). */
export async function deletedByPerson(
  ctx: EngagementContext,
  scope: EngagementScope,
  profileIds: readonly string[],
): Promise<Set<string>> {
  const tombstones = await tombstonesOf(ctx.db, scope.klaviyoAccountId, [], profileIds);
  return new Set(profileIds.filter((id) => tombstones.has(`klaviyo:${id}`)));
}

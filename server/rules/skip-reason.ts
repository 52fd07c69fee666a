import { hubspotValue, klaviyoValue, regionFor } from './compare-fields.js';
import type { ContactConnection } from './connection.js';
import { readHubspot, readKlaviyo } from './convert.js';
import type { Eligibility } from './eligibility.js';
import { isPlausibleEmail, normalEmail } from './email.js';
import type { MappedField } from './mappings.js';
import type { Person } from './person.js';
import { heldOn, sameValue } from './reconcile.js';
import type { StandingReason } from './words.js';

/** Key of the email in the link's base: always mapped, see B3. */
export const emailKey = 'email';

/** Why a person that rules match is not synced, or null. Order matters: the first true reason is the one to show. Pure. */
export function skipReason(
  person: Person,
  within: readonly { connection: ContactConnection; match: Eligibility }[],
  fields: readonly MappedField[],
): StandingReason | null {
  if (person.erased) return 'erased';
  const email = normalEmail(person.hubspot === null ? person.klaviyo?.email : person.hubspot.properties['email']);
  if (email === null) return 'no_email';
  if (person.link !== null) return null;
  if (person.duplicateOf !== null) return 'duplicate_email';
  if (person.secondaryOf !== null && person.hubspot === null) return 'secondary_email';
  if (person.hubspot !== null && person.klaviyo !== null) return null;
  if (!isPlausibleEmail(email)) return 'invalid_email';
  if (
    person.tombstone !== null &&
    !editedSince(
      person,
      email,
      fields,
      within.map(({ connection }) => connection),
    )
  )
    return person.tombstone.reason;
  if (person.klaviyo === null) {
    if (!within.some(({ match }) => match.fromHubspot)) return 'no_rule_to_klaviyo';
    return within.some(({ connection, match }) => match.fromHubspot && connection.options.createInKlaviyo)
      ? null
      : 'not_in_klaviyo';
  }
  if (!within.some(({ match }) => match.fromKlaviyo)) return 'no_rule_to_hubspot';
  return within.some(({ connection, match }) => match.fromKlaviyo && connection.options.createInHubspot)
    ? null
    : 'not_in_hubspot';
}

/**
 * Whether somebody edited the remaining record since its partner was deleted: only then the partner comes back (B11).
 * Modified times do not tell, they move with every email that is opened; the mapped values do.
 */
function editedSince(
  person: Person,
  email: string,
  fields: readonly MappedField[],
  connections: readonly ContactConnection[],
): boolean {
  const base = person.tombstone?.base ?? {};
  if (base[emailKey] !== undefined && base[emailKey] !== email) return true;
  const region = regionFor(person, connections);
  return fields.some((field) => {
    const { key, pair } = field;
    const then = heldOn(person.hubspot === null ? 'klaviyo' : 'hubspot', base[key]);
    const own = person.hubspot === null ? pair.klaviyo : pair.hubspot;
    if (then === undefined || own.readOnly || pair.hubspot.object === 'company') return false;
    const now =
      person.hubspot === null
        ? readKlaviyo(pair, klaviyoValue(person, field), { region })
        : readHubspot(pair, hubspotValue(person, field), { region });
    return now.ok && !sameValue(now.value, then);
  });
}

import type { CrmRecord } from '../../sandbox/hubspot/store.js';
import type { Profile } from '../../sandbox/klaviyo/store.js';
import type { Evidence, KeptIssue } from './evidence.js';
import type { RandomField } from './fields.js';
import type { Ledger } from './ledger.js';
import { spelled, type Spelled } from './spelling.js';
import type { Violation } from './violation.js';

/** The raw value of a field in HubSpot; '' when empty. */
export const inHubspot = (contact: CrmRecord, field: RandomField): string => contact.properties[field.property] ?? '';

/** The raw value of a field in Klaviyo. */
export function inKlaviyo(profile: Profile, { klaviyo }: RandomField): unknown {
  if (klaviyo.kind === 'property') return profile.properties[klaviyo.name];
  if (klaviyo.name.startsWith('location.')) return profile.location[klaviyo.name.slice('location.'.length)];
  switch (klaviyo.name) {
    case 'first_name':
      return profile.first_name;
    case 'last_name':
      return profile.last_name;
    case 'organization':
      return profile.organization;
    case 'title':
      return profile.title;
    case 'phone_number':
      return profile.phone_number;
    default:
      throw new Error(`No profile has ${klaviyo.name}.`);
  }
}

/**
 * D4, D6, D7: every mapped field of a pair agrees, or is empty on one side because somebody emptied it there, or has an
 * issue that says what is wrong; and no issue is left where nothing is wrong.
 */
export function judgeValues(
  contact: CrmRecord,
  profile: Profile,
  { ledger, evidence }: { ledger: Ledger; evidence: Evidence },
): Violation[] {
  const issues = evidence.issues.filter(
    (issue) =>
      issue.hubspotId === contact.id ||
      issue.klaviyoId === profile.id ||
      issue.recordId === contact.id ||
      issue.recordId === profile.id,
  );
  return ledger.mappings.flatMap((field) => {
    const sides = { hubspot: inHubspot(contact, field), klaviyo: inKlaviyo(profile, field) };
    const told = issues.some((issue) => isAbout(issue, field));
    const wrong = disagreement(field, sides, () => wasEmptied(ledger, contact, profile, field), ledger);
    if (wrong === null || told) return [];
    const shown = `${field.property} (${field.direction}): HubSpot ${JSON.stringify(sides.hubspot)}, Klaviyo ${JSON.stringify(sides.klaviyo)}`;
    return [{ rule: wrong.rule, who: `${contact.id}/${profile.id}`, what: `${wrong.what}; ${shown}` }];
  });
}

const isAbout = (issue: KeptIssue, field: RandomField): boolean =>
  issue.field === field.property ||
  issue.field === field.klaviyo.name ||
  (issue.field === '' && ['klaviyo_rejected', 'hubspot_rejected'].includes(issue.code));

const wasEmptied = (ledger: Ledger, contact: CrmRecord, profile: Profile, { property }: RandomField): boolean =>
  ledger.emptiedOf(contact.id).has(property) || ledger.emptiedOf(profile.id).has(property);

function disagreement(
  field: RandomField,
  raw: { hubspot: string; klaviyo: unknown },
  emptiedByHand: () => boolean,
  ledger: Ledger,
): { rule: string; what: string } | null {
  const hubspot = spelled(field, raw.hubspot);
  const klaviyo = spelled(field, raw.klaviyo);
  if (same(hubspot, klaviyo)) return null;
  const [source, destination] = field.direction === 'to_hubspot' ? [klaviyo, hubspot] : [hubspot, klaviyo];
  if (!source.fits || (field.direction === 'both' && !destination.fits))
    return { rule: 'D7', what: 'a value that fits no field has no issue' };
  const oneEmpty = isEmpty(source) || isEmpty(destination);
  if (field.direction !== 'both') {
    // What only the destination ever had is not wiped, and emptiness goes across only where the mapping says so.
    return isEmpty(source) ? null : { rule: 'D1', what: 'the source’s value did not reach the other side' };
  }
  if (oneEmpty && (!field.emptyToo || ledger.remapped.has(field.property)) && emptiedByHand()) return null;
  if (oneEmpty)
    return {
      rule: field.emptyToo ? 'D6' : 'D4',
      what: field.emptyToo ? 'emptied on one side only' : 'not filled, and nobody emptied it',
    };
  return { rule: 'D4', what: 'both filled and different' };
}

const isEmpty = (one: Spelled): boolean => one.fits && one.value === null;

function same(one: Spelled, other: Spelled): boolean {
  if (!one.fits || !other.fits) return false;
  const national = /^national (\d+)$/.exec(one.value ?? '')?.[1];
  return one.value === other.value || (national !== undefined && other.value?.endsWith(national) === true);
}

import type { ContactConnection, Side } from './connection.js';
import { readHubspot, readKlaviyo, writeHubspot, writeKlaviyo, type ConversionIssue } from './convert.js';
import type { MappedField } from './mappings.js';
import type { HubspotRecord, KlaviyoRecord, Person } from './person.js';
import { baseAfterOwnWrites, ownWritesOfPair } from './own-write.js';
import { regionOf } from './phone.js';
import type { Repair } from './repair.js';
import { isRefused, reconcile, type Because, type Canonical, type Refused } from './reconcile.js';
import { consentStatus } from './subscription.js';
import { issueWords } from './words.js';

/** One field that is to be written, with its old value and the reason. */
export interface FieldWrite {
  side: Side;
  /** Key in the link's base. */
  key: string;
  /** Name of the property or attribute on the written side. */
  field: string;
  oldValue: Canonical;
  newValue: Canonical;
  because: Because;
  /** The value that gave way, when one did. */
  overruled?: Canonical;
  connectionId: string;
}

export interface FieldIssue {
  connectionId: string;
  /** A value that cannot be converted, or the code with which a vendor refused it before. */
  code: ConversionIssue | (string & {});
  /** Side whose value is the problem. */
  side: Side;
  field: string;
  detail: string;
  repair?: Repair;
  /** The vendor refused this before, and it was not asked again: what is known of it stays as it is. */
  rests?: true;
}

/** What to write to one HubSpot contact: property values as text, '' empties. */
export type HubspotWrite = Record<string, string>;

/** What to write to one Klaviyo profile; null empties an attribute, `unset` removes properties. */
export interface KlaviyoWrite {
  attributes: Record<string, string | number | null>;
  properties: Record<string, unknown>;
  unset: string[];
}

export interface Comparison {
  writes: FieldWrite[];
  issues: FieldIssue[];
  /** Values on which both sides agree without a write, by key. */
  agreed: Record<string, Canonical>;
  hubspot: HubspotWrite;
  klaviyo: KlaviyoWrite;
}

/** Compares every mapped field of one person and collects what to write to each side. A field that cannot be converted
 * becomes an issue and waits; the others go on (D7). */
export function compareFields(
  person: Person,
  fields: readonly MappedField[],
  connections: readonly ContactConnection[],
): Comparison {
  const result: Comparison = {
    writes: [],
    issues: [],
    agreed: {},
    hubspot: {},
    klaviyo: { attributes: {}, properties: {}, unset: [] },
  };
  const region = regionFor(person, connections);
  for (const field of fields) {
    const rawHubspot = hubspotValue(person, field);
    const rawKlaviyo = klaviyoValue(person, field);
    const hubspot = readHubspot(field.pair, rawHubspot, { region });
    const klaviyo = readKlaviyo(field.pair, rawKlaviyo, { region });
    if (!hubspot.ok || !klaviyo.ok) {
      const side: Side = hubspot.ok ? 'klaviyo' : 'hubspot';
      const refusal = hubspot.ok ? klaviyo : hubspot;
      // A one-way destination is only overwritten, so what stands there need not be readable.
      const destinationOnly =
        (side === 'klaviyo' && field.policy.direction === 'to_klaviyo') ||
        (side === 'hubspot' && field.policy.direction === 'to_hubspot');
      if (!refusal.ok && !destinationOnly) {
        const name = side === 'hubspot' ? field.pair.hubspot.label : field.pair.klaviyo.label;
        result.issues.push({
          connectionId: field.connectionId,
          code: refusal.code,
          side,
          field: side === 'hubspot' ? field.pair.hubspot.name : field.pair.klaviyo.name,
          detail: `${name} is “${refusal.shown}”.`,
          ...repairOf(refusal.code, side, field, refusal.shown),
        });
        continue;
      }
    }
    decide(result, person, field, hubspot.ok ? hubspot.value : unreadable, klaviyo.ok ? klaviyo.value : unreadable);
  }
  return result;
}

/** What a button can do about a value that cannot be converted. */
function repairOf(code: ConversionIssue, side: Side, { pair }: MappedField, shown: string): { repair?: Repair } {
  if (pair.hubspot.object !== 'contact') return {};
  if (code === 'option_missing')
    return { repair: { kind: 'create_option', property: pair.hubspot.name, value: shown } };
  const own = side === 'hubspot' ? pair.hubspot : pair.klaviyo;
  // Only what looks like a number at all can be one of another country.
  if (code !== 'invalid_phone' || own.readOnly || shown.replace(/\D/g, '').length < 6) return {};
  const attribute = side === 'klaviyo' && pair.klaviyo.kind === 'attribute';
  return { repair: { kind: 'phone_region', side, field: own.name, attribute, text: shown } };
}

/** Stands for a destination value that cannot be read: different from every value. */
const unreadable: Canonical = '\u0000unreadable';

function decide(result: Comparison, person: Person, field: MappedField, hubspot: Canonical, klaviyo: Canonical): void {
  const base = baseAfterOwnWrites(
    person.link?.base[field.key],
    { hubspot, klaviyo },
    field.key,
    ownWritesOfPair(person),
  );
  const decision = reconcile({ hubspot, klaviyo, base }, field.policy);
  if (decision.action === 'none') {
    if (decision.base !== undefined) result.agreed[field.key] = decision.base;
    if (decision.because === 'refused' && isRefused(base)) result.issues.push(restingIssue(person, field, base));
    return;
  }
  const { pair } = field;
  const old = decision.to === 'hubspot' ? hubspot : klaviyo;
  result.writes.push({
    side: decision.to,
    key: field.key,
    field: decision.to === 'hubspot' ? pair.hubspot.name : pair.klaviyo.name,
    oldValue: old === unreadable ? null : old,
    newValue: decision.value,
    because: decision.because,
    ...(decision.overruled === undefined || decision.overruled === unreadable ? {} : { overruled: decision.overruled }),
    connectionId: field.connectionId,
  });
  if (decision.to === 'hubspot') {
    result.hubspot[pair.hubspot.name] = writeHubspot(decision.value);
  } else if (decision.value === null && pair.klaviyo.kind === 'property') {
    result.klaviyo.unset.push(pair.klaviyo.name);
  } else {
    const value = writeKlaviyo(pair, decision.value);
    if (pair.klaviyo.kind === 'property') result.klaviyo.properties[pair.klaviyo.name] = value;
    else result.klaviyo.attributes[pair.klaviyo.name] = value === null ? null : String(value);
  }
}

/** The issue of a value that a vendor refused before; in the words of that time as far as they are known. */
function restingIssue(person: Person, { connectionId, pair }: MappedField, { by, code }: Refused): FieldIssue {
  const before = person.standings.find((one) => one.connectionId === connectionId && one.reason === code);
  return {
    connectionId,
    code,
    side: by,
    field: by === 'hubspot' ? pair.hubspot.name : pair.klaviyo.name,
    detail: before?.message ?? issueWords[code]?.title ?? code,
    rests: true,
  };
}

/** Region for national phone numbers: the contact's country, else the oldest connection's default (D7). */
export function regionFor(
  person: { hubspot: Pick<HubspotRecord, 'properties'> | null; klaviyo: Pick<KlaviyoRecord, 'attributes'> | null },
  connections: readonly ContactConnection[],
): string {
  const properties = person.hubspot?.properties ?? {};
  const candidates = [
    properties['hs_country_region_code'],
    properties['country'],
    person.klaviyo?.attributes['location.country'],
  ];
  for (const candidate of candidates) {
    const region = typeof candidate === 'string' ? regionOf(candidate) : null;
    if (region !== null) return region;
  }
  return connections[0]?.options.defaultRegion ?? 'US';
}

/** HubSpot properties that conversions read beside the mapped ones. */
export const regionProperties = ['country', 'hs_country_region_code'];

/** The contact's raw value of a mapped field. */
export function hubspotValue(person: Person, { pair }: MappedField): string | null {
  const properties = pair.hubspot.object === 'company' ? person.company : person.hubspot?.properties;
  return properties?.[pair.hubspot.name] ?? null;
}

/** The profile's raw value of a mapped field. */
export function klaviyoValue(person: Person, { pair }: MappedField): unknown {
  const profile = person.klaviyo;
  if (profile === null) return null;
  if (pair.klaviyo.kind === 'property') return profile.properties[pair.klaviyo.name];
  switch (pair.klaviyo.name) {
    case 'subscriptions.email.marketing.consent':
      return profile.subscription === undefined ? null : consentStatus(profile.subscription);
    case 'created':
      return profile.created;
    case 'updated':
      return profile.updated;
    default:
      return profile.attributes[pair.klaviyo.name];
  }
}

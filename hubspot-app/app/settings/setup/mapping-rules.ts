import type { Fields, HubspotField, KlaviyoField, Mapping } from '../api-types.js';
import { words } from '../words.js';

const text = words.setup.fields;

export const hubspotKey = ({ object, property }: Mapping['hubspot']): string => `${object}.${property}`;
export const klaviyoKey = ({ kind, name }: Mapping['klaviyo']): string => `${kind}.${name}`;
export const mappingKey = (mapping: Mapping): string => `${hubspotKey(mapping.hubspot)} ${klaviyoKey(mapping.klaviyo)}`;

/** The fields by the keys that mappings name them with. */
export interface FieldIndex {
  hubspot: Map<string, HubspotField>;
  klaviyo: Map<string, KlaviyoField>;
}
export const indexOf = (fields: Fields): FieldIndex => ({
  hubspot: new Map(fields.hubspot.map((field) => [`${field.object}.${field.name}`, field])),
  klaviyo: new Map(fields.klaviyo.map((field) => [`${field.kind}.${field.name}`, field])),
});

export interface Ways {
  directions: Mapping['direction'][];
  /** Why the other directions are not offered; null when all are. */
  because: string | null;
}

/**
 * Which directions a pair of fields can take (D1, D2), and in words why not the others. `only` is the one direction that
 * the connection has.
 */
export function waysOf(
  hubspot: HubspotField | undefined,
  klaviyo: KlaviyoField | undefined,
  only?: Mapping['direction'],
): Ways {
  const { directions, because } = possibleWays(hubspot, klaviyo);
  if (only === undefined) return { directions, because };
  return directions.includes(only) ? { directions: [only], because: null } : { directions: [], because };
}

function possibleWays(hubspot: HubspotField | undefined, klaviyo: KlaviyoField | undefined): Ways {
  const notToHubspot =
    hubspot?.object === 'company'
      ? text.companyWhy
      : hubspot?.readOnly === true
        ? text.readOnlyHubspot(hubspot.because ?? text.readOnly)
        : null;
  const notToKlaviyo = klaviyo?.readOnly === true ? text.readOnlyKlaviyo(klaviyo.because ?? text.readOnly) : null;
  if (notToHubspot !== null && notToKlaviyo !== null) return { directions: [], because: text.cannotBoth };
  if (notToHubspot !== null) return { directions: ['to_klaviyo'], because: notToHubspot };
  if (notToKlaviyo !== null) return { directions: ['to_hubspot'], because: notToKlaviyo };
  return { directions: ['both', 'to_klaviyo', 'to_hubspot'], because: null };
}

/** Whether two mappings would write the same field. */
export function clashes(mapping: Mapping, others: readonly Mapping[]): boolean {
  return others.some(
    (other) =>
      (mapping.direction !== 'to_hubspot' &&
        other.direction !== 'to_hubspot' &&
        klaviyoKey(mapping.klaviyo) === klaviyoKey(other.klaviyo)) ||
      (mapping.direction !== 'to_klaviyo' &&
        other.direction !== 'to_klaviyo' &&
        hubspotKey(mapping.hubspot) === hubspotKey(other.hubspot)),
  );
}

/** What a field holds, in words. HubSpot says only by its form whether several options or a phone number go in. */
export function hubspotType({ type, fieldType }: HubspotField): string {
  if (fieldType === 'phonenumber') return typeName('phone_number');
  return typeName(type === 'enumeration' && fieldType === 'checkbox' ? 'several' : type);
}
export const klaviyoType = ({ kind, name, type }: KlaviyoField): string =>
  typeName(kind === 'attribute' && name === 'phone_number' ? 'phone_number' : type);

const typeName = (type: string): string => text.types[type] ?? type;

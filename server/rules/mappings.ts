import type { ContactConnection, Mapping, Side } from './connection.js';
import type { FieldPair } from './convert.js';
import type { HubspotField, KlaviyoField } from './fields.js';
import type { FieldPolicy } from './reconcile.js';

/** The fields of both sides as last read, by key. */
export interface Catalogue {
  /** By `contact.firstname`, `company.name`. */
  hubspot: ReadonlyMap<string, HubspotField>;
  /** By `attribute.first_name`, `property.Colour`. */
  klaviyo: ReadonlyMap<string, KlaviyoField>;
}

/** Both sides' fields by key. */
export function catalogueOf(hubspot: readonly HubspotField[], klaviyo: readonly KlaviyoField[]): Catalogue {
  return {
    hubspot: new Map(hubspot.map((field) => [`${field.object}.${field.name}`, field])),
    klaviyo: new Map(klaviyo.map((field) => [`${field.kind}.${field.name}`, field])),
  };
}

/** One mapping of one connection, ready to be compared. */
export interface MappedField {
  /** Key in the link's base; the same for every connection that maps the same pair. */
  key: string;
  pair: FieldPair;
  policy: FieldPolicy;
  connectionId: string;
}

/** A mapping that cannot be used, and why: becomes an issue of the connection (D10). */
export interface MappingProblem {
  connectionId: string;
  code: 'field_missing' | 'field_read_only';
  side: Side;
  field: string;
}

export const hubspotKey = (mapping: Mapping): string => `${mapping.hubspot.object}.${mapping.hubspot.property}`;
export const klaviyoKey = (mapping: Mapping): string => `${mapping.klaviyo.kind}.${mapping.klaviyo.name}`;

/** `a` narrowed by `b`: what both allow, or null when they exclude each other. */
function narrow(a: FieldPolicy['direction'], b: FieldPolicy['direction']): FieldPolicy['direction'] | null {
  if (a === 'both') return b;
  return b === 'both' || a === b ? a : null;
}

const connectionDirection = {
  two_way: 'both',
  hubspot_to_klaviyo: 'to_klaviyo',
  klaviyo_to_hubspot: 'to_hubspot',
} as const;

/**
 * The mappings of one connection that can be used, with the direction that connection, mapping and fields allow.
 * A Klaviyo property that no profile has yet is not missing: it comes to be with its first value (D9).
 */
export function mappedFields(
  connection: ContactConnection,
  catalogue: Catalogue,
): { fields: MappedField[]; problems: MappingProblem[] } {
  const fields: MappedField[] = [];
  const problems: MappingProblem[] = [];
  for (const mapping of connection.mappings) {
    const hubspot = catalogue.hubspot.get(hubspotKey(mapping));
    const klaviyo = catalogue.klaviyo.get(klaviyoKey(mapping)) ?? newProperty(mapping);
    const problem = (code: MappingProblem['code'], side: Side, field: string): void => {
      problems.push({ connectionId: connection.id, code, side, field });
    };
    if (hubspot === undefined) {
      problem('field_missing', 'hubspot', mapping.hubspot.property);
      continue;
    }
    if (klaviyo === null) {
      problem('field_missing', 'klaviyo', mapping.klaviyo.name);
      continue;
    }
    let direction = narrow(mapping.direction, connectionDirection[connection.direction]);
    // A company belongs to many contacts: its fields are only read (D1). Read-only fields can only be a source (D2).
    if (direction !== null && (hubspot.readOnly || hubspot.object === 'company'))
      direction = narrow(direction, 'to_klaviyo');
    if (direction !== null && klaviyo.readOnly) direction = narrow(direction, 'to_hubspot');
    if (direction === null) {
      if (narrow(mapping.direction, connectionDirection[connection.direction]) !== null) {
        problem(
          'field_read_only',
          hubspot.readOnly ? 'hubspot' : 'klaviyo',
          hubspot.readOnly ? hubspot.name : klaviyo.name,
        );
      }
      continue;
    }
    fields.push({
      key: `${hubspotKey(mapping)}|${klaviyoKey(mapping)}`,
      pair: { hubspot, klaviyo },
      policy: { direction, winner: mapping.winner ?? connection.options.winner, emptyToo: mapping.emptyToo },
      connectionId: connection.id,
    });
  }
  return { fields, problems };
}

function newProperty(mapping: Mapping): KlaviyoField | null {
  if (mapping.klaviyo.kind === 'attribute') return null;
  return {
    kind: 'property',
    name: mapping.klaviyo.name,
    label: mapping.klaviyo.name,
    type: 'unknown',
    readOnly: false,
  };
}

/**
 * Joins the fields of several connections, oldest first: where two would write the same field, the older one writes it.
 */
export function mergeFields(perConnection: readonly (readonly MappedField[])[]): MappedField[] {
  const written = new Set<string>();
  const joined: MappedField[] = [];
  for (const fields of perConnection) {
    const mine = new Set<string>();
    for (const field of fields) {
      const toKlaviyo = `klaviyo ${field.pair.klaviyo.kind}.${field.pair.klaviyo.name}`;
      const toHubspot = `hubspot ${field.pair.hubspot.object}.${field.pair.hubspot.name}`;
      const wanted = field.policy.direction;
      const klaviyoFree = wanted !== 'to_hubspot' && !written.has(toKlaviyo);
      const hubspotFree = wanted !== 'to_klaviyo' && !written.has(toHubspot);
      if (!klaviyoFree && !hubspotFree) continue;
      if (klaviyoFree) mine.add(toKlaviyo);
      if (hubspotFree) mine.add(toHubspot);
      const direction = klaviyoFree && hubspotFree ? 'both' : klaviyoFree ? 'to_klaviyo' : 'to_hubspot';
      joined.push(direction === wanted ? field : { ...field, policy: { ...field.policy, direction } });
    }
    for (const target of mine) written.add(target);
  }
  return joined;
}

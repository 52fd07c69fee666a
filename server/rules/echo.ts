import { regionFor } from './compare-fields.js';
import type { ContactConnection } from './connection.js';
import { readHubspot, readKlaviyo } from './convert.js';
import { normalEmail } from './email.js';
import type { MappedField } from './mappings.js';
import type { HubspotRecord, KlaviyoRecord } from './person.js';
import { hubspotOptOutProperty } from './plan-consent.js';
import { heldOn, sameValue, type Base } from './reconcile.js';

/** A record as a sweep brought it. */
export type SweptRecord =
  | { side: 'hubspot'; record: HubspotRecord }
  | { side: 'klaviyo'; record: Omit<KlaviyoRecord, 'subscription'> };

/** What the record's pair agreed on in its last pass. */
export interface Agreed {
  email: string;
  base: Readonly<Record<string, Base>>;
}

/**
 * Whether a record holds exactly what its pair agreed on last: then its modified time moved for our own write, or for
 * something that no mapping reads, and there is nothing to look at (D5). An opt-out, a merge, an address or a value that
 * cannot be read is never an echo. Pure.
 */
export function isEcho(
  swept: SweptRecord,
  agreed: Agreed,
  fields: readonly MappedField[],
  connections: readonly ContactConnection[],
): boolean {
  const { side } = swept;
  if (normalEmail(emailOf(swept)) !== agreed.email) return false;
  if (swept.side === 'hubspot') {
    const { properties } = swept.record;
    if (properties[hubspotOptOutProperty] === 'true' || (properties['hs_merged_object_ids'] ?? '') !== '') return false;
  }
  const region = regionFor(
    {
      hubspot: swept.side === 'hubspot' ? swept.record : null,
      klaviyo: swept.side === 'klaviyo' ? swept.record : null,
    },
    connections,
  );
  return fields.every(({ key, pair }) => {
    // Companies and consent have sweeps of their own.
    if (side === 'hubspot' && pair.hubspot.object === 'company') return true;
    if (side === 'klaviyo' && pair.klaviyo.name.startsWith('subscriptions.')) return true;
    const value =
      swept.side === 'hubspot'
        ? readHubspot(pair, swept.record.properties[pair.hubspot.name], { region })
        : readKlaviyo(pair, rawOf(swept.record, pair.klaviyo), { region });
    return value.ok && sameValue(value.value, heldOn(side, agreed.base[key]) ?? null);
  });
}

const emailOf = (swept: SweptRecord): string | null | undefined =>
  swept.side === 'hubspot' ? swept.record.properties['email'] : swept.record.email;

function rawOf(record: Omit<KlaviyoRecord, 'subscription'>, { kind, name }: MappedField['pair']['klaviyo']): unknown {
  if (kind === 'property') return record.properties[name];
  if (name === 'created' || name === 'updated') return record[name];
  return record.attributes[name];
}

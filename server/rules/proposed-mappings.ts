import type { Mapping } from './connection.js';
import type { Catalogue } from './mappings.js';

/** HubSpot property, Klaviyo attribute: what most people want mapped (A6). */
const usual: [string, string][] = [
  ['firstname', 'first_name'],
  ['lastname', 'last_name'],
  ['phone', 'phone_number'],
  ['company', 'organization'],
  ['jobtitle', 'title'],
  ['address', 'location.address1'],
  ['city', 'location.city'],
  ['state', 'location.region'],
  ['zip', 'location.zip'],
  ['country', 'location.country'],
];

/** The mappings to begin with, of the fields that both sides have. */
export function proposedMappings(catalogue: Catalogue): Mapping[] {
  return usual
    .filter(
      ([property, name]) => catalogue.hubspot.has(`contact.${property}`) && catalogue.klaviyo.has(`attribute.${name}`),
    )
    .map(([property, name]) => ({
      hubspot: { object: 'contact', property },
      klaviyo: { kind: 'attribute', name },
      direction: 'both',
      winner: null,
      emptyToo: false,
    }));
}

import { catalogueOf, type Catalogue } from '../rules/mappings.js';
import { keepHubspotFields, keepKlaviyoFields, knownFields } from '../store/contact-connections.js';
import { readFields } from '../vendors/hubspot/properties.js';
import { sampleFields } from '../vendors/klaviyo/profiles.js';
import type { ApiDependencies } from './dependencies.js';

/** The fields of both sides: as last read, or read now when they never were (or when asked to). */
export async function catalogueFor(
  deps: Pick<ApiDependencies, 'db' | 'hubspot' | 'klaviyo'>,
  portalId: string,
  klaviyoAccountId: string,
  fresh = false,
): Promise<Catalogue> {
  const known = await knownFields(deps.db, klaviyoAccountId);
  const readHubspot = async (): Promise<NonNullable<typeof known.hubspot>> => {
    const fields = await readFields(deps.hubspot(portalId));
    await keepHubspotFields(deps.db, portalId, fields);
    return fields;
  };
  const readKlaviyo = async (): Promise<NonNullable<typeof known.klaviyo>> => {
    const sampled = await sampleFields(deps.klaviyo(klaviyoAccountId));
    // A property that was added by name and no sampled profile has yet stays known (D9).
    const names = new Set(sampled.map((field) => `${field.kind}.${field.name}`));
    const added = (known.klaviyo ?? []).filter(
      (field) => field.kind === 'property' && field.sample === undefined && !names.has(`${field.kind}.${field.name}`),
    );
    await keepKlaviyoFields(deps.db, klaviyoAccountId, [...sampled, ...added]);
    return [...sampled, ...added];
  };
  const [hubspot, klaviyo] = await Promise.all([
    fresh || known.hubspot === null ? readHubspot() : known.hubspot,
    fresh || known.klaviyo === null ? readKlaviyo() : known.klaviyo,
  ]);
  return catalogueOf(hubspot, klaviyo);
}

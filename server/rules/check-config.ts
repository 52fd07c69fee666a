import type { ContactConfig, Mapping } from './connection.js';
import { hubspotKey, klaviyoKey, type Catalogue } from './mappings.js';

/** What is wrong with a configuration, where, and what to do. */
export interface ConfigProblem {
  field: string;
  code: string;
  message: string;
  fix: string;
}

/** The first thing that is wrong with these mappings, or null (B3, D1, D2). */
export function mappingProblem(mappings: readonly Mapping[], catalogue: Catalogue): ConfigProblem | null {
  const targets = new Set<string>();
  for (const [index, mapping] of mappings.entries()) {
    const at = (field: string, code: string, message: string, fix: string): ConfigProblem => ({
      field: `mappings.${index}.${field}`,
      code,
      message,
      fix,
    });
    const { hubspot, klaviyo, direction } = mapping;
    if (hubspot.property === 'email' && hubspot.object === 'contact')
      return at(
        'hubspot.property',
        'email_always_mapped',
        'The email is always mapped: it links the two sides.',
        'Take this mapping out.',
      );
    if (klaviyo.kind === 'attribute' && klaviyo.name === 'email')
      return at(
        'klaviyo.name',
        'email_always_mapped',
        'The email is always mapped: it links the two sides.',
        'Take this mapping out.',
      );
    const property = catalogue.hubspot.get(hubspotKey(mapping));
    if (property === undefined)
      return at(
        'hubspot.property',
        'field_missing',
        `HubSpot has no ${hubspot.object} property “${hubspot.property}”.`,
        'Refresh the fields and choose one of them.',
      );
    const attribute = catalogue.klaviyo.get(klaviyoKey(mapping));
    if (klaviyo.kind === 'attribute' && attribute === undefined)
      return at(
        'klaviyo.name',
        'field_missing',
        `Klaviyo profiles have no attribute “${klaviyo.name}”.`,
        'Choose one of the listed attributes, or map to a custom property.',
      );
    if (direction !== 'to_klaviyo' && hubspot.object === 'company')
      return at(
        'direction',
        'field_read_only',
        'A company belongs to many contacts, so its fields only go to Klaviyo.',
        'Set the direction to HubSpot → Klaviyo.',
      );
    if (direction !== 'to_klaviyo' && property.readOnly)
      return at(
        'direction',
        'field_read_only',
        `“${property.label}” cannot be written in HubSpot: ${property.because ?? 'it is read-only.'}`,
        'Set the direction to HubSpot → Klaviyo.',
      );
    if (direction !== 'to_hubspot' && attribute?.readOnly === true)
      return at(
        'direction',
        'field_read_only',
        `“${attribute.label}” cannot be written in Klaviyo: ${attribute.because ?? 'it is read-only.'}`,
        'Set the direction to Klaviyo → HubSpot.',
      );
    for (const target of [
      direction === 'to_hubspot' ? null : `klaviyo ${klaviyoKey(mapping)}`,
      direction === 'to_klaviyo' ? null : `hubspot ${hubspotKey(mapping)}`,
    ]) {
      if (target !== null && targets.has(target))
        return at(
          'direction',
          'field_mapped_twice',
          'Another mapping writes the same field.',
          'Keep one of the two, or turn one round.',
        );
      if (target !== null) targets.add(target);
    }
  }
  return null;
}

/** A list or segment that a rule names, and where it names it. */
export interface NamedList {
  kind: 'hubspot' | 'klaviyo' | 'segment';
  id: string;
  field: string;
}

/** Every list and segment that the rules name, in their order. */
export function listsNamed({ hubspotToKlaviyo, klaviyoToHubspot }: ContactConfig['rules']): NamedList[] {
  const all = (kind: NamedList['kind'], ids: readonly string[] | undefined, field: string): NamedList[] =>
    (ids ?? []).map((id) => ({ kind, id, field }));
  return [
    ...hubspotToKlaviyo.flatMap(({ source, klaviyoListId }, index) => [
      ...all('hubspot', source.hubspotListIds, `rules.hubspotToKlaviyo.${index}.source.hubspotListIds`),
      ...all('klaviyo', [klaviyoListId], `rules.hubspotToKlaviyo.${index}.klaviyoListId`),
    ]),
    ...klaviyoToHubspot.flatMap(({ source }, index) => [
      ...all('klaviyo', source.klaviyoListIds, `rules.klaviyoToHubspot.${index}.source.klaviyoListIds`),
      ...all('segment', source.klaviyoSegmentIds, `rules.klaviyoToHubspot.${index}.source.klaviyoSegmentIds`),
    ]),
  ];
}

/** What to say of a rule that names a list which does not exist. */
export function missingListProblem({ kind, id, field }: NamedList): ConfigProblem {
  const what = {
    hubspot: 'HubSpot has no contact list',
    klaviyo: 'Klaviyo has no list',
    segment: 'Klaviyo has no segment',
  }[kind];
  return {
    field,
    code: 'list_missing',
    message: `${what} “${id}”.`,
    fix: 'Choose another one, or take it out of the rule.',
  };
}

/** What keeps a configuration from being activated, or null. */
export function activationProblem(config: ContactConfig): ConfigProblem | null {
  const missing = (field: string, way: string): ConfigProblem => ({
    field: `rules.${field}`,
    code: 'rule_missing',
    message: `There is no rule for ${way}.`,
    fix: 'Add a rule: everybody, or chosen lists.',
  });
  if (config.direction !== 'klaviyo_to_hubspot' && config.rules.hubspotToKlaviyo.length === 0)
    return missing('hubspotToKlaviyo', 'HubSpot → Klaviyo');
  if (config.direction !== 'hubspot_to_klaviyo' && config.rules.klaviyoToHubspot.length === 0)
    return missing('klaviyoToHubspot', 'Klaviyo → HubSpot');
  return null;
}

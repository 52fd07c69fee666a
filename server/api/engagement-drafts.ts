import { mappingProblem, missingListProblem, type ConfigProblem } from '../rules/check-config.js';
import type { Mapping } from '../rules/connection.js';
import {
  defaultEngagement,
  type EngagementConfig,
  type EngagementSources,
} from '../rules/engagement/engagement-config.js';
import type { Catalogue } from '../rules/mappings.js';
import { proposedMappings } from '../rules/proposed-mappings.js';
import type { ApiDependencies } from './dependencies.js';
import type { newEngagementSchema, engagementPatchSchema } from './engagement-schema.js';
import { missingList } from './missing-list.js';
import type { z } from 'zod';

/** Without the keys that are undefined: they were not sent. */
export function defined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

/** A drafted engagement connection: what was sent, over what is usual. */
export function engagementDraft(given: z.infer<typeof newEngagementSchema>, catalogue: Catalogue): EngagementConfig {
  return {
    sources: given.sources ?? defaultEngagement.sources,
    activities: { ...defaultEngagement.activities, ...defined(given.activities) },
    options: { ...defaultEngagement.options, ...defined(given.options) },
    mappings: toHubspot(given.mappings ?? proposedMappings(catalogue)),
  };
}

/** A changed one: sources and mappings replaced, activities and options key by key. */
export function engagementChange(
  current: EngagementConfig,
  patch: z.infer<typeof engagementPatchSchema>,
): EngagementConfig {
  return {
    sources: patch.sources ?? current.sources,
    activities: { ...current.activities, ...defined(patch.activities ?? {}) },
    options: { ...current.options, ...defined(patch.options ?? {}) },
    mappings: patch.mappings === undefined ? current.mappings : toHubspot(patch.mappings),
  };
}

/** Values only go to HubSpot, with the contact that is created. */
const toHubspot = (mappings: readonly Mapping[]): Mapping[] =>
  mappings.map((mapping) => ({ ...mapping, direction: 'to_hubspot' }));

/** What is wrong with the mappings for contacts that are created, or null. */
export const createMappingProblem = (mappings: readonly Mapping[], catalogue: Catalogue): ConfigProblem | null =>
  mappingProblem(toHubspot(mappings), catalogue);

/** The first list or segment among the sources that does not exist, as a problem; null when all do. */
export async function missingSource(
  deps: ApiDependencies,
  accounts: { portalId: string; klaviyoAccountId: string },
  sources: EngagementSources,
  known: EngagementSources | null,
): Promise<ConfigProblem | null> {
  const rules = ({ klaviyoListIds, klaviyoSegmentIds }: EngagementSources): Parameters<typeof missingList>[2] => ({
    hubspotToKlaviyo: [],
    klaviyoToHubspot: [{ source: { klaviyoListIds, klaviyoSegmentIds } }],
  });
  const missing = await missingList(deps, accounts, rules(sources), known === null ? null : rules(known));
  if (missing === null) return null;
  return { ...missingListProblem(missing), field: `sources.${missing.field.split('.').at(-1) ?? ''}` };
}

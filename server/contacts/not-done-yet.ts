import { linksOfRecords } from '../store/links.js';
import { failedSince } from '../store/standings.js';
import type { AccountScope } from './account-scope.js';
import type { BatchInput } from './gather.js';
import { recordsOf } from './read-page.js';
import type { RecordKey, RunPipeline } from './run-pipeline.js';
import type { SyncContext } from './sync-context.js';

/**
 * Leaves out the records that an earlier batch of this run brought, itself or through their partner: pairs, and records whose
 * partner a vendor refused to create.
 */
export async function notDoneYet(
  ctx: SyncContext,
  scope: AccountScope,
  pipeline: RunPipeline,
  { connectionId }: { connectionId: string },
  since: Date,
  input: BatchInput,
): Promise<BatchInput> {
  const hubspotIds = [...input.hubspotIds, ...(input.contacts ?? []).map(({ id }) => id)];
  const klaviyoIds = [...input.klaviyoIds, ...(input.profiles ?? []).map(({ id }) => id)];
  const links = await linksOfRecords(ctx.db, scope.klaviyoAccountId, hubspotIds, klaviyoIds);
  const through = new Set<string>(
    links.filter((link) => link.syncedAt >= since).flatMap((link) => [`h${link.hubspotId}`, `k${link.klaviyoId}`]),
  );
  const paired = new Set<string>(links.flatMap((link) => [`h${link.hubspotId}`, `k${link.klaviyoId}`]));
  const alone = (ids: readonly string[], side: 'h' | 'k'): string[] => ids.filter((id) => !paired.has(`${side}${id}`));
  const [refusedContacts, refusedProfiles] = await Promise.all([
    failedSince(ctx.db, connectionId, 'hubspot', alone(hubspotIds, 'h'), since),
    failedSince(ctx.db, connectionId, 'klaviyo', alone(klaviyoIds, 'k'), since),
  ]);
  for (const id of refusedContacts) through.add(`h${id}`);
  for (const id of refusedProfiles) through.add(`k${id}`);
  const done = (key: RecordKey): boolean => through.has(key) || pipeline.holds(key);
  return {
    ...input,
    hubspotIds: input.hubspotIds.filter((id) => !done(`h${id}`)),
    klaviyoIds: input.klaviyoIds.filter((id) => !done(`k${id}`)),
    contacts: (input.contacts ?? []).filter(({ id }) => !done(`h${id}`)),
    profiles: (input.profiles ?? []).filter(({ id }) => !done(`k${id}`)),
  };
}

/** The records of a batch, as a pipeline knows them. Pure. */
export const keysOf = (input: BatchInput): RecordKey[] =>
  recordsOf(input).map(({ side, recordId }): RecordKey => `${side === 'hubspot' ? 'h' : 'k'}${recordId}`);

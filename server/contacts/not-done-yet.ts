import { linksOfRecords } from '../store/links.js';
import type { AccountScope } from './account-scope.js';
import type { BatchInput } from './gather.js';
import { recordsOf } from './read-page.js';
import type { RecordKey, RunPipeline } from './run-pipeline.js';
import type { SyncContext } from './sync-context.js';

/** Leaves out the records that an earlier page of this run brought, itself or through their partner. */
export async function notDoneYet(
  ctx: SyncContext,
  scope: AccountScope,
  pipeline: RunPipeline,
  since: Date,
  input: BatchInput,
): Promise<BatchInput> {
  const hubspotIds = [...input.hubspotIds, ...(input.contacts ?? []).map(({ id }) => id)];
  const klaviyoIds = [...input.klaviyoIds, ...(input.profiles ?? []).map(({ id }) => id)];
  const links = await linksOfRecords(ctx.db, scope.klaviyoAccountId, hubspotIds, klaviyoIds);
  const through = new Set<string>(
    links.filter((link) => link.syncedAt >= since).flatMap((link) => [`h${link.hubspotId}`, `k${link.klaviyoId}`]),
  );
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

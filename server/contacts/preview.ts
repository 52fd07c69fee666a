import { NeedsPerson, RetryLater } from '../errors.js';
import type { ContactConnection } from '../rules/connection.js';
import { planPerson } from '../rules/plan-person.js';
import { countPreview, noPreviewCounts, previewOf, type PreviewCounts } from '../rules/preview-person.js';
import { concludeChoosing, putForward } from '../store/admissions.js';
import { contactConnection } from '../store/contact-connections.js';
import { acquireLease, releaseLease, renewLease } from '../store/lease.js';
import {
  finishPreview,
  notePreviewPage,
  readPreview,
  seenInPreview,
  type Preview,
  type PreviewPerson,
} from '../store/previews.js';
import { loadScope, type AccountScope } from './account-scope.js';
import { gather, type BatchInput } from './gather.js';
import { passOf, type ScanCursor, type ScanStep } from './pass-of.js';
import { emailsOfPage, readPage } from './read-page.js';
import type { SyncContext } from './sync-context.js';

const leaseSeconds = 60;

/**
 * Goes over everybody of a connection (or a sample) as its initial run would: the same reads, the same plans, and nothing
 * is written to anyone (F2). What it finds is kept for paging through. Survives a restart page by page. Answers in how
 * many seconds to be called again, or null when it is through.
 */
export async function preview(ctx: SyncContext, previewId: string, signal: AbortSignal): Promise<number | null> {
  const lease = await acquireLease(ctx.db, `preview:${previewId}`, ctx.owner, leaseSeconds);
  if (lease === null) return null;
  try {
    for (;;) {
      if (signal.aborted) return 1;
      const stored = await readPreview<ScanCursor<ScanStep>>(ctx.db, previewId);
      if (stored === null || stored.state === 'ready' || stored.state === 'failed') return null;
      const connection = await contactConnection(ctx.db, stored.connectionId);
      if (connection?.configVersion !== stored.configVersion) {
        await finishPreview(
          ctx.db,
          previewId,
          'failed',
          'The connection was changed meanwhile: ask for a new preview.',
        );
        return null;
      }
      const scope = await loadScope(ctx, stored.klaviyoAccountId, connection);
      if (scope === null) {
        await finishPreview(ctx.db, previewId, 'failed', 'One of the accounts is not connected.');
        return null;
      }
      if (await nextPage(ctx, stored, connection, scope)) {
        await finishPreview(ctx.db, previewId, 'ready');
        return null;
      }
      await renewLease(ctx.db, lease, leaseSeconds);
    }
  } catch (error) {
    if (error instanceof RetryLater) return Math.max(error.seconds, 1);
    if (!(error instanceof NeedsPerson)) throw error;
    await finishPreview(ctx.db, previewId, 'failed', `${error.message} ${error.fix}`);
    return null;
  } finally {
    await releaseLease(ctx.db, lease);
  }
}

/** Looks at the next page; answers whether that was the last one. */
async function nextPage(
  ctx: SyncContext,
  stored: Preview<ScanCursor<ScanStep>>,
  connection: ContactConnection,
  scope: AccountScope,
): Promise<boolean> {
  const cursor = stored.cursor ?? (await passOf(ctx, connection));
  const step = cursor.steps[cursor.index];
  if (step === undefined || (stored.people !== null && stored.examined >= stored.people)) return true;
  const page = await readPage(ctx, scope, step, cursor.after, false);
  const next: ScanCursor<ScanStep> =
    page.after === null ? { ...cursor, index: cursor.index + 1, after: null } : { ...cursor, after: page.after };
  const progress = {
    cursor: next,
    counts: { ...noPreviewCounts, ...(stored.counts as Partial<PreviewCounts>) },
    skipped: { ...stored.skipped },
    examined: stored.examined,
  };
  if (step.choose === true) {
    const emails = await emailsOfPage(ctx, scope, page);
    await ctx.db.transaction(async (tx) => {
      await putForward(tx, scope.portalId, connection.id, emails, next.chooses ?? 0);
      if (next.steps[next.index]?.choose !== true) await concludeChoosing(tx, connection.id);
    });
    await notePreviewPage(ctx.db, stored, [], { ...progress, counts: { ...progress.counts } });
    return false;
  }
  const input = await notSeenYet(ctx, stored.id, page.input);
  const persons = await gather(ctx, scope, input, 'sweep');
  const moment: AccountScope = { ...scope, consent: { ...scope.consent, now: ctx.clock().toISOString() } };
  const people: PreviewPerson[] = [];
  for (const person of persons) {
    if (stored.people !== null && progress.examined >= stored.people) break;
    const plan = planPerson(person, moment);
    const shown = previewOf(plan, connection.id);
    if (shown === null) continue;
    progress.examined += 1;
    progress.counts = countPreview(progress.counts, shown, plan);
    if (shown.skipped !== null) progress.skipped[shown.skipped] = (progress.skipped[shown.skipped] ?? 0) + 1;
    people.push({
      hubspotId: shown.hubspotId,
      klaviyoId: shown.klaviyoId,
      action: shown.action,
      plan: shown.action === 'unchanged' ? null : shown,
    });
  }
  await notePreviewPage(ctx.db, stored, people, { ...progress, counts: { ...progress.counts } });
  return false;
}

/** Leaves out the records that an earlier page brought through their partner. */
async function notSeenYet(ctx: SyncContext, previewId: string, input: BatchInput): Promise<BatchInput> {
  const contacts = input.contacts ?? [];
  const profiles = input.profiles ?? [];
  const seen = await seenInPreview(
    ctx.db,
    previewId,
    [...input.hubspotIds, ...contacts.map(({ id }) => id)],
    [...input.klaviyoIds, ...profiles.map(({ id }) => id)],
  );
  return {
    hubspotIds: input.hubspotIds.filter((id) => !seen.hubspot.has(id)),
    klaviyoIds: input.klaviyoIds.filter((id) => !seen.klaviyo.has(id)),
    contacts: contacts.filter(({ id }) => !seen.hubspot.has(id)),
    profiles: profiles.filter(({ id }) => !seen.klaviyo.has(id)),
  };
}

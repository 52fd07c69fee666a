import { NeedsPerson, type RecordRefused } from '../errors.js';
import { changedValues, rollup } from '../rules/engagement/rollup.js';
import { consentStatus } from '../rules/subscription.js';
import { assertLease, type Lease } from '../store/lease.js';
import { clearConnectionIssues, openIssues } from '../store/issues.js';
import { countedOf, dueRollups, settleRollups } from '../store/rollups.js';
import { readByIds as readContacts, update } from '../vendors/hubspot/contacts.js';
import { readByIds } from '../vendors/klaviyo/profiles.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';
import { ensureRollupProperties } from './rollup-properties.js';

const batchSize = 100;
const dayMs = 86_400_000;
/** The subscription may change without any activity: whoever has some is looked at again after this long. */
const refreshMs = 7 * dayMs;
const code = 'rollups_denied';

/**
 * Works out the roll-ups of contacts whose activities changed, or changed by time alone, and writes what differs (E10),
 * a hundred contacts a call. Answers how many were due.
 */
export async function rollUp(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  mayWrite: () => void,
): Promise<number> {
  const due = await dueRollups(ctx.db, scope.klaviyoAccountId, batchSize);
  if (due.length === 0) return 0;
  const readAt = ctx.clock();
  const keptSince = new Date(readAt);
  keptSince.setUTCMonth(keptSince.getUTCMonth() - ctx.activityMonths);
  const wanting = scope.connections.filter(({ options }) => options.rollups).map(({ id }) => id);
  const settle = (rows: Parameters<typeof settleRollups>[2]): Promise<void> =>
    ctx.db.transaction(async (tx) => {
      await assertLease(tx, lease);
      await settleRollups(tx, scope.portalId, rows, readAt);
    });
  if (wanting.length === 0) {
    await settle(due.map(({ contactId }) => ({ contactId, written: {}, dueAt: null })));
    return due.length;
  }
  const counted = await countedOf(
    ctx.db,
    scope.portalId,
    due.map(({ contactId }) => contactId),
  );
  const profileOf = (one: (typeof due)[number]): string => counted.get(one.contactId)?.profileId ?? one.profileId ?? '';
  const profiles = await readByIds(ctx.klaviyo(scope.klaviyoAccountId, 'sweep'), due.map(profileOf), {
    subscriptions: true,
  });
  const rows = due.map((one) => {
    const subscription = profiles.get(profileOf(one))?.subscription;
    const status =
      subscription === undefined ? (one.written['tandem_email_status'] ?? null) : consentStatus(subscription);
    const kept = { written: one.written, sinceMs: keptSince.getTime() };
    const activities = counted.get(one.contactId)?.activities ?? [];
    const { values, changesMs } = rollup(activities, status, readAt.getTime(), kept);
    const dueAt = changesMs === null ? null : new Date(Math.min(changesMs, readAt.getTime() + refreshMs));
    return { contactId: one.contactId, values, changed: changedValues(one.written, values), dueAt };
  });
  const writes = rows.filter(({ changed }) => Object.keys(changed).length > 0);
  const failed = await write(ctx, scope, wanting, writes, mayWrite);
  if (failed === 'denied') {
    await settle(
      due.map(({ contactId }) => ({ contactId, written: {}, dueAt: new Date(readAt.getTime() + dayMs / 24) })),
    );
    return due.length;
  }
  // Who is not there any more has no roll-ups; the others are tried again tomorrow.
  const gone =
    failed.size === 0
      ? new Set<string>()
      : new Set((await readContacts(ctx.hubspot(scope.portalId, 'sweep'), [...failed], ['email'])).missing);
  await settle(
    rows.map(({ contactId, values, dueAt }) => ({
      contactId,
      written: failed.has(contactId) ? {} : { ...values },
      dueAt: gone.has(contactId) ? null : failed.has(contactId) ? new Date(readAt.getTime() + dayMs) : dueAt,
    })),
  );
  return due.length;
}

/** Writes the values; makes the properties when HubSpot does not know them. Answers the contacts it failed for. */
async function write(
  ctx: EngagementContext,
  scope: EngagementScope,
  connectionIds: readonly string[],
  writes: readonly { contactId: string; changed: Partial<Record<string, string>> }[],
  mayWrite: () => void,
): Promise<Set<string> | 'denied'> {
  const hubspot = ctx.hubspot(scope.portalId, 'sweep', mayWrite);
  const send = async (part: typeof writes): Promise<{ contactId: string; refused: RecordRefused | null }[]> => {
    const inputs = part.map(({ contactId, changed }) => ({
      id: contactId,
      properties: Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, value ?? ''])),
    }));
    const outcomes = inputs.length === 0 ? new Map<string, never>() : await update(hubspot, inputs);
    return part.flatMap(({ contactId }) => {
      const outcome = outcomes.get(contactId);
      return outcome?.ok === true ? [] : [{ contactId, refused: outcome?.refused ?? null }];
    });
  };
  let failed = await send(writes);
  if (failed.some(({ refused }) => refused?.code === 'field_missing')) {
    try {
      await ensureRollupProperties(hubspot);
      await clearConnectionIssues(ctx.db, connectionIds, [code]);
    } catch (error) {
      if (!(error instanceof NeedsPerson) || error.code !== 'missing_scope') throw error;
      await sayDenied(ctx, scope, connectionIds, error);
      return 'denied';
    }
    const again = new Set(failed.map(({ contactId }) => contactId));
    failed = await send(writes.filter(({ contactId }) => again.has(contactId)));
  }
  const [first] = failed;
  if (first !== undefined)
    ctx.log.warn(
      { portalId: scope.portalId, failed: failed.length, code: first.refused?.code },
      'roll-ups could not be written',
    );
  return new Set(failed.map(({ contactId }) => contactId));
}

function sayDenied(
  ctx: EngagementContext,
  scope: EngagementScope,
  connectionIds: readonly string[],
  denied: NeedsPerson,
): Promise<void> {
  return openIssues(
    ctx.db,
    scope.portalId,
    connectionIds.map((connectionId) => ({
      connectionId,
      code,
      side: 'hubspot',
      recordId: '',
      field: '',
      title: 'Roll-up properties cannot be created',
      detail: denied.message,
      fix: 'Install the app again and allow it to create contact properties, or switch the roll-ups off.',
      hubspotId: null,
      klaviyoId: null,
      email: null,
    })),
  );
}

import { NeedsPerson } from '../errors.js';
import { changePriority, noteChanges } from '../store/changes.js';
import { moveSweep, type Sweep } from '../store/sweeps.js';
import { consentMetricIds, profilesOfEvents, profilesSuppressedSince } from '../vendors/klaviyo/consent-changes.js';
import { sweepOverlapMs } from './sweep-overlap.js';
import type { SyncContext } from './sync-context.js';

interface ConsentPosition {
  sinceMs: number;
  metricIds: string[];
  /** When the metrics were listed: they come to be with their first event. */
  metricsMs: number;
}

const listMetricsEveryMs = 600_000;

/**
 * Notes profiles whose consent changed: Klaviyo may leave their `updated` alone (C4). Suppressions have a time of their
 * own to ask for; for the others the consent events tell, where the key may read events.
 */
export async function sweepConsent(ctx: SyncContext, stored: Sweep): Promise<number> {
  const session = ctx.klaviyo(stored.klaviyoAccountId, 'sweep');
  const nowMs = ctx.clock().getTime();
  const before = stored.position as ConsentPosition | null;
  const sinceMs = before?.sinceMs ?? nowMs - sweepOverlapMs;
  const since = new Date(sinceMs);
  let total = 0;
  const note = async (profileIds: readonly string[]): Promise<void> => {
    total += profileIds.length;
    await noteChanges(
      ctx.db,
      stored.portalId,
      stored.klaviyoAccountId,
      profileIds.map((recordId) => ({
        side: 'klaviyo',
        recordId,
        priority: changePriority.sweep,
        cause: stored.name,
      })),
    );
  };
  for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
    const page: { profileIds: string[]; cursor: string | null } = await profilesSuppressedSince(session, since, cursor);
    await note(page.profileIds);
    cursor = page.cursor;
  }
  let metricIds = before?.metricIds ?? [];
  let metricsMs = before?.metricsMs ?? 0;
  try {
    if (nowMs - metricsMs > listMetricsEveryMs || metricIds.length === 0) {
      metricIds = await consentMetricIds(session);
      metricsMs = nowMs;
    }
    for (const metricId of metricIds) {
      for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
        const page: { profileIds: string[]; cursor: string | null } = await profilesOfEvents(session, {
          metricId,
          since,
          cursor,
        });
        await note(page.profileIds);
        cursor = page.cursor;
      }
    }
  } catch (error) {
    if (!(error instanceof NeedsPerson) || error.code !== 'missing_scope') throw error;
    ctx.log.info(
      { klaviyoAccountId: stored.klaviyoAccountId },
      'consent events cannot be read: a permission is missing',
    );
  }
  const position: ConsentPosition = { sinceMs: Math.max(sinceMs, nowMs - sweepOverlapMs), metricIds, metricsMs };
  await moveSweep(ctx.db, stored, position, true);
  return total;
}

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
export async function sweepConsent(ctx: SyncContext, stored: Sweep, signal: AbortSignal): Promise<number> {
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
  /** Notes page after page; false when the process is to stop in their midst. */
  const noteAll = async (
    read: (cursor: string | null) => Promise<{ profileIds: string[]; cursor: string | null }>,
  ): Promise<boolean> => {
    for (let cursor: string | null = null; ;) {
      const page = await read(cursor);
      await note(page.profileIds);
      ({ cursor } = page);
      if (cursor === null) return true;
      if (signal.aborted) return false;
    }
  };
  // The watermark moves at the end alone: what was noted by a sweep that was stopped is noted again.
  if (!(await noteAll((cursor) => profilesSuppressedSince(session, since, cursor)))) return total;
  let metricIds = before?.metricIds ?? [];
  let metricsMs = before?.metricsMs ?? 0;
  try {
    if (nowMs - metricsMs > listMetricsEveryMs || metricIds.length === 0) {
      metricIds = await consentMetricIds(session);
      metricsMs = nowMs;
    }
    for (const metricId of metricIds)
      if (!(await noteAll((cursor) => profilesOfEvents(session, { metricId, since, cursor })))) return total;
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

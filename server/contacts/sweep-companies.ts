import { changePriority, noteChanges } from '../store/changes.js';
import { moveSweep, type Sweep } from '../store/sweeps.js';
import { contactsOfCompanies } from '../vendors/hubspot/associations.js';
import { searchModified } from '../vendors/hubspot/search.js';
import { sweepOverlapMs } from './sweep-overlap.js';
import type { SyncContext } from './sync-context.js';

interface CompanyPosition {
  sinceMs: number;
  /** Companies seen within the overlap, with the state they were seen in. */
  seen: Record<string, number>;
}

/** Notes the contacts of companies that changed (D1): a contact's own modified time does not tell. */
export async function sweepCompanies(ctx: SyncContext, stored: Sweep, signal: AbortSignal): Promise<number> {
  const session = ctx.hubspot(stored.portalId, 'sweep');
  const endMs = ctx.clock().getTime() - sweepOverlapMs;
  const before = stored.position as CompanyPosition | null;
  const sinceMs = before?.sinceMs ?? endMs;
  const seen: Record<string, number> = { ...before?.seen };
  let after: { modifiedMs: number; id: string } | undefined;
  let total = 0;
  for (;;) {
    const page = await searchModified(session, {
      object: 'companies',
      sinceMs,
      ...(after === undefined ? {} : { after }),
      properties: ['hs_lastmodifieddate'],
      limit: 200,
    });
    const changed = page.contacts.flatMap(({ id, properties, updatedAt }) => {
      const modifiedMs = Date.parse(properties['hs_lastmodifieddate'] ?? updatedAt);
      if (seen[id] === modifiedMs) return [];
      seen[id] = modifiedMs;
      return [{ id }];
    });
    for (let inputs: { id: string; after?: string }[] = changed; inputs.length > 0;) {
      const { contactIds, next } = await contactsOfCompanies(session, inputs);
      await noteChanges(
        ctx.db,
        stored.portalId,
        stored.klaviyoAccountId,
        contactIds.map((recordId) => ({
          side: 'hubspot',
          recordId,
          priority: changePriority.sweep,
          cause: 'company changed',
        })),
      );
      total += contactIds.length;
      inputs = next;
    }
    if (page.done || page.next === undefined) break;
    // The watermark moves at the end alone: what was noted is noted again.
    if (signal.aborted) return total;
    after = page.next;
  }
  const reached = Math.max(sinceMs, endMs);
  const kept = Object.fromEntries(Object.entries(seen).filter(([, modifiedMs]) => modifiedMs >= reached));
  await moveSweep(ctx.db, stored, { sinceMs: reached, seen: kept } satisfies CompanyPosition, true);
  return total;
}

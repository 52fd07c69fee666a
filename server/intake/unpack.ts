import type { ChangeHint } from '../rules/change-hint.js';
import { hintsOf, hubspotEventSchema } from '../rules/hints.js';
import type { Database } from '../store/database.js';
import { dropHints, nextHints } from '../store/hints.js';

export interface UnpackDeps {
  db: Database;
  /** Notes records as changed and wakes the drains. */
  notice(portalId: string, hints: readonly ChangeHint[]): Promise<void>;
}

/** Turns a portal's stored webhook events into changes. An event goes only after its change is noted. */
export async function unpack(deps: UnpackDeps, portalId: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const stored = await nextHints(deps.db, portalId, 1000);
    if (stored.length === 0) return;
    const hints = new Map<string, ChangeHint>();
    for (const { event } of stored) {
      const parsed = hubspotEventSchema.safeParse(event);
      for (const hint of parsed.success ? hintsOf(parsed.data) : []) hints.set(hint.recordId, hint);
    }
    await deps.notice(portalId, [...hints.values()]);
    await dropHints(deps.db, stored.map(({ id }) => id));
  }
}

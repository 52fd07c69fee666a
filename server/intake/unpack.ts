import type { ChangeHint } from '../rules/change-hint.js';
import { coalesce, hintsOf, mergeOf } from '../rules/hints.js';
import type { Database } from '../store/database.js';
import { dropHints, nextHints } from '../store/hints.js';
import { hubspotEvent } from './hubspot-event.js';

export interface UnpackDeps {
  db: Database;
  /** Notes records as changed and wakes the drains. */
  notice(portalId: string, hints: readonly ChangeHint[]): Promise<void>;
  /** What is kept of merged contacts' email activity is the survivor's. */
  merged(portalId: string, merged: readonly string[], survivor: string): Promise<void>;
}

/** Events turned into changes at a time. */
const atATime = 1000;

/** Turns a portal's stored webhook events into changes. An event goes only after its change is noted. */
export async function unpack(deps: UnpackDeps, portalId: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const stored = await nextHints(deps.db, portalId, atATime);
    if (stored.length === 0) return;
    const hints = stored.flatMap(({ event }) => {
      const read = hubspotEvent(event);
      return read === null ? [] : hintsOf(read);
    });
    for (const { event } of stored) {
      const read = hubspotEvent(event);
      const merge = read === null ? null : mergeOf(read);
      if (merge !== null) await deps.merged(portalId, merge.merged, merge.survivor);
    }
    await deps.notice(portalId, coalesce(hints));
    await dropHints(
      deps.db,
      stored.map(({ id }) => id),
    );
  }
}

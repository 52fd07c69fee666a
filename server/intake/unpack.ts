import type { ChangeHint } from '../rules/change-hint.js';
import { coalesce, hintsOf, mergeOf, type Merge } from '../rules/hints.js';
import type { Database } from '../store/database.js';
import { dropEvents, dropHints, nextEvents, nextHints } from '../store/hints.js';
import { hubspotEvent } from './hubspot-event.js';

export interface UnpackDeps {
  db: Database;
  /** Notes records as changed and wakes the drains. */
  notice(portalId: string, hints: readonly ChangeHint[]): Promise<void>;
  /** What is kept of merged contacts' email activity is the survivor's. */
  merged(portalId: string, merged: readonly string[], survivor: string): Promise<void>;
}

/** Records noted as changed at a time. */
const atATime = 1000;

/** Turns the oldest of a portal's stored hints into changes; says whether there may be more. They go only after that. */
export async function unpackSome(deps: UnpackDeps, portalId: string): Promise<'more' | 'done'> {
  const batches = await nextHints(deps.db, portalId, atATime);
  if (batches.length === 0) return 'done';
  const hints = batches.flatMap((batch) => batch.hints);
  await note(
    deps,
    portalId,
    hints,
    batches.flatMap((batch) => batch.merges),
  );
  await dropHints(
    deps.db,
    batches.map(({ id }) => id),
  );
  return hints.length >= atATime ? 'more' : 'done';
}

/** Turns all that is stored for a portal into changes, what the version before left included. */
export async function unpack(deps: UnpackDeps, portalId: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const events = await nextEvents(deps.db, portalId, atATime);
    if (events.length === 0) break;
    const read = events.map(({ event }) => hubspotEvent(event)).filter((event) => event !== null);
    const merges = read.map(mergeOf).filter((merge) => merge !== null);
    await note(deps, portalId, read.flatMap(hintsOf), merges);
    await dropEvents(
      deps.db,
      events.map(({ id }) => id),
    );
  }
  while (!signal.aborted && (await unpackSome(deps, portalId)) === 'more');
}

async function note(
  deps: UnpackDeps,
  portalId: string,
  hints: readonly ChangeHint[],
  merges: readonly Merge[],
): Promise<void> {
  for (const { merged, survivor } of merges) await deps.merged(portalId, merged, survivor);
  await deps.notice(portalId, coalesce(hints));
}

import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Whose work is under way. Every statement made inside is run by the database as that portal's: its row-level security
 * shows and takes rows of that portal only, also where a statement forgot to ask for them (A1; `docs/decisions/0011`).
 * The scope follows awaits and callbacks, so nobody has to hand it on.
 */
const scope = new AsyncLocalStorage<string | null>();

/** Runs `work` for one portal. */
export function withinPortal<T>(portalId: string, work: () => T): T {
  return scope.run(portalId, work);
}

/** Runs `work` for the whole installation: ticks, pruning, gauges; whatever scope it was called from. */
export function acrossPortals<T>(work: () => T): T {
  return scope.run(null, work);
}

/** The portal whose work is under way; null: the installation's own. */
export const portalInScope = (): string | null => scope.getStore() ?? null;

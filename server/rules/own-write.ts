import type { Side } from './connection.js';
import { sameValue, type Base, type Canonical } from './reconcile.js';

/** A value that we sent to a side without learning whether it was taken: the process died, or the answer was lost. */
export interface OwnWrite {
  /** Row of the history that intended it. */
  id: string;
  side: Side;
  /** Key in the link's base. */
  key: string;
  value: Canonical;
}

/**
 * The base to compare a field with when some of our writes to it are unaccounted for. A value that stands where we sent
 * it came from the other side, by us: it is what both agreed on then. Taken for an edit it would win over what the
 * other side's people changed since (D4).
 */
export function baseAfterOwnWrites(
  base: Base | undefined,
  present: { hubspot: Canonical; klaviyo: Canonical },
  key: string,
  writes: readonly OwnWrite[],
): Base | undefined {
  const landed = writes.filter((write) => write.key === key && sameValue(present[write.side], write.value)).at(-1);
  return landed === undefined ? base : landed.value;
}

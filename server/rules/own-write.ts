import type { Side } from './connection.js';
import { mergedIds } from './merged-ids.js';
import type { Person } from './person.js';
import { sameValue, type Base, type Canonical } from './reconcile.js';

/** A value that we sent to a side without learning whether it was taken: the process died, or the answer was lost. */
export interface OwnWrite {
  /** Row of the history that intended it. */
  id: string;
  side: Side;
  /** Key in the link's base. */
  key: string;
  value: Canonical;
  /** The record of the other side whose value it was. */
  source: string | null;
}

/**
 * Those of our unaccounted writes that speak of the pair as it is: whose value came from the record that is its other half,
 * or from one that went up in it. Of a contact that is gone, its profile agrees with nobody: what stands there would be taken for
 * emptied in the contact that is still to be created, and be emptied too (D4). Pure.
 */
export function ownWritesOfPair({ hubspot, klaviyo, link, ownWrites }: PairWithWrites): readonly OwnWrite[] {
  if (ownWrites.length === 0 || hubspot === null || klaviyo === null) return [];
  const sources = {
    hubspot: new Set([klaviyo.id, link?.klaviyoId]),
    klaviyo: new Set([hubspot.id, link?.hubspotId, ...mergedIds(hubspot)]),
  };
  return ownWrites.filter(({ side, source }) => source !== null && sources[side].has(source));
}

type PairWithWrites = Pick<Person, 'hubspot' | 'klaviyo' | 'link' | 'ownWrites'>;

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

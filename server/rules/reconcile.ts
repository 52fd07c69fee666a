import type { Side } from './connection.js';

/**
 * The three-way comparison (rule D4). Both sides' present values are compared with the base: the value they last
 * agreed on. Echoes, loops, "who changed it" and conflicts are all this one function.
 *
 * Values are canonical (see convert.ts): equal after conversion means equal, and null means empty.
 */
export type Canonical = string | boolean | readonly string[] | null;

/**
 * What both sides last agreed on; or, after an undo, the two values that a person wanted to stand side by side: nothing
 * goes across then until one of the sides is edited; or the two values under which a vendor refused the write.
 */
export type Base = Canonical | Apart | Refused;

interface Apart {
  hubspot: Canonical;
  klaviyo: Canonical;
}

/**
 * A write that a vendor refused, and what both sides held then: asked again with the same values it would refuse again. The
 * write rests until one of them changes, somebody retries, or what stood in the way is known to be gone.
 */
export interface Refused {
  refused: Apart;
  /** Who refused it, and the code of the issue that says why. */
  by: Side;
  code: string;
  /** What both sides agreed on before; absent when they never did. */
  before?: Canonical | Apart;
}

const isObject = (base: Base | undefined): base is Apart | Refused =>
  typeof base === 'object' && base !== null && !Array.isArray(base);

/** Whether a base is two values that stand side by side. */
export const isApart = (base: Base | undefined): base is Apart => isObject(base) && !('refused' in base);

/** Whether a base tells of a refused write. */
export const isRefused = (base: Base | undefined): base is Refused => isObject(base) && 'refused' in base;

/** The base as if no write had been refused: with it the write is tried again. */
export const withoutRefusal = (base: Base | undefined): Canonical | Apart | undefined =>
  isRefused(base) ? base.before : base;

/** The base after a vendor refused a write while the sides held these values. Pure. */
export function afterRefusal(base: Base | undefined, refused: Apart, by: Side, code: string): Refused {
  const before = withoutRefusal(base);
  return { refused, by, code, ...(before === undefined ? {} : { before }) };
}

/** What a side held by the base when a pass was last through with it; undefined when the field never met. */
export function heldOn(side: Side, base: Base | undefined): Canonical | undefined {
  if (isRefused(base)) return base.refused[side];
  return isApart(base) ? base[side] : base;
}

export interface FieldPolicy {
  direction: 'both' | 'to_klaviyo' | 'to_hubspot';
  /** Whose value stands when both changed differently (D3). Without meaning for one-way fields: the source wins. */
  winner: Side;
  /** Whether emptying a field empties it on the other side too (D6). */
  emptyToo: boolean;
}

export interface FieldValues {
  hubspot: Canonical;
  klaviyo: Canonical;
  /** What both sides last agreed on; undefined when they never met. */
  base: Base | undefined;
}

export type Because =
  | 'agree' // both sides hold the same value
  | 'filled' // first contact, the other side was empty
  | 'first_contact_winner' // first contact, both filled and different
  | 'changed' // only the source of this write changed since the base
  | 'emptied' // the source of this write was emptied, and the mapping carries that
  | 'both_changed_winner' // both changed differently, the winner stands
  | 'source_holds' // one-way field: the destination was edited, the source's value is put back
  | 'source_empty' // one-way field: nothing to send
  | 'undone' // taken back by a person
  | 'left_apart' // an undo put the values apart, and neither side was edited since
  | 'refused' // a vendor refused this write, and neither side was edited since
  | 'emptying_not_carried'; // one side was emptied, and the mapping does not carry that

export type Decision =
  | { action: 'none'; because: Because; base: Canonical | undefined }
  | {
      action: 'write';
      to: Side;
      /** null empties the field. */
      value: Canonical;
      because: Because;
      /** What both sides will agree on once the write is done. */
      base: Canonical;
      /** The value that gives way, kept in the history. Absent when nothing was lost. */
      overruled?: Canonical;
    };

/** Whether two canonical values are the same. */
export function sameValue(one: Canonical | undefined, other: Canonical | undefined): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => item === other[index]);
  }
  return one === other;
}

/** Decides what happens to one field of one pair, and why. Pure; see docs/architecture.md for the table. */
export function reconcile(values: FieldValues, policy: FieldPolicy): Decision {
  const { hubspot, klaviyo } = values;
  if (sameValue(hubspot, klaviyo)) return { action: 'none', because: 'agree', base: hubspot };
  if (isRefused(values.base)) {
    const { refused } = values.base;
    if (sameValue(hubspot, refused.hubspot) && sameValue(klaviyo, refused.klaviyo))
      return { action: 'none', because: 'refused', base: undefined };
  }
  const before = withoutRefusal(values.base);
  const base: Settled | 'apart' = isApart(before) ? apartBase(before, hubspot, klaviyo, policy) : { value: before };
  if (base === 'apart') return { action: 'none', because: 'left_apart', base: undefined };
  if (policy.direction === 'both') return twoWay({ hubspot, klaviyo, base: base.value }, policy);
  const [source, destination, to]: [Canonical, Canonical, Side] =
    policy.direction === 'to_klaviyo' ? [hubspot, klaviyo, 'klaviyo'] : [klaviyo, hubspot, 'hubspot'];
  return oneWay(source, destination, base.value, to, policy.emptyToo);
}

interface Settled {
  value: Canonical | undefined;
}

/**
 * The base to compare with when the values were put apart: none while nobody edited the side that counts; afterwards the
 * value of the side that was left alone, so that only the edit goes across.
 */
function apartBase(apart: Apart, hubspot: Canonical, klaviyo: Canonical, policy: FieldPolicy): Settled | 'apart' {
  const hubspotEdited = !sameValue(hubspot, apart.hubspot);
  const klaviyoEdited = !sameValue(klaviyo, apart.klaviyo);
  if (policy.direction === 'to_klaviyo') return hubspotEdited ? { value: klaviyo } : 'apart';
  if (policy.direction === 'to_hubspot') return klaviyoEdited ? { value: hubspot } : 'apart';
  if (!hubspotEdited && !klaviyoEdited) return 'apart';
  // Both edited: neither is the base of the other, as if both had changed from what they agreed on before.
  if (hubspotEdited && klaviyoEdited) return { value: apart.hubspot };
  return { value: hubspotEdited ? klaviyo : hubspot };
}

function oneWay(
  source: Canonical,
  destination: Canonical,
  base: Canonical | undefined,
  to: Side,
  emptyToo: boolean,
): Decision {
  if (source === null) {
    // Only what was once filled can have been emptied; a value the destination always had alone is not ours to wipe.
    const emptied = base !== undefined && base !== null;
    if (!emptied) return { action: 'none', because: 'source_empty', base };
    if (!emptyToo) return { action: 'none', because: 'emptying_not_carried', base };
    return write(to, null, 'emptied', sameValue(destination, base) ? null : destination);
  }
  if (base === undefined)
    return write(to, source, destination === null ? 'filled' : 'first_contact_winner', destination);
  if (sameValue(source, base)) return write(to, source, 'source_holds', destination);
  return write(to, source, 'changed', sameValue(destination, base) ? null : destination);
}

function twoWay(
  { hubspot, klaviyo, base }: { hubspot: Canonical; klaviyo: Canonical; base: Canonical | undefined },
  policy: FieldPolicy,
): Decision {
  if (base === undefined) {
    if (hubspot === null) return write('hubspot', klaviyo, 'filled', null);
    if (klaviyo === null) return write('klaviyo', hubspot, 'filled', null);
    return winnerStands(hubspot, klaviyo, policy.winner, 'first_contact_winner');
  }
  const hubspotChanged = !sameValue(hubspot, base);
  const klaviyoChanged = !sameValue(klaviyo, base);
  if (hubspotChanged && klaviyoChanged) {
    // An emptied field does not compete with a value unless the mapping carries emptiness.
    if (hubspot === null && !policy.emptyToo) return write('hubspot', klaviyo, 'changed', null);
    if (klaviyo === null && !policy.emptyToo) return write('klaviyo', hubspot, 'changed', null);
    return winnerStands(hubspot, klaviyo, policy.winner, 'both_changed_winner');
  }
  const [value, to]: [Canonical, Side] = hubspotChanged ? [hubspot, 'klaviyo'] : [klaviyo, 'hubspot'];
  if (value !== null) return write(to, value, 'changed', null);
  if (policy.emptyToo) return write(to, null, 'emptied', null);
  return { action: 'none', because: 'emptying_not_carried', base };
}

function winnerStands(hubspot: Canonical, klaviyo: Canonical, winner: Side, because: Because): Decision {
  return winner === 'hubspot'
    ? write('klaviyo', hubspot, because, klaviyo)
    : write('hubspot', klaviyo, because, hubspot);
}

function write(to: Side, value: Canonical, because: Because, overruled: Canonical): Decision {
  return { action: 'write', to, value, because, base: value, ...(overruled === null ? {} : { overruled }) };
}

import type { ActivityKind } from './activity-kind.js';
import type { EmailEvent } from './email-event.js';

/** One act of unsubscribing leaves up to four events behind, seconds or minutes apart (E11). */
export const actMs = 10 * 60_000;

/** Kinds that may be a part of one act of leaving. */
export const isLeaving = (kind: ActivityKind): boolean => kind === 'unsubscribed' || kind === 'preferences';

/**
 * Puts a person's leaving events into acts: unsubscribes follow each other within ten minutes, and changed preferences
 * belong to the act of an unsubscribe that near. Answers a number by event id; events of one number are one act, and
 * what belongs to none has none. It depends on the set of events alone, not on their order; a late event may join two
 * acts and never parts one.
 */
export function actsOf(events: readonly EmailEvent[]): Map<string, number> {
  const acts = new Map<string, number>();
  const unsubscribes = events.filter(({ kind }) => kind === 'unsubscribed').sort((a, b) => a.at - b.at);
  let act = 0;
  let before = -Infinity;
  for (const { id, at } of unsubscribes) {
    if (at - before > actMs) act += 1;
    acts.set(id, act);
    before = at;
  }
  for (const { id, kind, at } of events) {
    if (kind !== 'preferences') continue;
    const near = unsubscribes.find((other) => Math.abs(other.at - at) <= actMs);
    const its = near === undefined ? undefined : acts.get(near.id);
    if (its !== undefined) acts.set(id, its);
  }
  return acts;
}

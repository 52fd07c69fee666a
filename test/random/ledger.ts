import type { RandomField } from './fields.js';
import { randomFields } from './fields.js';
import type { Operation, Values } from './operations.js';

/** What people did, as far as the invariants need to know it. The service's doings are not in here. */
export class Ledger {
  /** Addresses that a person has had, the newest first. */
  readonly addresses: string[][] = [];
  /** Profiles whose person opted out or was suppressed; nobody ever opts in again. */
  readonly optedOut = new Map<string, string>();
  /** Fields that were emptied by hand, by record id: the other side may keep its value where the mapping says so. */
  private readonly emptied = new Map<string, Set<string>>();
  /** When profiles went up in another one, by the one that is left. */
  readonly mergedInto = new Map<string, { from: string; at: Date }[]>();
  /** Profiles that somebody took off the list that the service fills, or put on it. */
  readonly moved = new Set<string>();
  /** What the outsiders' records were given last, by side and address. */
  readonly outsiders = { hubspot: new Map<string, Values>(), klaviyo: new Map<string, Values>() };
  /** The mappings as they stand, and those that were ever changed. */
  mappings: RandomField[] = randomFields.map((field) => ({ ...field }));
  readonly remapped = new Set<string>();
  /** Starts, stops, pauses: one after the other, beside the other operations. */
  service: Promise<void> = Promise.resolve();
  /** How many operations took effect, by kind. */
  readonly done = new Map<string, number>();
  /** What happened when, and to which records; for the story of a failure. */
  readonly log: { at: Date; operation: Operation; ids: string[]; effect: boolean }[] = [];

  noteEdit(recordId: string, values: Values): void {
    for (const [name, value] of Object.entries(values)) {
      const isEmpty = value === null || String(value).trim() === '' || (Array.isArray(value) && value.length === 0);
      if (isEmpty) this.emptiedOf(recordId).add(name);
    }
  }

  /** A record goes up in another one. */
  noteMerge(from: string, into: string): void {
    for (const name of this.emptiedOf(from)) this.emptiedOf(into).add(name);
    const reason = this.optedOut.get(from);
    if (reason !== undefined && !this.optedOut.has(into)) this.optedOut.set(into, `${reason}, then merged`);
    this.mergedInto.set(into, [...(this.mergedInto.get(into) ?? []), { from, at: new Date() }]);
    // In Klaviyo the lists of both become those of the one that is left.
    this.moved.add(into);
  }

  emptiedOf(recordId: string): Set<string> {
    const known = this.emptied.get(recordId) ?? new Set<string>();
    this.emptied.set(recordId, known);
    return known;
  }
}

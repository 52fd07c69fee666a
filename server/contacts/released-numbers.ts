import type { MappedField } from '../rules/mappings.js';
import { heldOn } from '../rules/reconcile.js';
import { changePriority, noteChanges } from '../store/changes.js';
import type { Database } from '../store/database.js';
import { awaitingNumbers } from '../store/issues.js';
import type { AccountScope } from './account-scope.js';
import type { Applied } from './apply.js';

/** Klaviyo's attribute that only one profile can have a value of, beside the email. */
const attribute = 'phone_number';

/**
 * Phone numbers that profiles of a batch have given up: changed by us, changed or emptied in Klaviyo since the last pass, or
 * gone with their profile. Who was refused one of them may have it now. Pure.
 */
export function releasedNumbers(applied: readonly Applied[], fields: readonly MappedField[]): string[] {
  const keys = fields
    .filter(({ pair }) => pair.klaviyo.kind === 'attribute' && pair.klaviyo.name === attribute)
    .map(({ key }) => key);
  if (keys.length === 0) return [];
  const released = new Set<string>();
  for (const { plan, outcome, refusedKeys } of applied) {
    const { klaviyo, link, gone } = plan.person;
    // Not read in this pass: nothing is known of it.
    if (klaviyo === null && !gone.klaviyo) continue;
    const present = klaviyo?.attributes[attribute] ?? null;
    const write = plan.writes.find(({ side, key }) => side === 'klaviyo' && keys.includes(key));
    // A write without an answer may have been taken: whoever waits tries in vain at worst.
    const may = outcome.klaviyo === 'done' || outcome.klaviyo === 'unknown';
    const written = write !== undefined && may && !refusedKeys.has(write.key);
    const after = written ? write.newValue : present;
    for (const before of [present, ...keys.map((key) => heldOn('klaviyo', link?.base[key]))])
      if (typeof before === 'string' && before !== after) released.add(before);
  }
  return [...released];
}

/** The number that another profile holds: as soon as it is given up, this person is tried again. Pure. */
export function awaited(
  person: Applied,
  { code, side, field }: { code: string; side: string; field: string },
): { awaits?: string } {
  if (code !== 'phone_taken_in_klaviyo') return {};
  const number = person.plan.writes.find((write) => write.side === side && write.field === field)?.newValue;
  return typeof number === 'string' ? { awaits: number } : {};
}

/** Notes who waits for a phone number that was given up. */
export async function noteAwaiting(tx: Database, scope: AccountScope, numbers: readonly string[]): Promise<void> {
  if (numbers.length === 0) return;
  const connectionIds = scope.connections.map(({ id }) => id);
  await noteChanges(
    tx,
    scope.portalId,
    scope.klaviyoAccountId,
    (await awaitingNumbers(tx, connectionIds, numbers)).map((at) => ({
      ...at,
      priority: changePriority.sweep,
      cause: 'retry',
    })),
  );
}

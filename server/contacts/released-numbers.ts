import type { MappedField } from '../rules/mappings.js';
import { heldOn } from '../rules/reconcile.js';
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

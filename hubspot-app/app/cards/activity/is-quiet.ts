import type { ActivityOf } from '../card-types.js';

/** Whether there is nothing at all to tell of: no email arrived, bounced or was left out. */
export function isQuiet({ totals, latest }: ActivityOf): boolean {
  const { leftOut, ...counted } = totals;
  return latest.length === 0 && [...Object.values(counted), ...Object.values(leftOut)].every((number) => number === 0);
}

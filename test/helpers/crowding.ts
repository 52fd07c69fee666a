/** Work of some milliseconds that depends on nothing but the processor. */
function slice(): number {
  const begun = performance.now();
  let sum = 0;
  for (let n = 0; n < 3_000_000; n += 1) sum = (sum * 31 + n) % 1_000_003;
  return performance.now() - begun + sum * 0;
}

/**
 * How many times longer things take now than if this process had the machine for itself: a run of equal slices of work
 * against the quickest of them. Limits of time are multiplied with it, so that they hold on a machine that is shared.
 */
export function crowding(): number {
  const slices = Array.from({ length: 40 }, slice);
  return Math.max(1, slices.reduce((total, one) => total + one, 0) / (slices.length * Math.min(...slices)));
}

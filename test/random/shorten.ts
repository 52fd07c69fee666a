/**
 * Makes a failing list shorter: leaves out ever smaller pieces as long as it still fails (delta debugging). What fails
 * only now and then is played several times by `fails`. Stops when the time is over.
 */
export async function shorten<Item>(
  items: readonly Item[],
  fails: (items: readonly Item[]) => Promise<boolean>,
  limitMs: number,
  now: () => number,
): Promise<readonly Item[]> {
  const deadline = now() + limitMs;
  let shortest = items;
  for (let size = Math.ceil(shortest.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < shortest.length;) {
      if (now() > deadline) return shortest;
      const without = [...shortest.slice(0, start), ...shortest.slice(start + size)];
      if (await fails(without)) shortest = without;
      else start += size;
    }
  }
  return shortest;
}

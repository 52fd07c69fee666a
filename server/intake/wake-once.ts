/**
 * Wakes somebody for a key, at most one wake-up under way and one after it: a burst of a thousand deliveries is two
 * wake-ups. The one after is needed, because the one under way may have looked before this delivery was stored.
 */
export function wakeOnce(
  wake: (key: string) => Promise<void>,
  failed: (error: unknown) => void,
): (key: string) => void {
  const again = new Map<string, boolean>();
  const run = async (key: string): Promise<void> => {
    do {
      again.set(key, false);
      await wake(key).catch(failed);
    } while (again.get(key) === true);
    again.delete(key);
  };
  return (key) => {
    if (again.has(key)) again.set(key, true);
    else void run(key);
  };
}

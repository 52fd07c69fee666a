import { RecordRefused } from '../errors.js';

/** Cuts a list in two. */
export function halves<T>(items: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

/**
 * Sends a batch. When the vendor refuses it as a whole, halves it until the bad ones stand alone: one bad record never
 * stops a batch (G4). Answers the refused ones with the reason; every other error goes up, and so does a refusal that is
 * not about the records (`aboutRecords` answers false).
 */
export async function refusedOf<T>(
  items: readonly T[],
  send: (items: readonly T[]) => Promise<void>,
  aboutRecords: (refused: RecordRefused) => boolean | Promise<boolean> = () => true,
): Promise<Map<T, RecordRefused>> {
  const refused = new Map<T, RecordRefused>();
  const attempt = async (part: readonly T[]): Promise<void> => {
    const [first] = part;
    if (first === undefined) return;
    try {
      await send(part);
    } catch (error) {
      if (!(error instanceof RecordRefused) || !(await aboutRecords(error))) throw error;
      if (part.length === 1) {
        refused.set(first, error);
        return;
      }
      for (const half of halves(part)) await attempt(half);
    }
  };
  await attempt(items);
  return refused;
}

/** Texts that are read elsewhere, remembered in this process for a while. */
export interface Remembered {
  /** What is remembered; null when nothing is or there is nothing. Reads behind the answer what is not known or too old. */
  get(key: string, read: () => Promise<string | null>): { value: string | null; settling: boolean };
}

/** Remembers for `keptMs`, and goes on showing what is older while it is read again. A failed read is tried at the next question. */
export function createRemembered(options: {
  clock(): Date;
  keptMs: number;
  /** So many keys at most; then all is forgotten and read anew as it is asked for. */
  most: number;
  failed(error: unknown): void;
}): Remembered {
  const kept = new Map<string, { value: string | null; at: number }>();
  const reading = new Set<string>();
  return {
    get(key, read) {
      const now = options.clock().getTime();
      const known = kept.get(key);
      const fresh = known !== undefined && now - known.at < options.keptMs;
      if (!fresh && !reading.has(key)) {
        reading.add(key);
        read()
          .then((value) => {
            if (kept.size >= options.most) kept.clear();
            kept.set(key, { value, at: options.clock().getTime() });
          })
          .catch(options.failed)
          .finally(() => reading.delete(key));
      }
      return { value: known?.value ?? null, settling: known === undefined };
    },
  };
}

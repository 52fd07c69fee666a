import { listById } from '../vendors/klaviyo/lists.js';
import type { KlaviyoSession } from '../vendors/klaviyo/session.js';

/** A list that was renamed shows its new name after this long. */
const keptMs = 600_000;
const mostKept = 10_000;
/** Longest that a card waits for names; it shows the ids then, and the names the next time. */
const patienceMs = 700;

export interface ListNames {
  /** Names of a Klaviyo account's lists by id; without those that are not known in time or are gone. Never rejects. */
  of(klaviyoAccountId: string, listIds: readonly string[]): Promise<Map<string, string>>;
}

/** Remembers names of Klaviyo lists per process: our own store keeps ids, and people know lists by name. */
export function createListNames(deps: {
  clock(): Date;
  klaviyo(klaviyoAccountId: string): KlaviyoSession;
  /** Told when Klaviyo does not say a name. */
  failed(error: unknown): void;
}): ListNames {
  const kept = new Map<string, { at: number; name: Promise<string | null> }>();
  const nameOf = (klaviyoAccountId: string, listId: string): Promise<string | null> => {
    const key = `${klaviyoAccountId} ${listId}`;
    const now = deps.clock().getTime();
    const known = kept.get(key);
    if (known !== undefined && now - known.at < keptMs) return known.name;
    const name = listById(deps.klaviyo(klaviyoAccountId), listId).then(
      (list) => list?.name ?? null,
      (error: unknown) => {
        // Asked again with the next card.
        kept.delete(key);
        deps.failed(error);
        return null;
      },
    );
    if (kept.size >= mostKept) kept.clear();
    kept.set(key, { at: now, name });
    return name;
  };
  return {
    async of(klaviyoAccountId, listIds) {
      const names = new Map<string, string>();
      if (listIds.length === 0) return names;
      const asked = Promise.all(
        listIds.map(async (id) => {
          const name = await nameOf(klaviyoAccountId, id);
          if (name !== null) names.set(id, name);
        }),
      );
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, patienceMs);
      });
      await Promise.race([asked, late]);
      clearTimeout(timer);
      // What comes later must not change what was answered.
      return new Map(names);
    },
  };
}

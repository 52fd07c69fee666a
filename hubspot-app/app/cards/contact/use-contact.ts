import { useRef } from 'react';
import type { ContactAnswer } from '../card-types.js';
import { usePlatform } from '../shared/platform.js';
import { useLoad, type Loaded } from '../shared/use-load.js';

/** While a change waits the card looks again, less and less often: 2 s, 3 s, 4.5 s … a minute. */
const firstMs = 2_000;
const longestMs = 60_000;
/** What the service reads behind its answer is there soon, or Klaviyo does not answer and later will not help. */
const settling = { ms: 1_000, turns: 3 };

/** This contact's card, read again for as long as it waits to be synced, and until all of it is known. */
export function useContact(): Loaded<ContactAnswer> {
  const { api, recordId } = usePlatform();
  const waitMs = useRef(firstMs);
  const turns = useRef(settling.turns);
  return useLoad(
    recordId,
    () => api.contact(recordId),
    (data) => {
      if (data?.sync.state === 'waiting') {
        const wait = waitMs.current;
        waitMs.current = Math.min(longestMs, wait * 1.5);
        return wait;
      }
      waitMs.current = firstMs;
      if (data?.settling !== true || turns.current === 0) return null;
      turns.current -= 1;
      return settling.ms;
    },
  );
}

import { useRef } from 'react';
import type { ContactAnswer } from '../card-types.js';
import { usePlatform } from '../shared/platform.js';
import { useLoad, type Loaded } from '../shared/use-load.js';

/** While a change waits the card looks again, less and less often: 2 s, 3 s, 4.5 s … a minute. */
const firstMs = 2_000;
const longestMs = 60_000;

/** This contact's card, read again for as long as it waits to be synced. */
export function useContact(): Loaded<ContactAnswer> {
  const { api, recordId } = usePlatform();
  const waitMs = useRef(firstMs);
  const loaded = useLoad(
    recordId,
    () => api.contact(recordId),
    (data) => {
      if (data?.sync.state !== 'waiting') {
        waitMs.current = firstMs;
        return null;
      }
      const wait = waitMs.current;
      waitMs.current = Math.min(longestMs, wait * 1.5);
      return wait;
    },
  );
  return loaded;
}

import { RetryLater } from '../errors.js';
import type { Database } from '../store/database.js';
import { acquireLease, leaseRemaining, releaseLease } from '../store/lease.js';

/** Refresh this long before a token expires, so that no call meets an expired one. */
export const refreshMarginSeconds = 120;
const leaseSeconds = 30;
const pollMs = 50;

/**
 * Lets one process refresh a token while all others wait for the new one (A4). `current` reads the stored token, null
 * while it is stale; `refresh` gets a new one and stores it. No transaction is open while the vendor is called.
 */
export async function refreshOnce(
  db: Database,
  name: string,
  owner: string,
  current: () => Promise<string | null>,
  refresh: () => Promise<string>,
): Promise<string> {
  const deadline = Date.now() + 2 * leaseSeconds * 1000;
  for (;;) {
    const lease = await acquireLease(db, `refresh:${name}`, owner, leaseSeconds);
    if (lease !== null) {
      try {
        // Somebody may have finished between our look and the lease.
        return (await current()) ?? (await refresh());
      } finally {
        await releaseLease(db, lease);
      }
    }
    while ((await leaseRemaining(db, `refresh:${name}`)) > 0) {
      if (Date.now() > deadline) throw new RetryLater('The access token is being refreshed for too long.', 5);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    const token = await current();
    if (token !== null) return token;
    if (Date.now() > deadline) throw new RetryLater('The access token could not be refreshed.', 5);
  }
}

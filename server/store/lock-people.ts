import type { Database } from './database.js';

/**
 * Inside a transaction: keeps merging and erasing people of a portal apart from writing activities of theirs down. Who
 * writes holds it `shared`, side by side with others; who merges or erases holds it alone, until the commit. Held before
 * anything is read that a merge or an erasure changes, it makes that as true at the commit as when it was read.
 */
export async function lockPeople(tx: Database, portalId: string, how: 'shared' | 'alone'): Promise<void> {
  await tx.query(
    how === 'shared'
      ? `select pg_advisory_xact_lock_shared(hashtextextended('people:' || $1, 0))`
      : `select pg_advisory_xact_lock(hashtextextended('people:' || $1, 0))`,
    [portalId],
  );
}

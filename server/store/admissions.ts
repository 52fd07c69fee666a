import { stableRank } from '../rules/stable-rank.js';
import type { Database } from './database.js';

/**
 * The people that limited connections work on: the first N by the rank of their email (F9). Kept as ranks, so that no
 * address is stored twice.
 */

/** Which of these connections have chosen which of these people. */
export async function admittedOf(
  db: Database,
  connectionIds: readonly string[],
  emails: readonly string[],
): Promise<Map<string, Set<string>>> {
  const byRank = new Map(emails.map((email) => [String(stableRank(email)), email]));
  const rows = await db.query<{ connection_id: string; rank: string }>(
    'select connection_id, rank from admission where connection_id = any ($1) and rank = any ($2::bigint[])',
    [connectionIds, [...byRank.keys()]],
  );
  const admitted = new Map<string, Set<string>>();
  for (const row of rows) {
    const email = byRank.get(row.rank);
    if (email !== undefined) admitted.set(email, (admitted.get(email) ?? new Set()).add(row.connection_id));
  }
  return admitted;
}

/** Puts people forward for a connection and keeps the first `limit` of all put forward so far. */
export async function putForward(
  tx: Database,
  portalId: string,
  connectionId: string,
  emails: readonly string[],
  limit: number,
): Promise<void> {
  if (emails.length === 0) return;
  await tx.query(
    `insert into admission (connection_id, portal_id, rank) select $1, $2, x from unnest($3::bigint[]) as x on conflict do nothing`,
    [connectionId, portalId, emails.map((email) => String(stableRank(email)))],
  );
  await tx.query(
    `delete from admission where connection_id = $1 and rank > (
       select max(rank) from (select rank from admission where connection_id = $1 order by rank limit $2) kept)`,
    [connectionId, limit],
  );
}

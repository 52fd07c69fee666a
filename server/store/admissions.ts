import { stableRank } from '../rules/stable-rank.js';
import type { Database } from './database.js';

/**
 * The people that limited connections work on: the first N by the rank of their email (F9). Kept as ranks, so that no
 * address is stored twice. Who was chosen stays chosen when the limit is widened or somebody of a lower rank appears.
 */

/** Which of these connections have chosen which of these people. */
export async function admittedOf(
  db: Database,
  connectionIds: readonly string[],
  emails: readonly string[],
): Promise<Map<string, Set<string>>> {
  const byRank = new Map(emails.map((email) => [String(stableRank(email)), email]));
  const rows = await db.query<{ connection_id: string; rank: string }>(
    'select connection_id, rank from admission where connection_id = any ($1) and rank = any ($2::bigint[]) and chosen',
    [connectionIds, [...byRank.keys()]],
  );
  const admitted = new Map<string, Set<string>>();
  for (const row of rows) {
    const email = byRank.get(row.rank);
    if (email !== undefined) admitted.set(email, (admitted.get(email) ?? new Set()).add(row.connection_id));
  }
  return admitted;
}

const ranksOf = (emails: readonly string[]): string[] => [...new Set(emails.map((email) => String(stableRank(email))))];

/** Begins choosing: forgets what an interrupted choice left, and those beyond a limit that was lowered. */
export async function beginChoosing(tx: Database, connectionId: string, limit: number): Promise<void> {
  await tx.query(
    `delete from admission where connection_id = $1 and (not chosen or rank not in (
       select rank from admission where connection_id = $1 and chosen order by rank limit $2))`,
    [connectionId, limit],
  );
}

/** Puts people forward and keeps the first of all put forward so far, as many as there is room for. */
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
    [connectionId, portalId, ranksOf(emails)],
  );
  await tx.query(
    `delete from admission where connection_id = $1 and not chosen and rank not in (
       select rank from admission where connection_id = $1 and not chosen order by rank
       limit greatest(0, $2 - (select count(*) from admission where connection_id = $1 and chosen)))`,
    [connectionId, limit],
  );
}

/** Ends choosing: who is left is chosen. */
export async function concludeChoosing(tx: Database, connectionId: string): Promise<void> {
  await tx.query('update admission set chosen = true where connection_id = $1 and not chosen', [connectionId]);
}

/** How many people a connection has chosen. */
export async function chosenCount(db: Database, connectionId: string): Promise<number> {
  const rows = await db.query<{ n: string }>(
    'select count(*) as n from admission where connection_id = $1 and chosen',
    [connectionId],
  );
  return Number(rows[0]?.n ?? 0);
}

/** Chooses newcomers while there is room. Call under the account's lease. */
export async function chooseWithinRoom(
  tx: Database,
  portalId: string,
  connectionId: string,
  emails: readonly string[],
  limit: number,
): Promise<void> {
  await tx.query(
    `insert into admission (connection_id, portal_id, rank, chosen)
     select $1, $2, x, true from unnest($3::bigint[]) as x
     where not exists (select from admission a where a.connection_id = $1 and a.rank = x)
     order by x limit greatest(0, $4 - (select count(*) from admission where connection_id = $1 and chosen))
     on conflict do nothing`,
    [connectionId, portalId, ranksOf(emails), limit],
  );
}

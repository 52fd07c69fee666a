import type { Side } from '../rules/connection.js';
import type { Standing } from '../rules/person.js';
import type { Database } from './database.js';

export interface StandingRow extends Standing {
  side: Side;
  recordId: string;
}

interface Row {
  connection_id: string;
  side: Side;
  record_id: string;
  state: Standing['state'];
  reason: string | null;
  message: string | null;
  lists: string[];
  rules_key: string;
}

const fromRow = (row: Row): StandingRow => ({
  connectionId: row.connection_id,
  side: row.side,
  recordId: row.record_id,
  state: row.state,
  reason: row.reason,
  message: row.message,
  lists: row.lists,
  rulesKey: row.rules_key,
});

/** Standings of these records in these connections. */
export async function standingsOf(
  db: Database,
  connectionIds: readonly string[],
  hubspotIds: readonly string[],
  klaviyoIds: readonly string[],
): Promise<StandingRow[]> {
  const rows = await db.query<Row>(
    `select connection_id, side, record_id, state, reason, message, lists, rules_key from standing
     where connection_id = any ($1) and side = 'hubspot' and record_id = any ($2)
     union all
     select connection_id, side, record_id, state, reason, message, lists, rules_key from standing
     where connection_id = any ($1) and side = 'klaviyo' and record_id = any ($3)`,
    [connectionIds, hubspotIds, klaviyoIds],
  );
  return rows.map(fromRow);
}

/** Which of these records a connection tried to sync since some moment, in vain. Each looked up by itself, as in `link`. */
export async function failedSince(
  db: Database,
  connectionId: string,
  side: Side,
  recordIds: readonly string[],
  since: Date,
): Promise<string[]> {
  if (recordIds.length === 0) return [];
  const rows = await db.query<{ id: string }>(
    `select x.id from unnest($3::text[]) as x (id) where exists (
       select from standing
       where connection_id = $1 and side = $2 and record_id = x.id and state = 'failed' and checked_at >= $4 offset 0)`,
    [connectionId, side, recordIds, since],
  );
  return rows.map((row) => row.id);
}

const columns = `"connectionId" uuid, side text, "recordId" text, state text, reason text, message text, lists jsonb, "rulesKey" text`;

/**
 * Writes standings and takes others away, keeping the counts in step. Call under the account's lease: two writers at once
 * would count the same change twice.
 */
export async function saveStandings(
  tx: Database,
  portalId: string,
  saved: readonly StandingRow[],
  removed: readonly { connectionId: string; side: Side; recordId: string }[],
): Promise<void> {
  if (saved.length + removed.length === 0) return;
  const touched = JSON.stringify(
    [...saved, ...removed].map(({ connectionId, side, recordId }) => ({ connectionId, side, recordId })),
  );
  const before = await tx.query<{
    connection_id: string;
    side: Side;
    record_id: string;
    state: string;
    reason: string | null;
  }>(
    `select s.connection_id, s.side, s.record_id, s.state, s.reason from standing s
     join jsonb_to_recordset($1::jsonb) as x ("connectionId" uuid, side text, "recordId" text)
       on s.connection_id = x."connectionId" and s.side = x.side and s.record_id = x."recordId"`,
    [touched],
  );
  const changes = new Map<string, number>();
  const count = (connectionId: string, state: string, reason: string | null, by: number): void => {
    const key = JSON.stringify([connectionId, state, reason ?? '']);
    changes.set(key, (changes.get(key) ?? 0) + by);
  };
  for (const row of before) count(row.connection_id, row.state, row.reason, -1);
  for (const row of saved) count(row.connectionId, row.state, row.reason, 1);
  if (removed.length > 0) {
    await tx.query(
      `delete from standing s using jsonb_to_recordset($1::jsonb) as x ("connectionId" uuid, side text, "recordId" text)
       where s.connection_id = x."connectionId" and s.side = x.side and s.record_id = x."recordId"`,
      [JSON.stringify(removed)],
    );
  }
  if (saved.length > 0) {
    await tx.query(
      `insert into standing as s (connection_id, portal_id, side, record_id, state, reason, message, lists, rules_key)
       select x."connectionId", $1, x.side, x."recordId", x.state, x.reason, x.message,
         array(select jsonb_array_elements_text(x.lists)), x."rulesKey"
       from jsonb_to_recordset($2::jsonb) as x (${columns})
       join connection c on c.id = x."connectionId"
       on conflict (connection_id, side, record_id) do update set
         state = excluded.state, reason = excluded.reason, message = excluded.message, lists = excluded.lists,
         rules_key = excluded.rules_key, checked_at = now(),
         since = case when s.state = excluded.state and s.reason is not distinct from excluded.reason then s.since else now() end`,
      [portalId, JSON.stringify(saved)],
    );
  }
  const deltas = [...changes]
    .filter(([, by]) => by !== 0)
    .map(([key, by]) => {
      const [connectionId, state, reason] = JSON.parse(key) as [string, string, string];
      return { connectionId, state, reason, by };
    });
  if (deltas.length === 0) return;
  await tx.query(
    `insert into standing_count as k (connection_id, state, reason, n)
     select x."connectionId", x.state, x.reason, x.by
     from jsonb_to_recordset($1::jsonb) as x ("connectionId" uuid, state text, reason text, by bigint)
     join connection c on c.id = x."connectionId"
     order by 1, 2, 3
     on conflict (connection_id, state, reason) do update set n = k.n + excluded.n`,
    [JSON.stringify(deltas)],
  );
}

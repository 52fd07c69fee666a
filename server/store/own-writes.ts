import type { Side } from '../rules/connection.js';
import type { OwnWrite } from '../rules/own-write.js';
import type { Database } from './database.js';
import type { HistoryField } from './history.js';

/** Our writes of unknown outcome, oldest first, by every name the person may be found under: `hubspot:id`, `email:…`. */
export type OpenOwnWrites = ReadonlyMap<string, readonly OwnWrite[]>;

/** The writes to these records whose answer was lost and that no pass has made good since. */
export async function openOwnWrites(
  db: Database,
  klaviyoAccountId: string,
  records: { hubspotIds: readonly string[]; klaviyoIds: readonly string[]; emails: readonly string[] },
): Promise<OpenOwnWrites> {
  const rows = await db.query<{
    id: string;
    side: Side;
    hubspot_id: string | null;
    klaviyo_id: string | null;
    email: string | null;
    fields: HistoryField[];
  }>(
    `select id, side, hubspot_id, klaviyo_id, email, fields from history
     where klaviyo_account_id = $1 and outcome = 'unknown' and resolved_at is null and action in ('create', 'update', 'clear')
       and (hubspot_id = any ($2) or klaviyo_id = any ($3) or email = any ($4))
     order by id`,
    [klaviyoAccountId, records.hubspotIds, records.klaviyoIds, records.emails],
  );
  const found = new Map<string, OwnWrite[]>();
  for (const row of rows) {
    const source = row.side === 'hubspot' ? row.klaviyo_id : row.hubspot_id;
    const writes = row.fields.flatMap(({ key, newValue }): OwnWrite[] =>
      key === undefined ? [] : [{ id: row.id, side: row.side, key, value: newValue, source }],
    );
    const names = [
      ...(row.hubspot_id === null ? [] : [`hubspot:${row.hubspot_id}`]),
      ...(row.klaviyo_id === null ? [] : [`klaviyo:${row.klaviyo_id}`]),
      ...(row.email === null ? [] : [`email:${row.email}`]),
    ];
    for (const name of names) found.set(name, [...(found.get(name) ?? []), ...writes]);
  }
  return found;
}

/** A pass over their people is through: what these writes left behind is agreed on, or was made good. */
export async function resolveOwnWrites(tx: Database, historyIds: readonly string[]): Promise<void> {
  if (historyIds.length === 0) return;
  await tx.query(`update history set resolved_at = now() where id = any ($1::bigint[])`, [[...new Set(historyIds)]]);
}

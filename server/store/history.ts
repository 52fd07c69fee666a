import type { Side } from '../rules/connection.js';
import type { Canonical } from '../rules/reconcile.js';
import type { Database } from './database.js';

export interface HistoryField {
  /** Key in the link's base, of a mapped field. */
  key?: string;
  field: string;
  oldValue: Canonical;
  newValue: Canonical;
  because: string;
  overruled?: Canonical;
}

/** One write to one record, as intended or as done. */
export interface HistoryEntry {
  connectionId: string;
  runId: string | null;
  side: Side;
  action:
    | 'create'
    | 'update'
    | 'clear'
    | 'link'
    | 'unlink'
    | 'list_add'
    | 'list_remove'
    | 'subscribe'
    | 'unsubscribe'
    | 'timeline_event';
  hubspotId: string | null;
  klaviyoId: string | null;
  email: string | null;
  fields: HistoryField[];
  because: string;
}

const columns = `n int, "connectionId" uuid, "runId" uuid, side text, action text, "hubspotId" text, "klaviyoId" text, email text,
  fields jsonb, because text`;

/** Writes down what is about to be done. Answers the ids in the order given; settle them with `settleHistory`. */
export async function intendHistory(
  db: Database,
  portalId: string,
  klaviyoAccountId: string,
  entries: readonly HistoryEntry[],
): Promise<string[]> {
  if (entries.length === 0) return [];
  const rows = await db.query<{ id: string }>(
    `insert into history (portal_id, klaviyo_account_id, connection_id, run_id, side, action, hubspot_id, klaviyo_id, email, fields, because)
     select $1, $2, x."connectionId", x."runId", x.side, x.action, x."hubspotId", x."klaviyoId", x.email, x.fields, x.because
     from jsonb_to_recordset($3::jsonb) as x (${columns}) order by x.n
     returning id`,
    [portalId, klaviyoAccountId, JSON.stringify(entries.map((entry, n) => ({ n, ...entry })))],
  );
  return rows.map((row) => row.id).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
}

/** Settles intended writes with their outcome and the ids that came to be. */
export async function settleHistory(
  tx: Database,
  settled: readonly {
    id: string;
    outcome: 'done' | 'refused' | 'unknown';
    hubspotId: string | null;
    klaviyoId: string | null;
  }[],
): Promise<void> {
  if (settled.length === 0) return;
  await tx.query(
    `update history h set settled_at = now(), outcome = x.outcome, hubspot_id = coalesce(x."hubspotId", h.hubspot_id),
       klaviyo_id = coalesce(x."klaviyoId", h.klaviyo_id)
     from jsonb_to_recordset($1::jsonb) as x (id bigint, outcome text, "hubspotId" text, "klaviyoId" text) where h.id = x.id`,
    [JSON.stringify(settled)],
  );
}

/** Notes what has been done already. */
export async function noteHistory(
  tx: Database,
  portalId: string,
  klaviyoAccountId: string,
  entries: readonly HistoryEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await tx.query(
    `insert into history (portal_id, klaviyo_account_id, connection_id, run_id, side, action, hubspot_id, klaviyo_id, email, fields, because,
       settled_at, outcome)
     select $1, $2, x."connectionId", x."runId", x.side, x.action, x."hubspotId", x."klaviyoId", x.email, x.fields, x.because, now(), 'done'
     from jsonb_to_recordset($3::jsonb) as x (${columns}) order by x.n`,
    [portalId, klaviyoAccountId, JSON.stringify(entries.map((entry, n) => ({ n, ...entry })))],
  );
}

/**
 * Writes that a process intended and never settled: it died between the vendor's answer and ours. Whether they were
 * carried out shows when the records are read again; the history says so instead of guessing.
 */
export async function abandonHistory(db: Database, klaviyoAccountId: string): Promise<void> {
  await db.query(
    `update history set settled_at = now(), outcome = 'unknown' where klaviyo_account_id = $1 and settled_at is null`,
    [klaviyoAccountId],
  );
}

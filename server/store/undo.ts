import type { PastWrite } from '../rules/plan-undo.js';
import type { Database } from './database.js';

/** What an undo takes back: one change (or one field of it), a contact's, a run's, or everything since a moment. */
export type UndoSubject =
  | { changeId: string; fieldIndex?: number }
  | { hubspotId: string }
  | { runId: string }
  | { since: string };

export interface HistoryWrite extends PastWrite {
  hubspotId: string | null;
  klaviyoId: string | null;
  email: string | null;
}

/** Writes to take back, newest first, before row `beforeId`; what was taken back already is left out. */
export async function writesToUndo(
  db: Database,
  connectionId: string,
  subject: UndoSubject,
  beforeId: string | null,
  limit: number,
): Promise<HistoryWrite[]> {
  const [condition, value] =
    'changeId' in subject
      ? ['id = $4::bigint', subject.changeId]
      : 'runId' in subject
        ? ['run_id = $4::uuid', subject.runId]
        : 'hubspotId' in subject
          ? ['hubspot_id = $4', subject.hubspotId]
          : ['at >= $4::timestamptz', subject.since];
  return db.query<HistoryWrite>(
    `select id, side, action, connection_id as "connectionId", fields, hubspot_id as "hubspotId", klaviyo_id as "klaviyoId", email
     from history
     where connection_id = $1 and ${condition} and ($2::bigint is null or id < $2) and outcome = 'done' and undone_by is null
       and not exists (select from run r where r.id = history.run_id and r.kind = 'undo')
     order by id desc limit $3`,
    [connectionId, beforeId, limit, value],
  );
}

/** Queues an undo, or answers the open one of the same subject: asking twice takes back once. */
export async function queueUndo(
  db: Database,
  connection: { id: string; portalId: string; klaviyoAccountId: string },
  subject: UndoSubject,
): Promise<string> {
  return db.transaction(async (tx) => {
    await tx.query('select from connection where id = $1 for update', [connection.id]);
    const [open] = await tx.query<{ id: string }>(
      `select id from run where connection_id = $1 and kind = 'undo' and state in ('queued', 'running') and subject = $2::jsonb`,
      [connection.id, JSON.stringify(subject)],
    );
    if (open !== undefined) return open.id;
    const [fresh] = await tx.query<{ id: string }>(
      `insert into run (portal_id, connection_id, klaviyo_account_id, kind, subject) values ($1, $2, $3, 'undo', $4) returning id`,
      [connection.portalId, connection.id, connection.klaviyoAccountId, JSON.stringify(subject)],
    );
    return fresh?.id ?? '';
  });
}

export interface UndoRun {
  id: string;
  portalId: string;
  connectionId: string;
  state: 'queued' | 'running';
  subject: UndoSubject;
  cursor: { beforeId: string } | null;
}

/** The oldest open undo of a pair of accounts, whatever state its connection is in. */
export async function nextUndo(db: Database, klaviyoAccountId: string): Promise<UndoRun | null> {
  const [row] = await db.query<UndoRun>(
    `select id, portal_id as "portalId", connection_id as "connectionId", state, subject, cursor from run
     where klaviyo_account_id = $1 and kind = 'undo' and state in ('queued', 'running') order by queued_at limit 1`,
    [klaviyoAccountId],
  );
  return row ?? null;
}

/** Marks writes as taken back, each by the write that did it. */
export async function markUndone(tx: Database, pairs: readonly { id: string; by: string }[]): Promise<void> {
  if (pairs.length === 0) return;
  await tx.query(
    `update history h set undone_by = x.by from jsonb_to_recordset($1::jsonb) as x (id bigint, by bigint) where h.id = x.id`,
    [JSON.stringify(pairs)],
  );
}

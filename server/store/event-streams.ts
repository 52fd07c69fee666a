import type { ActivityKind } from '../rules/engagement/activity-kind.js';
import type { ReadAgain } from '../rules/engagement/read-again.js';
import type { Database } from './database.js';

/** One metric of an account and how far it has been read. */
export interface EventStream {
  klaviyoAccountId: string;
  portalId: string;
  metricId: string;
  kind: ActivityKind;
  watermark: Date;
  /** When the last hour was read again, and how many pages that took. */
  hourAt: Date | null;
  hourPages: number;
  /** Up to when a day and a week were read again. */
  dayAt: Date;
  weekAt: Date;
  /** A day or week being read again: where it stands and where it ends, in milliseconds. */
  again: ReadAgain | null;
}

interface Row {
  klaviyo_account_id: string;
  portal_id: string;
  metric_id: string;
  kind: ActivityKind;
  watermark: Date;
  hour_at: Date | null;
  hour_pages: number;
  day_at: Date;
  week_at: Date;
  again: EventStream['again'];
}

/** The metrics of an account. */
export async function eventStreams(db: Database, klaviyoAccountId: string): Promise<EventStream[]> {
  const rows = await db.query<Row>(
    `select klaviyo_account_id, portal_id, metric_id, kind, watermark, hour_at, hour_pages, day_at, week_at, again
     from event_stream where klaviyo_account_id = $1 order by kind, metric_id`,
    [klaviyoAccountId],
  );
  return rows.map((row) => ({
    klaviyoAccountId: row.klaviyo_account_id,
    portalId: row.portal_id,
    metricId: row.metric_id,
    kind: row.kind,
    watermark: row.watermark,
    hourAt: row.hour_at,
    hourPages: row.hour_pages,
    dayAt: row.day_at,
    weekAt: row.week_at,
    again: row.again,
  }));
}

/** Adds metrics that came to be; each is read from the moment on from which the account is read. */
export async function addStreams(
  db: Database,
  klaviyoAccountId: string,
  metrics: readonly { id: string; kind: ActivityKind }[],
): Promise<void> {
  await db.query(
    `insert into event_stream (klaviyo_account_id, portal_id, metric_id, kind, watermark)
     select e.klaviyo_account_id, e.portal_id, x.id, x.kind, e.live_from
     from jsonb_to_recordset($2::jsonb) as x (id text, kind text) join engagement_account e on e.klaviyo_account_id = $1
     on conflict do nothing`,
    [klaviyoAccountId, JSON.stringify(metrics)],
  );
}

/** Moves a watermark on, never back, in the transaction that stores what was read up to it. */
export async function moveStream(
  tx: Database,
  stream: EventStream,
  moved: { watermark: Date; hourPages?: number },
): Promise<void> {
  await tx.query(
    `update event_stream set watermark = greatest(watermark, $3),
       hour_at = case when $4::int is null then hour_at else now() end, hour_pages = coalesce($4::int, hour_pages)
     where klaviyo_account_id = $1 and metric_id = $2`,
    [stream.klaviyoAccountId, stream.metricId, moved.watermark, moved.hourPages ?? null],
  );
}

/** Keeps where a second reading stands; null: it is through, and the next one goes back from where it ended. */
export async function moveAgain(tx: Database, stream: EventStream, again: EventStream['again']): Promise<void> {
  const done = again === null ? stream.again : null;
  await tx.query(
    `update event_stream set again = $3::jsonb, day_at = case when $4::text is null then day_at else to_timestamp($5::float8 / 1000) end,
       week_at = case when $4 = 'week' then to_timestamp($5::float8 / 1000) else week_at end
     where klaviyo_account_id = $1 and metric_id = $2`,
    [
      stream.klaviyoAccountId,
      stream.metricId,
      again === null ? null : JSON.stringify(again),
      done?.span ?? null,
      done?.untilMs ?? null,
    ],
  );
}

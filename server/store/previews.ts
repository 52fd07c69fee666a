import type { PersonPreview } from '../rules/preview-person.js';
import type { Database } from './database.js';

export interface Preview<Cursor = unknown> {
  id: string;
  portalId: string;
  connectionId: string;
  klaviyoAccountId: string;
  configVersion: number;
  state: 'queued' | 'running' | 'ready' | 'failed';
  people: number | null;
  cursor: Cursor | null;
  counts: Record<string, number>;
  skipped: Record<string, number>;
  examined: number;
  error: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

const columns = `id, portal_id as "portalId", connection_id as "connectionId", klaviyo_account_id as "klaviyoAccountId",
  config_version as "configVersion", state, people, cursor, counts, skipped, examined::int as examined, error,
  created_at as "createdAt", finished_at as "finishedAt"`;

/** Queues a preview, or answers the open one of the same configuration and size: asking twice starts one. */
export async function queuePreview(
  db: Database,
  connection: { id: string; portalId: string; klaviyoAccountId: string },
  people: number | null,
): Promise<string> {
  return db.transaction(async (tx) => {
    const [current] = await tx.query<{ version: number }>(
      'select config_version as version from connection where id = $1 for update',
      [connection.id],
    );
    const version = current?.version ?? 1;
    const [open] = await tx.query<{ id: string }>(
      `select id from preview where connection_id = $1 and config_version = $2 and people is not distinct from $3 and state in ('queued', 'running')`,
      [connection.id, version, people],
    );
    if (open !== undefined) return open.id;
    // One preview a connection is kept: the last one asked for.
    await tx.query('delete from preview where connection_id = $1', [connection.id]);
    const [fresh] = await tx.query<{ id: string }>(
      `insert into preview (portal_id, connection_id, klaviyo_account_id, config_version, people) values ($1, $2, $3, $4, $5) returning id`,
      [connection.portalId, connection.id, connection.klaviyoAccountId, version, people],
    );
    return fresh?.id ?? '';
  });
}

/** One preview, or null. */
export async function readPreview<Cursor>(db: Database, id: string): Promise<Preview<Cursor> | null> {
  const [row] = await db.query<Preview<Cursor>>(`select ${columns} from preview where id = $1`, [id]);
  return row ?? null;
}

/** Whose preview it is, or null when there is none. */
export async function portalOfPreview(db: Database, id: string): Promise<string | null> {
  const [row] = await db.query<{ portalId: string }>('select portal_id as "portalId" from preview where id = $1', [id]);
  return row?.portalId ?? null;
}

/** One preview of a connection, or null; for the API. */
export async function findPreview(db: Database, connectionId: string, id: string): Promise<Preview | null> {
  if (!/^[0-9a-f-]{36}$/i.test(id)) return null;
  const [row] = await db.query<Preview>(`select ${columns} from preview where id = $1 and connection_id = $2`, [
    id,
    connectionId,
  ]);
  return row ?? null;
}

export interface PreviewPerson {
  hubspotId: string | null;
  klaviyoId: string | null;
  action: string;
  plan: PersonPreview | null;
}

/** Notes one page: its people, the counts, and where to go on, all or nothing. */
export async function notePreviewPage(
  db: Database,
  preview: Pick<Preview, 'id' | 'portalId'>,
  people: readonly PreviewPerson[],
  progress: { cursor: unknown; counts: Record<string, number>; skipped: Record<string, number>; examined: number },
): Promise<void> {
  await db.transaction(async (tx) => {
    if (people.length > 0)
      await tx.query(
        `insert into preview_person (preview_id, portal_id, hubspot_id, klaviyo_id, action, plan)
         select $1, $2, x."hubspotId", x."klaviyoId", x.action, nullif(x.plan, 'null'::jsonb)
         from jsonb_to_recordset($3::jsonb) as x ("hubspotId" text, "klaviyoId" text, action text, plan jsonb)`,
        [preview.id, preview.portalId, JSON.stringify(people)],
      );
    await tx.query(
      `update preview set state = 'running', cursor = $2, counts = $3, skipped = $4, examined = $5 where id = $1`,
      [
        preview.id,
        JSON.stringify(progress.cursor),
        JSON.stringify(progress.counts),
        JSON.stringify(progress.skipped),
        progress.examined,
      ],
    );
  });
}

/** Which of these records an earlier page of the preview has brought already. */
export async function seenInPreview(
  db: Database,
  previewId: string,
  hubspotIds: readonly string[],
  klaviyoIds: readonly string[],
): Promise<{ hubspot: Set<string>; klaviyo: Set<string> }> {
  const rows = await db.query<{ hubspot_id: string | null; klaviyo_id: string | null }>(
    `select hubspot_id, klaviyo_id from preview_person where preview_id = $1 and hubspot_id = any ($2)
     union all select hubspot_id, klaviyo_id from preview_person where preview_id = $1 and klaviyo_id = any ($3)`,
    [previewId, hubspotIds, klaviyoIds],
  );
  const given = (ids: (string | null)[]): Set<string> => new Set(ids.filter((id) => id !== null));
  return { hubspot: given(rows.map((row) => row.hubspot_id)), klaviyo: given(rows.map((row) => row.klaviyo_id)) };
}

/** Ends a preview. */
export async function finishPreview(
  db: Database,
  id: string,
  state: 'ready' | 'failed',
  error: string | null = null,
): Promise<void> {
  await db.query(
    `update preview set state = $2, error = $3, finished_at = now() where id = $1 and state in ('queued', 'running')`,
    [id, state, error],
  );
}

/** People of a preview with something to do, a page at a time. */
export async function previewRows(
  db: Database,
  previewId: string,
  page: { action?: string | undefined; cursor?: string | undefined; limit: number },
): Promise<{ rows: { n: string; action: string; plan: PersonPreview }[]; next: string | null }> {
  const after = /^\d{1,18}$/.test(page.cursor ?? '') ? page.cursor : '0';
  const rows = await db.query<{ n: string; action: string; plan: PersonPreview }>(
    `select n, action, plan from preview_person where preview_id = $1 and plan is not null and n > $2
       and ($3::text is null or action = $3) order by n limit $4`,
    [previewId, after, page.action ?? null, page.limit + 1],
  );
  const shown = rows.slice(0, page.limit);
  return { rows: shown, next: rows.length > page.limit ? (shown.at(-1)?.n ?? null) : null };
}

/** A few people of each action, for the first look. */
export async function previewSamples(db: Database, previewId: string, each: number): Promise<PersonPreview[]> {
  const rows = await db.query<{ plan: PersonPreview }>(
    `select s.plan from (select distinct action from preview_person where preview_id = $1 and plan is not null) a
     cross join lateral (select plan from preview_person p where p.preview_id = $1 and p.action = a.action and plan is not null order by n limit $2) s`,
    [previewId, each],
  );
  return rows.map(({ plan }) => plan);
}

/** Previews that a crash interrupted, and the dropping of old ones. */
export async function openPreviews(db: Database): Promise<string[]> {
  await db.query(`delete from preview where created_at < now() - interval '7 days'`);
  const rows = await db.query<{ id: string }>(`select id from preview where state in ('queued', 'running')`);
  return rows.map(({ id }) => id);
}

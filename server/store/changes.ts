import type { Side } from '../rules/connection.js';
import type { Database } from './database.js';

/** Who waits for a change: the smaller the number, the earlier it is taken. */
export const changePriority = { person: 0, hint: 1, sweep: 2, retry: 3 } as const;
export type ChangePriority = (typeof changePriority)[keyof typeof changePriority];

/** All priorities, as SQL. */
const priorities = `unnest(array[${Object.values(changePriority).join(', ')}]::smallint[])`;

/**
 * The moment from which the earliest change of an account is to be looked at, as SQL (`:account` stands for its id): the
 * first of each priority, by their index, however many wait for whomever.
 */
export const earliestDueSql = `(select min(first.due_at) from ${priorities} as p cross join lateral (
      select v.due_at from change v where v.klaviyo_account_id = :account and v.priority = p order by v.due_at limit 1) as first)`;

/** "This record may differ from its base." */
export interface Change {
  side: Side;
  recordId: string;
  priority: ChangePriority;
  cause: string;
  /** Seconds from now before which it is not to be looked at; 0 when left out. */
  afterSeconds?: number;
}

/** Causes behind which somebody asks for another try: what a vendor refused before is sent again. */
const insisting: readonly string[] = ['retry', 'repair', 'sync now'];

/** Whether a change asks for another try of what a vendor refused, and not only for a look. */
export const insists = ({ cause, priority }: Pick<ClaimedChange, 'cause' | 'priority'>): boolean =>
  insisting.includes(cause) || priority === changePriority.retry;

export interface ClaimedChange {
  side: Side;
  recordId: string;
  priority: number;
  generation: string;
  attempts: number;
  cause: string;
}

/**
 * Writes changes down, one row a record: a record that waits already keeps its row, takes the more urgent priority and
 * the earlier time, and a new generation, so that a pass under way does not delete what came after it began.
 */
export async function noteChanges(
  db: Database,
  portalId: string,
  klaviyoAccountId: string,
  changes: readonly Change[],
): Promise<void> {
  if (changes.length === 0) return;
  // One statement must not name a row twice.
  const unique = new Map<string, Change>();
  for (const change of changes) {
    const key = `${change.side}:${change.recordId}`;
    const before = unique.get(key);
    if (before === undefined || change.priority < before.priority) unique.set(key, change);
  }
  await db.query(
    `insert into change as c (portal_id, klaviyo_account_id, side, record_id, priority, cause, due_at)
     select $1, $2, x.side, x."recordId", x.priority, x.cause, now() + make_interval(secs => coalesce(x."afterSeconds", 0))
     from jsonb_to_recordset($3::jsonb) as x (side text, "recordId" text, priority smallint, cause text, "afterSeconds" float8)
     order by x.side, x."recordId"
     on conflict (klaviyo_account_id, side, record_id) do update set
       priority = least(c.priority, excluded.priority), due_at = least(c.due_at, excluded.due_at),
       generation = c.generation + 1, cause = case when c.cause = any ($4) then c.cause else excluded.cause end`,
    [portalId, klaviyoAccountId, JSON.stringify([...unique.values()]), insisting],
  );
}

/** The next due changes of one pair of accounts, most urgent first. Rows stay until `settleChanges`. */
export async function dueChanges(db: Database, klaviyoAccountId: string, limit: number): Promise<ClaimedChange[]> {
  const rows = await db.query<{
    side: Side;
    record_id: string;
    priority: number;
    generation: string;
    attempts: number;
    cause: string;
  }>(
    // Per priority the index holds them in order: however many wait, and however old the planner's figures are, none but
    // those that are answered is read.
    `select side, record_id, p as priority, generation, attempts, cause from ${priorities} as p cross join lateral (
       select side, record_id, generation, attempts, cause, due_at from change
       where klaviyo_account_id = $1 and priority = p and due_at <= now() order by due_at limit $2) as due
     order by p, due_at limit $2`,
    [klaviyoAccountId, limit],
  );
  return rows.map(({ record_id, ...row }) => ({ ...row, recordId: record_id }));
}

/** Removes changes that a pass has dealt with; one that was noted again meanwhile stays. */
export async function settleChanges(
  tx: Database,
  klaviyoAccountId: string,
  changes: readonly ClaimedChange[],
): Promise<void> {
  if (changes.length === 0) return;
  await tx.query(
    `delete from change c using jsonb_to_recordset($2::jsonb) as x (side text, "recordId" text, generation bigint)
     where c.klaviyo_account_id = $1 and c.side = x.side and c.record_id = x."recordId" and c.generation = x.generation`,
    [klaviyoAccountId, JSON.stringify(changes)],
  );
}

/** Puts changes back for later, counting the attempt. */
export async function postponeChanges(
  tx: Database,
  klaviyoAccountId: string,
  changes: readonly { side: Side; recordId: string; afterSeconds: number }[],
): Promise<void> {
  if (changes.length === 0) return;
  await tx.query(
    `update change c set attempts = c.attempts + 1, due_at = now() + make_interval(secs => x."afterSeconds")
     from jsonb_to_recordset($2::jsonb) as x (side text, "recordId" text, "afterSeconds" float8)
     where c.klaviyo_account_id = $1 and c.side = x.side and c.record_id = x."recordId"`,
    [klaviyoAccountId, JSON.stringify(changes)],
  );
}

/** Seconds until the next change is due (0 when one is), or null when none waits. */
export async function nextChangeIn(db: Database, klaviyoAccountId: string): Promise<number | null> {
  const rows = await db.query<{ seconds: number | null }>(
    `select extract(epoch from ${earliestDueSql.replaceAll(':account', '$1')} - now())::float8 as seconds`,
    [klaviyoAccountId],
  );
  // Not in SQL: greatest() takes 0 where nothing waits, and a drain that has nothing to do would call itself for ever.
  const seconds = rows[0]?.seconds ?? null;
  return seconds === null ? null : Math.max(0, seconds);
}

/** Pairs of accounts with due changes or open runs whose drain nobody holds; and how many changes wait in all (up to 100,000). */
export async function accountsWithWork(db: Database): Promise<{ accounts: string[]; waiting: number }> {
  const rows = await db.query<{ id: string }>(
    // From one account that has changes to the next, by the index: what has none costs nothing, however many they are.
    `with recursive waiting (id) as (
       (select klaviyo_account_id from change order by klaviyo_account_id limit 1)
       union all
       select (select klaviyo_account_id from change where klaviyo_account_id > w.id order by klaviyo_account_id limit 1) from waiting w where w.id is not null),
     busy as (
       select id from waiting where id is not null and ${earliestDueSql.replaceAll(':account', 'waiting.id')} <= now()
       union
       select r.klaviyo_account_id from run r join connection c on c.id = r.connection_id and c.state in ('initial_sync', 'active')
       where r.state in ('queued', 'running'))
     select a.id from busy join klaviyo_account a on a.id = busy.id and a.state = 'connected' join portal p on p.id = a.portal_id and p.state = 'installed'
     where not exists (select from issue i join connection c on c.id = i.connection_id
                       where c.klaviyo_account_id = a.id and i.side in ('hubspot', 'klaviyo') and i.code = 'missing_scope' and i.record_id = '' and i.last_seen_at > now() - interval '5 minutes')
       and exists (select from connection c where c.klaviyo_account_id = a.id and c.state in ('initial_sync', 'active'))
       and not exists (select from lease l where l.name = 'drain:' || a.id and l.until > now())`,
  );
  const erasures = await db.query<{ id: string }>(
    `select distinct u.klaviyo_account_id as id from run u where u.kind = 'undo' and u.state in ('queued', 'running')
       and not exists (select from lease l where l.name = 'drain:' || u.klaviyo_account_id and l.until > now())
     union select distinct e.klaviyo_account_id as id from erasure_due e
     where e.at < now() - interval '5 seconds' and not exists (select from lease l where l.name = 'drain:' || e.klaviyo_account_id and l.until > now())`,
  );
  const counted = await db.query<{ n: string }>('select count(*) as n from (select from change limit 100000) c');
  return { accounts: [...new Set([...rows, ...erasures].map((row) => row.id))], waiting: Number(counted[0]?.n ?? 0) };
}

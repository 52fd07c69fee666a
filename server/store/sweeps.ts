import type { Base } from '../rules/reconcile.js';
import type { Database } from './database.js';

export interface Sweep {
  portalId: string;
  klaviyoAccountId: string;
  name: string;
  position: unknown;
}

/** Makes sure these sweeps exist for a pair of accounts, due now; others of the account are dropped. */
export async function ensureSweeps(
  db: Database,
  portalId: string,
  klaviyoAccountId: string,
  names: readonly string[],
): Promise<void> {
  await db.query(
    `with wanted as (select unnest($3::text[]) as name),
       gone as (delete from sweep where klaviyo_account_id = $2 and not (name = any ($3)))
     insert into sweep (portal_id, klaviyo_account_id, name) select $1, $2, name from wanted on conflict do nothing`,
    [portalId, klaviyoAccountId, names],
  );
}

/**
 * Takes due sweeps and sets when they are due again: many processes may ask at once, each sweep goes to one. A little
 * early, so that the tick that comes after a whole period does not find them due a moment later.
 */
export async function takeDueSweeps(db: Database, pollSeconds: number, limit: number): Promise<Sweep[]> {
  const rows = await db.query<{ portal_id: string; klaviyo_account_id: string; name: string; position: unknown }>(
    `update sweep s set due_at = now() + make_interval(secs => $1::float8 - least(1, $1::float8 * 0.2))
     from (select w.klaviyo_account_id, w.name from sweep w
             join klaviyo_account a on a.id = w.klaviyo_account_id and a.state = 'connected'
             join portal p on p.id = w.portal_id and p.state = 'installed'
           where w.due_at <= now() and exists (
               select from connection c where c.klaviyo_account_id = w.klaviyo_account_id and c.state in ('initial_sync', 'active'))
           order by w.due_at limit $2 for update of w skip locked) due
     where s.klaviyo_account_id = due.klaviyo_account_id and s.name = due.name
     returning s.portal_id, s.klaviyo_account_id, s.name, s.position`,
    [pollSeconds, limit],
  );
  return rows.map((row) => ({
    portalId: row.portal_id,
    klaviyoAccountId: row.klaviyo_account_id,
    name: row.name,
    position: row.position,
  }));
}

/** A sweep that may be run now, with all that a look at its vendor takes. Secrets as they are stored: sealed. */
export interface ReadySweep extends Sweep {
  /** Changes whenever the scope of its pair of accounts may have changed. */
  stamp: string;
  /** null when it must be renewed first. */
  hubspotAccess: string | null;
  klaviyoAuth: 'oauth' | 'api_key';
  /** null when it must be renewed first. */
  klaviyoSecret: string | null;
}

/**
 * Many sweeps as they stand, of whatever portals, in one statement. Left out are those whose accounts do not sync, or rest
 * until a person has acted, and those that ran since they were due (`dueAt`): a queue that was long in coming repeats none. Access that ends within `marginSeconds` is not handed out.
 */
export async function readySweeps(
  db: Database,
  due: readonly { klaviyoAccountId: string; name: string }[],
  dueAt: string,
  marginSeconds: number,
): Promise<ReadySweep[]> {
  // Each looked up by its key: joined, the planner would read the tables of all accounts for the few that are asked for.
  return db.query<ReadySweep & Record<string, unknown>>(
    `select s.portal_id as "portalId", x.id as "klaviyoAccountId", x.name, s.position, c.stamp,
       case when p.access_expires_at > now() + make_interval(secs => $3) then p.access_token end as "hubspotAccess", a.auth as "klaviyoAuth",
       case when a.auth = 'api_key' then a.api_key when a.access_expires_at > now() + make_interval(secs => $3) then a.access_token end as "klaviyoSecret"
     from unnest($1::uuid[], $2::text[]) as x (id, name)
     cross join lateral (
       select portal_id, position from sweep
       where klaviyo_account_id = x.id and name = x.name and (succeeded_at is null or succeeded_at < $4::timestamptz + interval '1 second') limit 1) as s
     cross join lateral (
       select auth, api_key, access_token, access_expires_at, klaviyo_fields_at from klaviyo_account where id = x.id and state = 'connected' limit 1) as a
     cross join lateral (
       select access_token, access_expires_at, hubspot_fields_at from portal where id = s.portal_id and state = 'installed' limit 1) as p
     cross join lateral (
       select string_agg(id || state || config_version || coalesce(a.klaviyo_fields_at::text, '') || coalesce(p.hubspot_fields_at::text, ''), ',' order by created_at, id) as stamp,
         bool_or(exists (
           select from issue i where i.connection_id = connection.id and i.code = 'missing_scope' and i.record_id = '' and i.last_seen_at > now() - interval '5 minutes')) as waits
       from connection where klaviyo_account_id = x.id and type = 'contact' and state in ('initial_sync', 'active')) as c
     where c.stamp is not null and not c.waits`,
    [due.map(({ klaviyoAccountId }) => klaviyoAccountId), due.map(({ name }) => name), marginSeconds, dueAt],
  );
}

/** Moves on the watermarks of sweeps that are through and found nothing. */
export async function moveQuietSweeps(
  db: Database,
  quiet: readonly { klaviyoAccountId: string; name: string; position: unknown }[],
): Promise<void> {
  if (quiet.length === 0) return;
  await db.query(
    `update sweep s set position = x.position, succeeded_at = now()
     from jsonb_to_recordset($1::jsonb) as x ("klaviyoAccountId" uuid, name text, position jsonb)
     where s.klaviyo_account_id = x."klaviyoAccountId" and s.name = x.name and s.klaviyo_account_id = any ($2)`,
    [
      JSON.stringify(quiet.map(({ klaviyoAccountId, name, position }) => ({ klaviyoAccountId, name, position }))),
      quiet.map(({ klaviyoAccountId }) => klaviyoAccountId),
    ],
  );
}

/** One sweep as it stands, or null when the account has none of that name. */
export async function readSweep(db: Database, klaviyoAccountId: string, name: string): Promise<Sweep | null> {
  const rows = await db.query<{ portal_id: string; klaviyo_account_id: string; name: string; position: unknown }>(
    'select portal_id, klaviyo_account_id, name, position from sweep where klaviyo_account_id = $1 and name = $2',
    [klaviyoAccountId, name],
  );
  const row = rows[0];
  return row === undefined
    ? null
    : { portalId: row.portal_id, klaviyoAccountId: row.klaviyo_account_id, name: row.name, position: row.position };
}

/** Moves a watermark on, in the transaction that notes what was found up to it. */
export async function moveSweep(tx: Database, sweep: Sweep, position: unknown, done: boolean): Promise<void> {
  await tx.query(
    `update sweep set position = $3::jsonb, succeeded_at = case when $4 then now() else succeeded_at end
     where klaviyo_account_id = $1 and name = $2`,
    [sweep.klaviyoAccountId, sweep.name, JSON.stringify(position), done],
  );
}

/** Makes every sweep of a pair of accounts due now ("Sync now"). */
export async function hastenSweeps(db: Database, klaviyoAccountId: string): Promise<void> {
  await db.query('update sweep set due_at = now() where klaviyo_account_id = $1', [klaviyoAccountId]);
}

/** A record that a field sweep found, and what its pair agreed on since the record was modified, when it did. */
export interface UnseenRecord {
  recordId: string;
  agreed: { email: string; base: Record<string, Base> } | null;
}

/**
 * Of records found by a field sweep, those whose state has not been compared yet. A pass that writes a record does not
 * see the modified time that this gives it: where the pair was through after that time, what it agreed on is answered too.
 * Klaviyo's times have a grain of a second: of two edits in one the first may have been compared alone, so a profile that was
 * compared right after its edit is answered once more.
 */
export async function unseenRecords(
  db: Database,
  klaviyoAccountId: string,
  side: 'hubspot' | 'klaviyo',
  found: readonly { recordId: string; modifiedAt: string }[],
): Promise<UnseenRecord[]> {
  if (found.length === 0) return [];
  const [id, modified] =
    side === 'hubspot' ? ['hubspot_id', 'hubspot_modified_at'] : ['klaviyo_id', 'klaviyo_modified_at'];
  const rows = await db.query<{ recordId: string; email: string | null; base: Record<string, Base> | null }>(
    // Each pair by itself: in a run's first minutes the planner takes the table for empty, and would read it as a whole for each
    // page.
    `select x."recordId", case when l.synced_at >= x."modifiedAt" then l.email end as email,
       case when l.synced_at >= x."modifiedAt" then l.base end as base
     from jsonb_to_recordset($2::jsonb) as x ("recordId" text, "modifiedAt" timestamptz)
     left join lateral (
       select email, base, synced_at, ${modified} as modified_at from link
       where klaviyo_account_id = $1 and ${id} = x."recordId" offset 0) l on true
     where l.modified_at is null or l.modified_at < x."modifiedAt" or l.synced_at < x."modifiedAt" + make_interval(secs => $3)`,
    [klaviyoAccountId, JSON.stringify(found), side === 'klaviyo' ? 10 : 0],
  );
  return rows.map(({ recordId, email, base }) => ({
    recordId,
    agreed: email === null || base === null ? null : { email, base },
  }));
}

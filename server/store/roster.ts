import type { Side } from '../rules/connection.js';
import type { Database } from './database.js';
import { syncedSince } from './links.js';

/** Rows of a roster: contacts, their further addresses, profiles, and who is on a list that the run adds people to. */
export type RosterKind = 'contact' | 'secondary' | 'profile' | `member:${string}`;

/** One record as the run read it. */
export interface RosterRow {
  kind: RosterKind;
  recordId: string;
  /** Normal form. */
  email?: string | null;
  phone?: string | null;
  record?: unknown;
}

/** A record of the roster. `record` is null, or `stale` true, when it is to be read again. */
export interface Rostered<Record> {
  recordId: string;
  record: Record | null;
  stale: boolean;
}

/** Takes records down. A record that is on the roster already is replaced. */
export async function addToRoster(
  tx: Database,
  run: { id: string; portalId: string },
  rows: readonly RosterRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into roster (run_id, portal_id, kind, record_id, email, phone, record)
     select distinct on (x.kind, x."recordId") $1, $2, x.kind, x."recordId", x.email, x.phone, x.record
     from json_to_recordset($3::json) as x (kind text, "recordId" text, email text, phone text, record json)
     on conflict (run_id, kind, record_id) do update set
       email = excluded.email, phone = excluded.phone, record = excluded.record, stale = false`,
    [run.id, run.portalId, JSON.stringify(rows)],
  );
}

/**
 * Who was created or given a phone number by the run: to be read again, and the number has an owner from now on. What was
 * read of them goes, which tells them from those that somebody else changed since (`noteStale`).
 */
export async function noteOnRoster(
  tx: Database,
  run: { id: string; portalId: string },
  profiles: readonly { recordId: string; email: string | null; phone: string | null }[],
): Promise<void> {
  if (profiles.length === 0) return;
  await tx.query(
    `insert into roster as r (run_id, portal_id, kind, record_id, email, phone, stale)
     select distinct on (x."recordId") $1, $2, 'profile', x."recordId", x.email, x.phone, true
     from json_to_recordset($3::json) as x ("recordId" text, email text, phone text)
     on conflict (run_id, kind, record_id) do update set
       email = excluded.email, phone = coalesce(excluded.phone, r.phone), stale = true, record = null`,
    [run.id, run.portalId, JSON.stringify(profiles)],
  );
}

/** What a hint or a sweep brought was looked at by itself: what open runs of the account read of it is old. */
export async function noteStale(
  tx: Database,
  klaviyoAccountId: string,
  records: readonly { side: Side; recordId: string }[],
): Promise<void> {
  if (records.length === 0) return;
  const ids = (side: Side): string[] => records.flatMap((one) => (one.side === side ? one.recordId : []));
  await tx.query(
    `update roster r set stale = true from run
     where run.klaviyo_account_id = $1 and run.state in ('queued', 'running') and r.run_id = run.id and not r.stale
       and ((r.kind = 'contact' and r.record_id = any ($2)) or (r.kind = 'profile' and r.record_id = any ($3)))`,
    [klaviyoAccountId, ids('hubspot'), ids('klaviyo')],
  );
}

/**
 * The kind of a row that is found by something else, as SQL: said so that no index answers it. With `kind = …` the planner may
 * take the primary key, which begins alike, and read all of the kind for each value (migration 0029).
 */
const isContact = `kind is not distinct from 'contact'`;
const isSecondary = `kind is not distinct from 'secondary'`;
const isProfile = `kind is not distinct from 'profile'`;

interface Row<Record> {
  record_id: string;
  record: Record | null;
  stale: boolean;
}

const fromRow = <Record>(row: Row<Record>): Rostered<Record> => ({
  recordId: row.record_id,
  record: row.record,
  stale: row.stale,
});

/** Contacts whose profile is on the roster too, of those with these addresses. Each looked up by itself: see `remainingProfiles`. */
export async function pairsOnRoster(db: Database, runId: string, emails: readonly string[]): Promise<string[]> {
  if (emails.length === 0) return [];
  const rows = await db.query<{ record_id: string }>(
    `select c.record_id from unnest($2::text[]) as x (email) cross join lateral (
       select record_id from roster where run_id = $1 and ${isContact} and email = x.email offset 0) as c
     where exists (select from roster where run_id = $1 and ${isProfile} and email = x.email offset 0)`,
    [runId, [...new Set(emails)]],
  );
  return rows.map((row) => row.record_id);
}

/** Contacts by their ids; those that are not on the roster are left out. */
export async function rosteredContactsById<Contact>(
  db: Database,
  runId: string,
  ids: readonly string[],
): Promise<Rostered<Contact>[]> {
  const rows = await db.query<Row<Contact>>(
    `select r.* from unnest($2::text[]) as x (id) cross join lateral (
       select record_id, record, stale from roster where run_id = $1 and kind = 'contact' and record_id = x.id offset 0) as r`,
    [runId, ids],
  );
  return rows.map(fromRow);
}

/** Ids of contacts in their order as text, after one of them. */
export const rosteredContactIds = (db: Database, runId: string, after: string, limit: number): Promise<string[]> =>
  pageOf(db, runId, 'contact', after, limit);

async function pageOf(db: Database, runId: string, kind: RosterKind, after: string, limit: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>('select id from roster_page($1, $2, $3, $4) as id', [
    runId,
    kind,
    after,
    limit,
  ]);
  return rows.map((row) => row.id);
}

/**
 * The next profiles in the order of their ids: those whose pair this run has not worked on yet, and where to go on (null:
 * all were looked through). `absent`: no contact of the roster has the email, as its first or a further one.
 */
export async function remainingProfiles<Profile>(
  db: Database,
  run: { id: string; klaviyoAccountId: string; since: Date },
  after: string,
  limit: number,
): Promise<{ profiles: (Rostered<Profile> & { email: string | null; absent: boolean })[]; after: string | null }> {
  const page = await pageOf(db, run.id, 'profile', after, limit);
  const through = await syncedSince(db, run.klaviyoAccountId, 'klaviyo', page, run.since);
  const profiles = await rosteredProfiles<Profile>(db, run.id, { ids: page.filter((id) => !through.has(id)) });
  const known = await addressesOnRoster(
    db,
    run.id,
    profiles.flatMap(({ email }) => email ?? []),
  );
  const byId = new Map(profiles.map((row) => [row.recordId, row]));
  return {
    profiles: page.flatMap((id) => {
      const row = byId.get(id);
      return row === undefined ? [] : [{ ...row, absent: !known.has(row.email ?? '') }];
    }),
    after: page.length < limit ? null : (page.at(-1) ?? null),
  };
}

/** Which of these emails a contact of the roster has, as its first or a further one. */
export async function addressesOnRoster(
  db: Database,
  runId: string,
  emails: readonly string[],
): Promise<ReadonlySet<string>> {
  if (emails.length === 0) return new Set();
  // Each looked up by itself: nobody has counted these tables yet. Joined, the planner compares all with all; asked for by a
  // list of values, it reads whatever the run has of the kind.
  const rows = await db.query<{ email: string }>(
    `select x.email from unnest($2::text[]) as x (email) where exists (
       select from roster where run_id = $1 and (${isContact} or ${isSecondary}) and email = x.email offset 0)`,
    [runId, emails],
  );
  return new Set(rows.map(({ email }) => email));
}

/** Profiles of the roster by what they are found by: ids, emails in normal form, or phone numbers. */
export async function rosteredProfiles<Profile>(
  db: Database,
  runId: string,
  by: { ids: readonly string[] } | { emails: readonly string[] } | { phones: readonly string[] },
): Promise<(Rostered<Profile> & { email: string | null; phone: string | null })[]> {
  const [kind, column, values] =
    'ids' in by
      ? [`kind = 'profile'`, 'record_id', by.ids]
      : 'emails' in by
        ? [isProfile, 'email', by.emails]
        : [isProfile, 'phone', by.phones];
  if (values.length === 0) return [];
  const rows = await db.query<Row<Profile> & { email: string | null; phone: string | null }>(
    `select r.* from unnest($2::text[]) as x (value) cross join lateral (
       select record_id, record, stale, email, phone from roster where run_id = $1 and ${kind} and ${column} = x.value offset 0) as r`,
    [runId, [...new Set(values)]],
  );
  return rows.map((row) => ({ ...fromRow(row), email: row.email, phone: row.phone }));
}

/** Takes profiles that were taken off a list off what open runs of the account read of its members. */
export async function forgetMembers(
  tx: Database,
  klaviyoAccountId: string,
  listId: string,
  klaviyoIds: readonly string[],
): Promise<void> {
  if (klaviyoIds.length === 0) return;
  await tx.query(
    `delete from roster r using run
     where run.klaviyo_account_id = $1 and run.state in ('queued', 'running') and r.run_id = run.id
       and r.kind = $2 and r.record_id = any ($3)`,
    [klaviyoAccountId, `member:${listId}`, klaviyoIds],
  );
}

/** Which of these profiles were on a list when the run read its members. */
export async function rosteredMembers(
  db: Database,
  runId: string,
  listId: string,
  klaviyoIds: readonly string[],
): Promise<Set<string>> {
  const rows = await db.query<{ record_id: string }>(
    `select x.id as record_id from unnest($3::text[]) as x (id) where exists (
       select from roster where run_id = $1 and kind = $2 and record_id = x.id offset 0)`,
    [runId, `member:${listId}`, klaviyoIds],
  );
  return new Set(rows.map((row) => row.record_id));
}

/** How many contacts and profiles are on a roster, and how many contacts have a profile there. */
export async function rosterSize(
  db: Database,
  runId: string,
): Promise<{ contacts: number; profiles: number; pairs: number }> {
  const [row] = await db.query<{ contacts: string | null; profiles: string | null; pairs: string | null }>(
    `select sum(contacts) as contacts, sum(profiles) as profiles, sum(case when profiles > 0 then contacts else 0 end) as pairs
     from (select count(*) filter (where kind = 'contact') as contacts, count(*) filter (where kind = 'profile') as profiles
           from roster where run_id = $1 and kind in ('contact', 'profile') group by coalesce(email, record_id)) as address`,
    [runId],
  );
  return { contacts: Number(row?.contacts ?? 0), profiles: Number(row?.profiles ?? 0), pairs: Number(row?.pairs ?? 0) };
}

const step = 20_000;

/** Takes the rosters of runs that are over away, or one run's, in small steps. */
export async function clearRosters(db: Database, runId: string | null): Promise<void> {
  const which =
    runId === null
      ? `not exists (select from run where run.id = r.run_id and run.state in ('queued', 'running')) and $1::uuid is null`
      : 'run_id = $1';
  for (;;) {
    const gone = await db.query(
      `delete from roster where ctid = any (array(select r.ctid from roster r where ${which} limit ${step})) returning 1`,
      [runId],
    );
    if (gone.length < step) return;
  }
}

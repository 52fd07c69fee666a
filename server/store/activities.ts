import type { ActivityKind } from '../rules/engagement/activity-kind.js';
import type { Decision, DecisionReason, EmailEvent, Judged, Verdict } from '../rules/engagement/email-event.js';
import type { EventFacts } from '../rules/engagement/event-facts.js';
import type { Database } from './database.js';

/** An event as collected. */
export interface NewActivity {
  eventId: string;
  kind: ActivityKind;
  at: Date;
  profileId: string | null;
  email: string | null;
  messageKey: string;
  urlKey: string;
  facts: EventFacts;
}

export interface Activity extends EmailEvent {
  /** Null while it is not stored. */
  rowId: string | null;
  email: string | null;
  contactId: string | null;
  connectionId: string | null;
  historical: boolean;
  looks: number;
  shownAs: Verdict | null;
}

/** One that is stored. */
export interface StoredActivity extends Activity {
  rowId: string;
}

interface Row {
  id: string;
  event_id: string;
  kind: ActivityKind;
  at: Date;
  profile_id: string | null;
  email: string | null;
  message_key: string;
  url_key: string;
  facts: EventFacts;
  historical: boolean;
  looks: number;
  verdict: Verdict | null;
  decision: Decision | null;
  because: DecisionReason | null;
  counted: boolean;
  connection_id: string | null;
  contact_id: string | null;
  shown_at: Date | null;
  shown_as: Verdict | null;
}

const columns =
  'id, event_id, kind, at, profile_id, email, message_key, url_key, facts, historical, looks, verdict, decision, because, counted, connection_id, contact_id, shown_at, shown_as';

function fromRow(row: Row): StoredActivity {
  const { verdict, decision, because, counted } = row;
  return {
    rowId: row.id,
    id: row.event_id,
    kind: row.kind,
    at: row.at.getTime(),
    profileId: row.profile_id,
    email: row.email,
    messageKey: row.message_key,
    urlKey: row.url_key,
    facts: row.facts,
    judged: verdict === null || decision === null || because === null ? null : { verdict, decision, because, counted },
    onTimeline: row.shown_at !== null,
    contactId: row.contact_id,
    connectionId: row.connection_id,
    historical: row.historical,
    looks: row.looks,
    shownAs: row.shown_as,
  };
}

/** What was decided of one event. */
export interface DecidedActivity {
  judged: Judged;
  connectionId: string;
  contactId: string | null;
  /** Handed over for the timeline with this decision. */
  shown: boolean;
  /** Seconds until it is looked at again (no contact yet); null: decided for good. */
  againSeconds: number | null;
}

/** What was decided of an event that is to be stored; null: no connection wants it; undefined: it is decided in its turn. */
export type DecisionOf = (eventId: string) => DecidedActivity | null | undefined;

/** Stores events that are not there yet, to be decided when their turn comes; answers how many were new. */
export const storeActivities = async (
  tx: Database,
  account: { portalId: string; klaviyoAccountId: string },
  events: readonly NewActivity[],
  how: { historical: boolean; redecide: boolean },
): Promise<number> => (await storeJudged(tx, account, events, () => undefined, how)).size;

/**
 * Stores events that are not there yet, each in one writing with what was decided of it; answers the row of each that was
 * new, by its id. Of those that are there only the profile is corrected: a merge moves an event to another profile; what
 * is decided of them stands. `redecide` puts those before the rules again that were left aside.
 */
export async function storeJudged(
  tx: Database,
  account: { portalId: string; klaviyoAccountId: string },
  events: readonly NewActivity[],
  decisionOf: DecisionOf,
  how: { historical: boolean; redecide: boolean },
): Promise<Map<string, string>> {
  const unique = [...new Map(events.map((event) => [event.eventId, event])).values()];
  if (unique.length === 0) return new Map();
  const told = unique.map((event) => {
    const decided = decisionOf(event.eventId);
    const judged = decided?.judged;
    return {
      eventId: event.eventId,
      kind: event.kind,
      at: event.at,
      profileId: event.profileId,
      email: event.email,
      messageKey: event.messageKey,
      urlKey: event.urlKey,
      facts: event.facts,
      due: decided === undefined,
      againSeconds: decided?.againSeconds,
      verdict: judged?.verdict,
      decision: judged?.decision,
      because: judged?.because,
      counted: judged?.counted,
      connectionId: decided?.connectionId,
      contactId: decided?.contactId,
      shown: decided?.shown,
    };
  });
  const rows = await tx.query<{ id: string; eventId: string }>(
    `with x as (
       select * from jsonb_to_recordset($3::jsonb) as x ("eventId" text, kind text, at timestamptz, "profileId" text, email text, "messageKey" text,
         "urlKey" text, facts jsonb, due bool, "againSeconds" float8, verdict text, decision text, because text, counted bool, "connectionId" uuid,
         "contactId" text, shown bool)),
     stored as (
       insert into activity as a (portal_id, klaviyo_account_id, event_id, kind, at, profile_id, email, message_key, url_key, facts, historical,
         due_at, looks, verdict, decision, because, counted, connection_id, contact_id, shown_at, shown_as)
       select $1, $2, x."eventId", x.kind, x.at, x."profileId", x.email, x."messageKey", x."urlKey", x.facts, $4,
         case when x.due then now() else now() + make_interval(secs => x."againSeconds") end, (x."againSeconds" is not null)::int,
         x.verdict, x.decision, x.because, coalesce(x.counted, false), x."connectionId", x."contactId",
         case when x.shown then now() end, case when x.shown then x.verdict end
       from x order by x."eventId"
       on conflict (klaviyo_account_id, event_id) do update set
         profile_id = coalesce(excluded.profile_id, a.profile_id), email = coalesce(excluded.email, a.email),
         due_at = case when a.decision = 'no_contact' or ($5 and a.decision = 'not_chosen') then now() else a.due_at end
       where (excluded.profile_id is not null and a.profile_id is distinct from excluded.profile_id) or ($5 and a.decision in ('not_chosen', 'no_contact'))
         or (a.contact_id is null and excluded.email is not null and a.email is distinct from excluded.email)
       returning a.id, a.event_id, xmax = 0 as fresh)
     select id, event_id as "eventId" from stored where fresh`,
    [account.portalId, account.klaviyoAccountId, JSON.stringify(told), how.historical, how.redecide],
  );
  return new Map(rows.map(({ id, eventId }) => [eventId, id]));
}

/** Events to be decided, live ones or those of the past, those that wait longest first. */
export async function dueActivities(
  db: Database,
  klaviyoAccountId: string,
  historical: boolean,
  limit: number,
): Promise<StoredActivity[]> {
  const rows = await db.query<Row>(
    `select ${columns} from activity where klaviyo_account_id = $1 and historical = $2 and due_at <= now() order by due_at, id limit $3`,
    [klaviyoAccountId, historical, limit],
  );
  return rows.map(fromRow);
}

/** Those of these events that are stored, under whatever profile and email. Asked one by one, as in `activitiesOfMessages`. */
export async function storedActivities(
  db: Database,
  klaviyoAccountId: string,
  eventIds: readonly string[],
): Promise<StoredActivity[]> {
  if (eventIds.length === 0) return [];
  const rows = await db.query<Row>(
    `select a.* from unnest($2::text[]) as k (event_id) cross join lateral (
       select ${columns} from activity v where v.klaviyo_account_id = $1 and v.event_id = k.event_id offset 0) a`,
    [klaviyoAccountId, eventIds],
  );
  return rows.map(fromRow);
}

/**
 * All events of these emails to these people, whoever's profile they are under now. Email by email (`offset 0`): for two
 * thousand at a time the planner would read the table from end to end until it is very long.
 */
export async function activitiesOfMessages(
  db: Database,
  klaviyoAccountId: string,
  messageKeys: readonly string[],
): Promise<StoredActivity[]> {
  if (messageKeys.length === 0) return [];
  const rows = await db.query<Row>(
    `select a.* from unnest($2::text[]) as k (message_key) cross join lateral (
       select ${columns} from activity v
       where v.klaviyo_account_id = $1 and v.message_key = k.message_key and v.kind not in ('unsubscribed', 'preferences') offset 0) a`,
    [klaviyoAccountId, messageKeys],
  );
  return rows.map(fromRow);
}

/** All leaving events of these people, decided or not: a person has a few in a lifetime. Emails in lower case. */
export async function leavingOf(
  db: Database,
  portalId: string,
  klaviyoAccountId: string,
  people: { contactIds: readonly string[]; profileIds: readonly string[]; emails: readonly string[] },
): Promise<StoredActivity[]> {
  const { contactIds, profileIds, emails } = people;
  if (contactIds.length + profileIds.length + emails.length === 0) return [];
  // Each way in has an index of its own, over leaving events alone.
  const rows = await db.query<Row>(
    `select ${columns} from activity where id in (
       select id from activity where portal_id = $1 and contact_id = any ($3) and kind in ('unsubscribed', 'preferences')
       union select id from activity where portal_id = $1 and klaviyo_account_id = $2 and profile_id = any ($4) and kind in ('unsubscribed', 'preferences')
       union select id from activity where portal_id = $1 and email = any ($5) and kind in ('unsubscribed', 'preferences'))
       and klaviyo_account_id = $2`,
    [portalId, klaviyoAccountId, contactIds, profileIds, emails],
  );
  return rows.map(fromRow);
}

/**
 * Inside a transaction: which of these rows are there still; they stay until the commit. Rows are taken in the order of
 * their events, as storing takes them, so that neither waits for what the other has.
 */
export async function keptOf(tx: Database, rowIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(
    'select id from activity where id = any ($1::bigint[]) order by event_id for update',
    [rowIds],
  );
  return new Set(rows.map(({ id }) => id));
}

/** How many decisions more, or less, a connection has of a kind. */
export interface DecisionCount {
  connectionId: string;
  decision: Decision;
  because: DecisionReason;
  n: number;
}

/**
 * Writes decisions down; answers what is to be counted of them: only rows whose decision differs, so that the same batch
 * after a crash counts once.
 */
export async function saveDecisions(
  tx: Database,
  portalId: string,
  decided: readonly (DecidedActivity & { rowId: string })[],
): Promise<DecisionCount[]> {
  if (decided.length === 0) return [];
  return tx.query<DecisionCount>(
    `with x as (
       select * from jsonb_to_recordset($2::jsonb) as x (id bigint, verdict text, decision text, because text, counted bool, "connectionId" uuid,
         "contactId" text, shown bool, "againSeconds" float8)),
     before as (select a.id, a.connection_id, a.decision, a.because from activity a join x on x.id = a.id),
     changed as (
       update activity a set verdict = x.verdict, decision = x.decision, because = x.because, counted = x.counted, connection_id = x."connectionId",
         contact_id = coalesce(x."contactId", a.contact_id), looks = a.looks + (x."againSeconds" is not null)::int,
         due_at = now() + make_interval(secs => x."againSeconds"),
         shown_at = case when x.shown then coalesce(a.shown_at, now()) else a.shown_at end,
         shown_as = case when x.shown then coalesce(a.shown_as, x.verdict) else a.shown_as end
       from x where a.id = x.id and a.portal_id = $1 returning a.id, a.connection_id, a.decision, a.because)
     select connection_id as "connectionId", decision, because, sum(d)::int as n from (
       select c.connection_id, c.decision, c.because, 1 as d from changed c
       union all select b.connection_id, b.decision, b.because, -1 from before b join changed c on c.id = b.id where b.decision is not null) t
     where connection_id is not null group by 1, 2, 3 having sum(d) <> 0`,
    [portalId, JSON.stringify(decided.map(({ rowId, judged, ...rest }) => ({ id: rowId, ...judged, ...rest })))],
  );
}

/**
 * Adds to the counts of connections; one that was deleted meanwhile has none. These are rows that everybody writes who
 * decides for a connection: last in its transaction, so that others wait for the commit alone.
 */
export async function countDecisions(tx: Database, portalId: string, counts: readonly DecisionCount[]): Promise<void> {
  if (counts.length === 0) return;
  await tx.query(
    `insert into engagement_count as e (connection_id, portal_id, decision, because, n)
     select c.id, $1, x.decision, x.because, sum(x.n)
     from jsonb_to_recordset($2::jsonb) as x ("connectionId" uuid, decision text, because text, n int) join connection c on c.id = x."connectionId"
     group by 1, 3, 4 order by 1, 3, 4
     on conflict (connection_id, decision, because) do update set n = greatest(0, e.n + excluded.n)`,
    [portalId, JSON.stringify(counts)],
  );
}

/** Decided as they were: nothing is due of them any more. */
export async function settleActivities(tx: Database, rowIds: readonly string[]): Promise<void> {
  if (rowIds.length > 0) await tx.query('update activity set due_at = null where id = any ($1::bigint[])', [rowIds]);
}

/**
 * When something of an account (`:account` stands for its id) is due next, as SQL: to be decided, to be delivered or to be
 * rolled up. Each kind of work is asked for its first by its index, in order: "whether there is any" makes PostgreSQL read a
 * long backlog from end to end for each account that is not in it.
 */
export const nextDueSql = `least(
     (select min(d.due_at) from unnest(array[false, true]) as h (historical) cross join lateral (
        select v.due_at from activity v where v.klaviyo_account_id = :account and v.historical = h.historical and v.due_at is not null
        order by v.due_at limit 1) d),
     (select min(d.due_at) from unnest(array['waiting', 'unapproved']) as s (state) cross join unnest(array[false, true]) as h (historical)
        cross join lateral (select v.due_at from app_event_due v where v.klaviyo_account_id = :account and v.state = s.state and v.historical = h.historical
          order by v.due_at limit 1) d where d.due_at < 'infinity'),
     (select r.due_at from rollup r where r.klaviyo_account_id = :account and r.due_at is not null order by r.due_at limit 1))`;

/** Seconds until the next event is due, or null when none is. */
export async function nextActivityIn(db: Database, klaviyoAccountId: string): Promise<number | null> {
  const rows = await db.query<{ seconds: number | null }>(
    `select extract(epoch from ${nextDueSql.replaceAll(':account', '$1')} - now())::float8 as seconds`,
    [klaviyoAccountId],
  );
  const seconds = rows[0]?.seconds;
  return seconds == null ? null : Math.max(0, seconds);
}

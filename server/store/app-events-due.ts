import type { ActivityName } from '../rules/engagement/activity-kind.js';
import type { Verdict } from '../rules/engagement/email-event.js';
import type { EventFacts } from '../rules/engagement/event-facts.js';
import type { Database } from './database.js';

export type TimelineObject = 'contact' | 'company' | 'deal';

/** An activity to be put on one record's timeline. */
export interface PlannedAppEvent {
  rowId: string;
  object: TimelineObject;
  objectId: string;
  name: ActivityName;
  historical: boolean;
}

/** One that is due, with what it tells. */
export interface DueAppEvent extends PlannedAppEvent {
  portalId: string;
  eventId: string;
  profileId: string | null;
  /** When Klaviyo says it happened, in milliseconds. */
  happenedMs: number;
  /** Milliseconds; an event dated in the future is shown when it was collected. */
  atMs: number;
  verdict: Verdict;
  facts: EventFacts;
  email: string | null;
  attempts: number;
}

/** Notes what goes on which timeline, in the transaction that decides it. */
export async function planAppEvents(
  tx: Database,
  portalId: string,
  klaviyoAccountId: string,
  planned: readonly PlannedAppEvent[],
): Promise<void> {
  if (planned.length === 0) return;
  await tx.query(
    `insert into app_event_due (activity_id, object, object_id, portal_id, klaviyo_account_id, name, historical)
     select x."rowId", x.object, x."objectId", $1, $2, x.name, x.historical
     from jsonb_to_recordset($3::jsonb) as x ("rowId" bigint, object text, "objectId" text, name text, historical bool)
     on conflict do nothing`,
    [portalId, klaviyoAccountId, JSON.stringify(planned)],
  );
}

/** The next app events to send: live ones or those of the past; `unapproved` ones are tried again when their time comes. */
export async function dueAppEvents(
  db: Database,
  klaviyoAccountId: string,
  historical: boolean,
  limit: number,
): Promise<DueAppEvent[]> {
  // A state at a time, each from its index in order: a backlog of a million is not sorted for every batch of it.
  return db.query<DueAppEvent>(
    `select d.portal_id as "portalId", d.activity_id as "rowId", d.object, d.object_id as "objectId", d.name, d.historical, d.attempts, a.event_id as "eventId",
       a.profile_id as "profileId", (extract(epoch from a.at) * 1000)::float8 as "happenedMs",
       (extract(epoch from least(a.at, a.collected_at)) * 1000)::float8 as "atMs", a.verdict, a.facts, a.email
     from (select w.* from unnest(array['waiting', 'unapproved']) as s (state) cross join lateral (
             select * from app_event_due v where v.klaviyo_account_id = $1 and v.state = s.state and v.historical = $2 and v.due_at <= now()
             order by v.due_at limit $3) w
           order by w.due_at limit $3) d
       join activity a on a.id = d.activity_id
     order by d.due_at, d.activity_id, d.object`,
    [klaviyoAccountId, historical, limit],
  );
}

const key = `x ("rowId" bigint, object text, "objectId" text, error text)`;
type Key = Pick<PlannedAppEvent, 'rowId' | 'object' | 'objectId'>;

/** HubSpot has these: nothing is due of them any more. */
export async function settleAppEvents(tx: Database, sent: readonly Key[]): Promise<void> {
  if (sent.length === 0) return;
  await tx.query(
    `delete from app_event_due d using jsonb_to_recordset($1::jsonb) as ${key}
     where d.activity_id = x."rowId" and d.object = x.object and d.object_id = x."objectId"`,
    [JSON.stringify(sent)],
  );
}

/** HubSpot refuses these as they are: they stay, with the reason, and are not tried again. */
export async function refuseAppEvents(tx: Database, refused: readonly (Key & { error: string })[]): Promise<void> {
  if (refused.length === 0) return;
  await tx.query(
    `update app_event_due d set state = 'refused', error = x.error, attempts = d.attempts + 1
     from jsonb_to_recordset($1::jsonb) as ${key} where d.activity_id = x."rowId" and d.object = x.object and d.object_id = x."objectId"`,
    [JSON.stringify(refused)],
  );
}

/** The record is not there any more: the activity is looked at anew, for whoever holds the email now. */
export async function retargetActivities(
  tx: Database,
  rowIds: readonly string[],
  mostLooks: number,
): Promise<string[]> {
  if (rowIds.length === 0) return [];
  const rows = await tx.query<{ id: string }>(
    `with again as (
       update activity set contact_id = null, shown_at = null, shown_as = null, due_at = now(), looks = looks + 1
       where id = any ($1::bigint[]) and looks < $2 returning id),
     gone as (delete from app_event_due d using again where d.activity_id = again.id)
     select id from again`,
    [rowIds, mostLooks],
  );
  return rows.map(({ id }) => id);
}

/**
 * Nothing goes out while HubSpot has not approved the app's events. All that waits rests until it has; one of them is
 * tried again after a while, so that asking costs the same whatever the backlog.
 */
export async function restAppEvents(db: Database, klaviyoAccountId: string, seconds: number): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(
      `update app_event_due set state = 'unapproved', due_at = 'infinity'
       where klaviyo_account_id = $1 and (state = 'waiting' or (state = 'unapproved' and due_at <= now()))`,
      [klaviyoAccountId],
    );
    await tx.query(
      `update app_event_due set due_at = now() + make_interval(secs => $2)
       where (activity_id, object, object_id) = (
         select activity_id, object, object_id from app_event_due where klaviyo_account_id = $1 and state = 'unapproved'
         order by historical, due_at limit 1)`,
      [klaviyoAccountId, seconds],
    );
  });
}

/** The events are approved now: what waited for it goes out. */
export async function releaseAppEvents(db: Database, portalId: string): Promise<void> {
  await db.query(
    `update app_event_due set state = 'waiting', due_at = now()
     where klaviyo_account_id in (select id from klaviyo_account where portal_id = $1) and portal_id = $1 and state = 'unapproved'`,
    [portalId],
  );
}

/** What HubSpot refused is tried once more: its reason may be gone. */
export async function releaseRefused(db: Database, klaviyoAccountId: string): Promise<void> {
  await db.query(
    `update app_event_due set state = 'waiting', due_at = now(), error = null where klaviyo_account_id = $1 and state = 'refused'`,
    [klaviyoAccountId],
  );
}

import type { Database } from './database.js';
import { lockPeople } from './lock-people.js';

/** Everything by which one person may be known in the activities. */
export interface ActivityTraces {
  emails: readonly string[];
  profileIds: readonly string[];
  contactIds: readonly string[];
}

/** Takes away everything kept of a person's email activity (B11); answers how many activities. Emails in lower case. */
export async function eraseActivities(tx: Database, portalId: string, traces: ActivityTraces): Promise<number> {
  const { emails, profileIds, contactIds } = traces;
  await lockPeople(tx, portalId, 'alone');
  // Each way in has an index of its own; what waits for a timeline goes with its activity.
  const erased = [
    await tx.query('delete from activity where portal_id = $1 and contact_id = any ($2) returning 1 as erased', [
      portalId,
      contactIds,
    ]),
    await tx.query('delete from activity where portal_id = $1 and email = any ($2) returning 1 as erased', [
      portalId,
      emails,
    ]),
    await tx.query(
      `delete from activity where portal_id = $1 and profile_id = any ($2)
         and klaviyo_account_id in (select id from klaviyo_account where portal_id = $1) returning 1 as erased`,
      [portalId, profileIds],
    ),
  ];
  await tx.query('delete from engaged_contact where portal_id = $1 and contact_id = any ($2)', [portalId, contactIds]);
  await tx.query('delete from rollup where portal_id = $1 and contact_id = any ($2)', [portalId, contactIds]);
  await tx.query(
    'delete from merged_contact where portal_id = $1 and (contact_id = any ($2) or survivor_id = any ($2))',
    [portalId, contactIds],
  );
  return erased.flat().length;
}

/**
 * Takes away a step of the activities older than so many months; answers how many. Small steps hold no lock for long.
 * What a run over the past has just read (E7) stays until it is decided and on its timelines; whether it waits for one is
 * asked event by event (`offset 0`), or all that wait would be read first.
 */
export async function pruneActivities(db: Database, months: number, step: number): Promise<number> {
  const rows = await db.query(
    `delete from activity where id in (
       select a.id from activity a, (select now() - make_interval(months => $1) as moment) as kept
       where a.at < kept.moment and (a.collected_at < kept.moment or (a.due_at is null
         and not exists (select from app_event_due d where d.activity_id = a.id and d.state = 'waiting' offset 0)))
       order by a.at limit $2 for update of a skip locked) returning 1 as pruned`,
    [months, step],
  );
  return rows.length;
}

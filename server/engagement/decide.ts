import { isLeaving } from '../rules/engagement/acts.js';
import { chooseDeals } from '../rules/engagement/choose-deals.js';
import { configFor, connectionFor } from '../rules/engagement/config-for.js';
import { timelineName } from '../rules/engagement/activity-kind.js';
import type { EmailEvent, Judged } from '../rules/engagement/email-event.js';
import type { SelectConfig } from '../rules/engagement/select.js';
import { selectMessage } from '../rules/engagement/select-message.js';
import {
  activitiesOfMessages,
  dueActivities,
  leavingOf,
  saveDecisions,
  settleActivities,
  type Activity,
  type DecidedActivity,
} from '../store/activities.js';
import { planAppEvents, type PlannedAppEvent } from '../store/app-events-due.js';
import { assertLease, type Lease } from '../store/lease.js';
import { lockPeople } from '../store/lock-people.js';
import { noteRollups } from '../store/rollups.js';
import { createContacts, type Newcomer } from './create-contacts.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';
import { findPlaces } from './find-places.js';
import { learnOrigins, type Origins } from './learn-origins.js';
import { peopleNow } from './people-now.js';
import { contactOf, resolveContacts } from './resolve-contacts.js';

/** Events decided at a time: what is live must not wait long, what is past fills the vendors' batches. */
export const batchSizes = { live: 400, historical: 2500 };

/** When somebody without a contact is looked for again, in seconds: contacts may be created by a sync just then. */
const looksAfter = [60, 600, 3600, 86_400];

/**
 * Decides about the events that are due, each together with all that is known of the same email to the same person, and
 * notes what goes on which timeline: one transaction, so that a kill leaves a batch decided or as it was. Answers how
 * many events were due.
 */
export async function decide(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  historical: boolean,
): Promise<number> {
  const due = await dueActivities(
    ctx.db,
    scope.klaviyoAccountId,
    historical,
    batchSizes[historical ? 'historical' : 'live'],
  );
  if (due.length === 0) return 0;
  const known = await gatherEvents(ctx, scope, due);
  const origins = await learnOrigins(ctx, scope, [...known.values()]);
  const choices = choose(scope, known, due, origins);

  const newcomers = [...choices].flatMap(([rowId, judged]): Newcomer[] => {
    const event = known.get(rowId);
    if (event === undefined || contactOf(scope, event) !== null || judged.decision !== 'deliver') return [];
    const connection = connectionFor(scope.connections, origins.of(event), event.kind);
    return connection?.options.createContacts === true ? [{ event, connection }] : [];
  });
  if (newcomers.length > 0) await createContacts(ctx, scope, newcomers);

  const decided = [...choices].flatMap(([rowId, judged]) => {
    const event = known.get(rowId);
    return event === undefined ? [] : (conclude(scope, origins, event, judged) ?? []);
  });
  await findPlaces(
    ctx,
    scope,
    decided.filter(({ judged }) => judged.counted).flatMap(({ contactId }) => contactId ?? []),
  );
  const planned = decided.flatMap((one) => placesOf(scope, origins, one, known.get(one.rowId)));
  const saved = new Set(decided.map(({ rowId }) => rowId));
  await ctx.db.transaction(async (tx) => {
    await assertLease(tx, lease);
    await lockPeople(tx, scope.portalId, 'shared');
    const now = await peopleNow(tx, scope.portalId, decided, due);
    await saveDecisions(tx, scope.portalId, now.decided);
    await settleActivities(
      tx,
      due.map(({ rowId }) => rowId).filter((rowId) => !saved.has(rowId)),
    );
    await planAppEvents(tx, scope.portalId, scope.klaviyoAccountId, planned.flatMap(now.place));
    if (scope.connections.some(({ options }) => options.rollups)) {
      const contacts = now.decided.flatMap(({ rowId, contactId }) =>
        contactId === null ? [] : [{ contactId, profileId: known.get(rowId)?.profileId ?? null }],
      );
      await noteRollups(tx, scope.portalId, scope.klaviyoAccountId, contacts);
    }
  });
  return due.length;
}

/** The due events and their siblings: of the same email to the same person, and all unsubscribes of a person. */
async function gatherEvents(
  ctx: EngagementContext,
  scope: EngagementScope,
  due: readonly Activity[],
): Promise<Map<string, Activity>> {
  await resolveContacts(ctx, scope, due);
  const known = new Map(due.map((event) => [event.rowId, event]));
  const keys = [...new Set(due.map(({ messageKey }) => messageKey))];
  const leavers = due.filter(({ kind }) => isLeaving(kind));
  const contactIds = leavers.flatMap((event) => event.contactId ?? contactOf(scope, event) ?? []);
  const acts = await leavingOf(ctx.db, scope.portalId, scope.klaviyoAccountId, {
    contactIds: [...new Set(contactIds)],
    profileIds: [...new Set(leavers.flatMap(({ profileId }) => profileId ?? []))],
    emails: [...new Set(leavers.flatMap(({ email }) => email ?? []))],
  });
  // What is due of the same act and not in this batch is decided with it, or the batch would choose who stands for it.
  await resolveContacts(
    ctx,
    scope,
    acts.filter(({ contactId, rowId }) => contactId === null && !known.has(rowId)),
  );
  const siblings = [...(await activitiesOfMessages(ctx.db, scope.klaviyoAccountId, keys)), ...acts];
  for (const event of siblings) if (!known.has(event.rowId)) known.set(event.rowId, event);
  return known;
}

/** Puts the events into groups that belong together and lets the rules decide each. By row. */
function choose(
  scope: EngagementScope,
  known: ReadonlyMap<string, Activity>,
  due: readonly Activity[],
  origins: Origins,
): Map<string, Judged> {
  const groups = new Map<string, Activity[]>();
  for (const event of known.values()) {
    const person = event.contactId ?? contactOf(scope, event) ?? event.email ?? event.profileId ?? '';
    const key = isLeaving(event.kind) ? `leaving ${person}` : `message ${event.messageKey}`;
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  const dueIds = new Set(due.map(({ id }) => id));
  const choices = new Map<string, Judged>();
  for (const group of groups.values()) {
    if (!group.some(({ id }) => dueIds.has(id))) continue;
    // Whoever had no contact then may have one now.
    const open = new Set(
      group.filter(({ id, judged }) => dueIds.has(id) || judged?.decision === 'no_contact').map(({ id }) => id),
    );
    const rowIds = new Map(group.map(({ id, rowId }) => [id, rowId]));
    // The parts of an unsubscribing come from a campaign, a list or nowhere: each has sources, and so a say, of its own.
    const configOf = (event: EmailEvent): SelectConfig => configFor(scope.connections, origins.of(event));
    for (const [id, judged] of selectMessage(group, open, (event) => origins.of(event), configOf)) {
      const rowId = rowIds.get(id);
      if (rowId !== undefined) choices.set(rowId, judged);
    }
  }
  return choices;
}

/** A decision with its contact; without one there is none yet, or for good after some looks. */
function conclude(scope: EngagementScope, origins: Origins, event: Activity, judged: Judged): DecidedActivity | null {
  const connection = connectionFor(scope.connections, origins.of(event), event.kind);
  if (connection === undefined) return null;
  const contactId = event.contactId ?? contactOf(scope, event);
  const base = { rowId: event.rowId, connectionId: event.connectionId ?? connection.id };
  if (contactId === null) {
    const lost: Judged = { ...judged, decision: 'no_contact', because: 'no_contact', counted: false };
    // What is left aside anyhow needs no contact to be looked for.
    const final = judged.decision === 'deliver' || judged.counted ? lost : judged;
    const again = final === lost && event.email !== null ? (looksAfter[event.looks] ?? null) : null;
    return { ...base, judged: final, contactId: null, shown: false, againSeconds: again };
  }
  const shown = judged.decision === 'deliver' && judged.because !== 'on_timeline_already' && !event.onTimeline;
  return { ...base, judged, contactId, shown, againSeconds: null };
}

/** The records on whose timelines an activity goes (E5): the contact, its company, its deals as the connection says. */
function placesOf(
  scope: EngagementScope,
  origins: Origins,
  { rowId, contactId, shown }: DecidedActivity,
  event: Activity | undefined,
): PlannedAppEvent[] {
  if (!shown || contactId === null || event === undefined) return [];
  const origin = origins.of(event);
  const connection = connectionFor(scope.connections, origin, event.kind);
  const name = timelineName(event.kind, configFor(scope.connections, origin).activities);
  if (connection === undefined || name === null) return [];
  const { linkCompany, linkDeals, dealPipelines } = connection.options;
  const place = scope.memory.places.get(contactId);
  const of = (object: PlannedAppEvent['object'], objectId: string): PlannedAppEvent => ({
    rowId,
    object,
    objectId,
    name,
    historical: event.historical,
  });
  return [
    of('contact', contactId),
    ...(linkCompany && place?.companyId != null ? [of('company', place.companyId)] : []),
    ...chooseDeals(place?.deals ?? [], linkDeals, dealPipelines).map(({ id }) => of('deal', id)),
  ];
}

import { isLeaving } from '../rules/engagement/acts.js';
import { timelineName } from '../rules/engagement/activity-kind.js';
import { chooseDeals } from '../rules/engagement/choose-deals.js';
import { configFor, connectionFor } from '../rules/engagement/config-for.js';
import type { EmailEvent, Judged } from '../rules/engagement/email-event.js';
import type { SelectConfig } from '../rules/engagement/select.js';
import type { MessageOrigin } from '../rules/engagement/sources.js';
import { selectMessage } from '../rules/engagement/select-message.js';
import { activitiesOfMessages, leavingOf, type Activity, type DecidedActivity } from '../store/activities.js';
import type { PlannedAppEvent } from '../store/app-events-due.js';
import { createContacts, type Newcomer } from './create-contacts.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';
import { findPlaces } from './find-places.js';
import { learnOrigins, type Origins } from './learn-origins.js';
import { contactOf, resolveContacts } from './resolve-contacts.js';

/** When somebody without a contact is looked for again, in seconds: contacts may be created by a sync just then. */
const looksAfter = [60, 600, 3600, 86_400];

/** What was concluded of one event, and where it goes. */
export interface Conclusion extends DecidedActivity {
  event: Activity;
  places: readonly Place[];
}

type Place = Omit<PlannedAppEvent, 'rowId'>;

/**
 * What is to become of these events, each looked at together with all that is known of the same email to the same person.
 * They may be stored already or not (`rowId` null); of those that are told anew and stored already, `stored` has the ids:
 * their decision stands. Finds or creates the contacts, and reads where they belong; writes nothing of the events down.
 * Also concludes of siblings whose decision changes with them.
 */
export async function conclude(
  ctx: EngagementContext,
  scope: EngagementScope,
  asked: readonly Activity[],
): Promise<{ concluded: Conclusion[]; stored: Set<string> }> {
  const known = await gatherEvents(ctx, scope, asked);
  const due = asked.filter((event) => known.get(event.id) === event);
  const origins = await learnOrigins(ctx, scope, [...known.values()]);
  const configOf = configsOf(scope, origins);
  const choices = choose(scope, known, due, origins, configOf);

  const newcomers = [...choices].flatMap(([id, judged]): Newcomer[] => {
    const event = known.get(id);
    if (event === undefined || contactOf(scope, event) !== null || judged.decision !== 'deliver') return [];
    const connection = connectionFor(scope.connections, origins.of(event), event.kind);
    return connection?.options.createContacts === true ? [{ event, connection }] : [];
  });
  if (newcomers.length > 0) await createContacts(ctx, scope, newcomers);

  const decided = [...choices].flatMap(([id, judged]) => {
    const event = known.get(id);
    return event === undefined ? [] : (concludeOne(scope, origins, event, judged) ?? []);
  });
  await findPlaces(
    ctx,
    scope,
    decided.filter(({ judged }) => judged.counted).flatMap(({ contactId }) => contactId ?? []),
  );
  return {
    concluded: decided.map((one) => Object.assign(one, { places: placesOf(scope, origins, configOf, one) })),
    stored: new Set(asked.filter((event) => known.get(event.id) !== event).map(({ id }) => id)),
  };
}

/** The events asked about and their siblings, by id: of the same email to the same person, and all unsubscribes of a person. */
async function gatherEvents(
  ctx: EngagementContext,
  scope: EngagementScope,
  due: readonly Activity[],
): Promise<Map<string, Activity>> {
  await resolveContacts(ctx, scope, due);
  const known = new Map(due.map((event) => [event.id, event]));
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
    acts.filter(({ contactId, id }) => contactId === null && !known.has(id)),
  );
  const siblings = [...(await activitiesOfMessages(ctx.db, scope.klaviyoAccountId, keys)), ...acts];
  for (const event of siblings) {
    const asked = known.get(event.id);
    if (asked === undefined || asked.rowId === null) known.set(event.id, event);
  }
  return known;
}

type ConfigOf = (event: EmailEvent) => SelectConfig;

/**
 * What decides for an event, worked out once for each origin. The parts of an unsubscribing come from a campaign, a list or
 * nowhere: each has sources, and so a say, of its own.
 */
function configsOf(scope: EngagementScope, origins: Origins): ConfigOf {
  const configs = new Map<MessageOrigin, SelectConfig>();
  return (event) => {
    const origin = origins.of(event);
    const config = configs.get(origin) ?? configFor(scope.connections, origin);
    configs.set(origin, config);
    return config;
  };
}

/** Puts the events into groups that belong together and lets the rules decide each. By id. */
function choose(
  scope: EngagementScope,
  known: ReadonlyMap<string, Activity>,
  due: readonly Activity[],
  origins: Origins,
  configOf: ConfigOf,
): Map<string, Judged> {
  const groups = new Map<string, Activity[]>();
  for (const event of known.values()) {
    const person = event.contactId ?? contactOf(scope, event) ?? event.email ?? event.profileId ?? '';
    const key = isLeaving(event.kind) ? `leaving ${person}` : `message ${event.messageKey}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [event]);
    else group.push(event);
  }
  const dueIds = new Set(due.map(({ id }) => id));
  const choices = new Map<string, Judged>();
  for (const group of groups.values()) {
    if (!group.some(({ id }) => dueIds.has(id))) continue;
    // Whoever had no contact then may have one now.
    const open = new Set(
      group.filter(({ id, judged }) => dueIds.has(id) || judged?.decision === 'no_contact').map(({ id }) => id),
    );
    for (const [id, judged] of selectMessage(group, open, (event) => origins.of(event), configOf))
      choices.set(id, judged);
  }
  return choices;
}

/** A decision with its contact; without one there is none yet, or for good after some looks. */
function concludeOne(
  scope: EngagementScope,
  origins: Origins,
  event: Activity,
  judged: Judged,
): Omit<Conclusion, 'places'> | null {
  const connection = connectionFor(scope.connections, origins.of(event), event.kind);
  if (connection === undefined) return null;
  const contactId = event.contactId ?? contactOf(scope, event);
  const connectionId = event.connectionId ?? connection.id;
  if (contactId === null) {
    const lost: Judged = { ...judged, decision: 'no_contact', because: 'no_contact', counted: false };
    // What is left aside anyhow needs no contact to be looked for.
    const final = judged.decision === 'deliver' || judged.counted ? lost : judged;
    const again = final === lost && event.email !== null ? (looksAfter[event.looks] ?? null) : null;
    return { event, connectionId, judged: final, contactId: null, shown: false, againSeconds: again };
  }
  const shown = judged.decision === 'deliver' && judged.because !== 'on_timeline_already' && !event.onTimeline;
  return { event, connectionId, judged, contactId, shown, againSeconds: null };
}

/** The records on whose timelines an activity goes (E5): the contact, its company, its deals as the connection says. */
function placesOf(
  scope: EngagementScope,
  origins: Origins,
  configOf: ConfigOf,
  { event, contactId, shown }: Omit<Conclusion, 'places'>,
): Place[] {
  if (!shown || contactId === null) return [];
  const connection = connectionFor(scope.connections, origins.of(event), event.kind);
  const name = timelineName(event.kind, configOf(event).activities);
  if (connection === undefined || name === null) return [];
  const { linkCompany, linkDeals, dealPipelines } = connection.options;
  const place = scope.memory.places.get(contactId);
  const of = (object: Place['object'], objectId: string): Place => ({
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

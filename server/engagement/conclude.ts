import { isLeaving } from '../rules/engagement/acts.js';
import { timelineName } from '../rules/engagement/activity-kind.js';
import { chooseDeals } from '../rules/engagement/choose-deals.js';
import { configFor, connectionFor } from '../rules/engagement/config-for.js';
import type { EmailEvent, Judged } from '../rules/engagement/email-event.js';
import type { SelectConfig } from '../rules/engagement/select.js';
import type { MessageOrigin } from '../rules/engagement/sources.js';
import { selectMessage } from '../rules/engagement/select-message.js';
import {
  activitiesOfMessages,
  leavingOf,
  storedActivities,
  type Activity,
  type DecidedActivity,
} from '../store/activities.js';
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
 * They may be stored already or not (`rowId` null). Of those that are told anew and stored already (`stored` has their ids)
 * the decision stands, but where they were left aside. Finds or creates the contacts, and reads where they belong; writes
 * nothing of the events down. Also concludes of siblings whose decision changes with them.
 */
export async function conclude(
  ctx: EngagementContext,
  scope: EngagementScope,
  asked: readonly Activity[],
): Promise<{ concluded: Conclusion[]; stored: ReadonlySet<string> }> {
  const { known, dueIds, stored } = await gatherEvents(ctx, scope, asked);
  const origins = await learnOrigins(ctx, scope, [...known.values()]);
  const configOf = configsOf(scope, origins);
  const choices = choose(scope, known, dueIds, origins, configOf);

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
  const concluded = decided.map((one) => Object.assign(one, { places: placesOf(scope, origins, configOf, one) }));
  return { concluded, stored };
}

interface Gathered {
  /** The events asked about and their siblings, by id. */
  known: Map<string, Activity>;
  /** Those to be decided. */
  dueIds: Set<string>;
  /** Those asked about that are stored already and were taken for new. */
  stored: Set<string>;
}

/** The events asked about and their siblings: of the same email to the same person, and all unsubscribes of a person. */
async function gatherEvents(
  ctx: EngagementContext,
  scope: EngagementScope,
  asked: readonly Activity[],
): Promise<Gathered> {
  await resolveContacts(ctx, scope, asked);
  const known = new Map(asked.map((event) => [event.id, event]));
  const dueIds = new Set(known.keys());
  const stored = new Set<string>();
  const add = (there: Activity): void => {
    const told = known.get(there.id);
    if (told === undefined) known.set(there.id, there);
    else if (told.rowId === null) {
      known.set(there.id, toldAgain(there, told));
      stored.add(there.id);
      if (!wasLeftAside(there)) dueIds.delete(there.id);
    }
  };
  // The others are found among their siblings, if they are there.
  const moving = asked.filter((event) => event.rowId === null && movesWithProfile(event)).map(({ id }) => id);
  for (const there of await storedActivities(ctx.db, scope.klaviyoAccountId, moving)) add(there);
  const due = [...known.values()].filter(({ id }) => dueIds.has(id));
  const keys = [...new Set(due.map(({ messageKey }) => messageKey))];
  const leavers = due.filter(({ kind }) => isLeaving(kind));
  const contactIds = leavers.flatMap((event) => event.contactId ?? contactOf(scope, event) ?? []);
  const acts = await leavingOf(ctx.db, scope.portalId, scope.klaviyoAccountId, {
    contactIds: [...new Set(contactIds)],
    profileIds: [...new Set(leavers.flatMap(({ profileId }) => profileId ?? []))],
    emails: [...new Set(leavers.flatMap(({ email }) => email ?? []))],
  });
  const siblings = [...(await activitiesOfMessages(ctx.db, scope.klaviyoAccountId, keys)), ...acts];
  for (const sibling of siblings) add(sibling);
  // What is due of the same act and not in this batch is decided with it, or the batch would choose who stands for it.
  const alsoDue = (event: Activity): boolean =>
    stored.has(event.id) ? dueIds.has(event.id) : !dueIds.has(event.id) && isLeaving(event.kind);
  await resolveContacts(
    ctx,
    scope,
    [...known.values()].filter((event) => event.contactId === null && alsoDue(event)),
  );
  return { known, dueIds, stored };
}

/** Whether an event is looked for under its profile: told again after a merge, it is told under another one. */
const movesWithProfile = ({ kind, facts }: Activity): boolean => isLeaving(kind) || facts.recipient === null;

/** A stored event as it will be when it was told once more: a merge moves it to another profile. */
function toldAgain(stored: Activity, { profileId, email }: Activity): Activity {
  const moved = profileId !== null && profileId !== stored.profileId;
  if (!moved && stored.contactId !== null && !wasLeftAside(stored)) return stored;
  return { ...stored, profileId: profileId ?? stored.profileId, email: email ?? stored.email };
}

/** Whether an event that is told again goes before the rules again: those of then may be others now. */
const wasLeftAside = ({ judged }: Activity): boolean =>
  judged === null || judged.decision === 'not_chosen' || judged.decision === 'no_contact';

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
  dueIds: ReadonlySet<string>,
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

import { NeedsPerson, RecordRefused } from '../errors.js';
import {
  dueAppEvents,
  refuseAppEvents,
  releaseAppEvents,
  restAppEvents,
  retargetActivities,
  settleAppEvents,
  type DueAppEvent,
} from '../store/app-events-due.js';
import { approvalOf, keepApproval } from '../store/engagement-accounts.js';
import { knownMessages } from '../store/email-messages.js';
import { openIssues } from '../store/issues.js';
import { assertLease, type Lease } from '../store/lease.js';
import { sendAppEvents } from '../vendors/hubspot/app-events.js';
import { readByIds } from '../vendors/hubspot/contacts.js';
import { batchRead } from '../vendors/hubspot/objects.js';
import { appEventId, appEventOf } from './app-event-of.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';
import { noteApproval } from './note-approval.js';
import { shortenText } from '../rules/shorten-text.js';

const batchSize = 500;
/** Batches of the past that are sent one after the other. */
const batchesAtOnce = 4;
/** How long to wait before HubSpot is asked again whether it has approved the app's events. */
const askAgainSeconds = (pollSeconds: number): number => Math.min(900, pollSeconds * 30);
/** How often a contact that is gone is looked for anew. */
const mostLooks = 3;

/**
 * Puts on the timelines what waits for it. Each event has an id made of Klaviyo's: what a killed process had sent
 * already, HubSpot answers as there already, and nothing stands twice. While more is being decided, `fullOnly` keeps what
 * fills no batch for the next time: calls are what is scarce. Answers how many were sent.
 */
export async function deliver(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  historical: boolean,
  mayWrite: () => void,
  fullOnly = false,
): Promise<number> {
  const approval = await approvalOf(ctx.db, scope.portalId);
  // Without approval one event is enough to ask.
  const most = approval === 'unapproved' ? 1 : historical ? batchSize * batchesAtOnce : batchSize;
  const found = await dueAppEvents(ctx.db, scope.klaviyoAccountId, historical, most);
  const due = fullOnly && most > 1 ? found.slice(0, found.length - (found.length % batchSize)) : found;
  if (due.length === 0) return 0;
  const messages = await knownMessages(ctx.db, scope.klaviyoAccountId, [
    ...new Set(due.flatMap(({ facts }) => facts.messageId ?? [])),
  ]);
  const events = due.map((one) => appEventOf(one, messages.get(one.facts.messageId ?? ''), ctx.klaviyoAppUrl));
  mayWrite();
  let outcomes: Awaited<ReturnType<typeof sendAppEvents>>;
  try {
    outcomes = await sendAppEvents(ctx.hubspot(scope.portalId, historical ? 'sweep' : 'person'), events);
  } catch (error) {
    if (!(error instanceof NeedsPerson) || error.code !== 'app_events_not_approved') throw error;
    await restAppEvents(ctx.db, scope.klaviyoAccountId, askAgainSeconds(ctx.pollSeconds));
    if (await keepApproval(ctx.db, scope.portalId, 'unapproved')) await noteApproval(ctx, scope, error);
    return due.length;
  }
  const answered = due.map((one) => ({ one, outcome: outcomes.get(appEventId(one)) }));
  const refused = answered.flatMap(({ one, outcome }) =>
    outcome instanceof RecordRefused ? [{ ...one, error: shortenText(outcome.message, 300) }] : [],
  );
  const gone = await goneContacts(ctx, scope, refused);
  const withoutRecord = await goneRecords(ctx, scope, refused);
  await ctx.db.transaction(async (tx) => {
    await assertLease(tx, lease);
    await settleAppEvents(
      tx,
      answered.flatMap(({ one, outcome }) => (outcome === 'created' || outcome === 'existed' ? [one] : [])),
    );
    // A company or deal that was deleted meanwhile has no timeline; the activity is on its contact.
    await settleAppEvents(tx, withoutRecord);
    const again = new Set(await retargetActivities(tx, gone, mostLooks));
    const final = refused.filter((one) => !again.has(one.rowId) && !withoutRecord.includes(one));
    await refuseAppEvents(tx, final);
    await sayRefused(tx, scope, final);
  });
  for (const contactId of refused.filter(({ rowId }) => gone.includes(rowId)).map(({ objectId }) => objectId)) {
    for (const [key, known] of scope.memory.contacts) if (known === contactId) scope.memory.contacts.delete(key);
    scope.memory.places.delete(contactId);
  }
  if (
    answered.some(({ outcome }) => outcome === 'created') &&
    (await keepApproval(ctx.db, scope.portalId, 'approved'))
  ) {
    await releaseAppEvents(ctx.db, scope.portalId);
    await noteApproval(ctx, scope, null);
  }
  for (const { object, objectId } of withoutRecord)
    for (const place of scope.memory.places.values()) {
      if (object === 'company' && place.companyId === objectId) place.companyId = null;
      if (object === 'deal') place.deals = place.deals.filter(({ id }) => id !== objectId);
    }
  if (refused.length > 0)
    ctx.log.warn(
      { portalId: scope.portalId, refused: refused.length, first: refused[0]?.error },
      'HubSpot refuses timeline events',
    );
  return due.length;
}

/** What HubSpot refuses as it is, said once for each kind of event; "Sync now" tries all of it again. */
function sayRefused(
  tx: EngagementContext['db'],
  scope: EngagementScope,
  refused: readonly (DueAppEvent & { error: string })[],
): Promise<void> {
  return openIssues(
    tx,
    scope.portalId,
    scope.connections.flatMap(({ id }) =>
      refused.map(({ name, object, error }) => ({
        connectionId: id,
        code: 'timeline_event_refused',
        side: 'hubspot' as const,
        recordId: '',
        field: `${name}-${object}`,
        title: `HubSpot refuses “${name}” on the timeline of a ${object}`,
        detail: `HubSpot says: ${error}`,
        fix: 'If HubSpot does not know the event or a property of it, the app’s project in HubSpot is older than this service: deploy it. Then press “Sync now”: what was refused is sent again.',
        hubspotId: null,
        klaviyoId: null,
        email: null,
      })),
    ),
  );
}

/** Of what was refused, what was for a company or deal that is not there any more. */
async function goneRecords<T extends DueAppEvent>(
  ctx: EngagementContext,
  scope: EngagementScope,
  refused: readonly T[],
): Promise<T[]> {
  const gone: T[] = [];
  for (const [object, type] of [
    ['company', 'companies'],
    ['deal', 'deals'],
  ] as const) {
    const its = refused.filter((one) => one.object === object);
    if (its.length === 0) continue;
    const ids = its.map(({ objectId }) => objectId);
    const found = await batchRead(ctx.hubspot(scope.portalId, 'sweep'), type, ids, ['hs_object_id']);
    const there = new Set(found.map(({ id }) => id));
    gone.push(...its.filter(({ objectId }) => !there.has(objectId)));
  }
  return gone;
}

/** Activities whose contact was refused because it is not there any more. */
async function goneContacts(
  ctx: EngagementContext,
  scope: EngagementScope,
  refused: readonly DueAppEvent[],
): Promise<string[]> {
  const contacts = refused.filter(({ object }) => object === 'contact');
  if (contacts.length === 0) return [];
  const ids = contacts.map(({ objectId }) => objectId);
  const { missing } = await readByIds(ctx.hubspot(scope.portalId, 'sweep'), ids, ['email']);
  const lost = new Set(missing);
  return contacts.filter(({ objectId }) => lost.has(objectId)).map(({ rowId }) => rowId);
}

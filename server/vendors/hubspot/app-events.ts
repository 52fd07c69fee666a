import { z } from 'zod';
import { NeedsPerson, RecordRefused, RetryLater } from '../../errors.js';
import { inChunks } from '../call.js';
import { halves } from '../in-halves.js';
import type { HubspotSession } from './session.js';
import { timelineVersion } from './version.js';

/** One occurrence of an app event on one record's timeline. It cannot be changed or taken away again. */
export interface AppEvent {
  /** Ours, and the same for the same activity and record: HubSpot refuses a second one of it. */
  id: string;
  /** Uid of the event type, `email_opened-contact`. */
  type: string;
  /** Record id. An email is never sent: whether an unknown one makes a contact is not documented. */
  objectId: string;
  at: Date;
  properties: Record<string, string>;
}

export type AppEventOutcome = 'created' | 'existed' | RecordRefused;

/** HubSpot's largest batch of occurrences. */
const batchSize = 500;
const path = `/integrators/timeline/${timelineVersion}/events`;

/**
 * Sends occurrences, 500 a call. HubSpot takes or refuses a batch as a whole, and answers 409 when a single id in it is
 * known already: such a batch is halved until the known ones stand alone. Answers what became of each id; those that it
 * says nothing of were not answered, because HubSpot asked to wait after the others. Throws RetryLater when it asked so
 * before the first, NeedsPerson `app_events_not_approved` where HubSpot has not approved the app for app events.
 * https://developers.hubspot.com/docs/apps/developer-platform/add-features/app-events/send-event-occurrences
 */
export async function sendAppEvents(
  session: HubspotSession,
  events: readonly AppEvent[],
): Promise<Map<string, AppEventOutcome>> {
  const outcomes = new Map<string, AppEventOutcome>();
  const send = async (part: readonly AppEvent[]): Promise<void> => {
    const [first] = part;
    if (first === undefined) return;
    try {
      await session.request({
        operation: 'timeline.batchCreate',
        method: 'POST',
        path: `${path}/batch`,
        body: { inputs: part.map(occurrence) },
        schema: z.unknown(),
      });
      for (const { id } of part) outcomes.set(id, 'created');
    } catch (error) {
      if (error instanceof NeedsPerson && error.code === 'missing_scope') throw notApproved(error);
      if (!(error instanceof RecordRefused)) throw error;
      if (part.length > 1) {
        for (const half of halves(part)) await send(half);
      } else outcomes.set(first.id, error.detail.status === 409 ? 'existed' : error);
    }
  };
  const distinct = [...new Map(events.map((event) => [event.id, event])).values()];
  try {
    for (const chunk of inChunks(distinct, batchSize)) await send(chunk);
  } catch (error) {
    // A batch of which all is known takes twice as many calls as events: what they told must not be asked once more.
    if (!(error instanceof RetryLater) || outcomes.size === 0) throw error;
  }
  return outcomes;
}

const occurrence = ({ id, type, objectId, at, properties }: AppEvent): object => ({
  eventTypeName: type,
  id,
  objectId,
  timestamp: at.toISOString(),
  properties,
});

const notApproved = (cause: NeedsPerson): NeedsPerson =>
  new NeedsPerson(
    'app_events_not_approved',
    'HubSpot has not approved this app for timeline events yet.',
    'Ask HubSpot to approve app events for the app; activities wait until then, and the cards show them already.',
    'hubspot',
    { cause },
  );

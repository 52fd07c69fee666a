import type { ActivityKind } from '../rules/engagement/activity-kind.js';
import { factsOf, messageKeyOf, urlKeyOf } from '../rules/engagement/event-facts.js';
import { normalEmail } from '../rules/email.js';
import type { NewActivity } from '../store/activities.js';

/** What Klaviyo tells of an event, by its API and by its webhooks. */
export interface ToldEvent {
  id: string;
  profileId: string | null;
  /** The profile's address of now; null where only the event itself was told. */
  email: string | null;
  at: Date;
  properties: Record<string, unknown>;
}

/** An event as it is kept: what is used of its properties, under the address of its profile, else of its recipient. */
export function newActivity(event: ToldEvent, kind: ActivityKind): NewActivity {
  const facts = factsOf(event.properties);
  return {
    eventId: event.id,
    kind,
    at: event.at,
    profileId: event.profileId,
    email: normalEmail(event.email) ?? facts.recipient,
    messageKey: messageKeyOf(facts, event.profileId),
    urlKey: urlKeyOf(facts),
    facts,
  };
}

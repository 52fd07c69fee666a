import { z } from 'zod';
import type { HubspotEvent } from '../rules/hints.js';

/** What PostgreSQL cannot keep in jsonb: NUL and halves of surrogate pairs. They only come from somebody who tries. */
const unstorable = /[\0\p{Surrogate}]/gu;

const id = z.int().positive().optional().catch(undefined);
const word = z
  .string()
  .max(200)
  .transform((text) => text.replace(unstorable, ''))
  .optional()
  .catch(undefined);

/** What is used of an event; what is malformed in the rest of it does no harm. Property values are not kept at all. */
const eventSchema = z.object({
  portalId: z.int().positive(),
  subscriptionType: z
    .string()
    .min(1)
    .max(100)
    .transform((text) => text.replace(unstorable, '')),
  eventId: id,
  subscriptionId: id,
  occurredAt: id,
  objectId: id,
  objectTypeId: word,
  propertyName: word,
  primaryObjectId: id,
  mergedObjectIds: z.array(z.int().positive()).max(1000).optional().catch(undefined),
  newObjectId: id,
  fromObjectId: id,
  fromObjectTypeId: word,
  toObjectId: id,
  toObjectTypeId: word,
});

/** One event as read, or null when it is none. */
export function hubspotEvent(value: unknown): HubspotEvent | null {
  const parsed = eventSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** HubSpot sends 100 events at most in one delivery. */
export const mostEvents = 100;

/**
 * The events of a delivery. One that cannot be read is counted and left out: it must not cost the others their hint.
 * Null when the body is no list of at most a hundred.
 */
export function hubspotEvents(rawBody: Buffer): { events: HubspotEvent[]; malformed: number } | null {
  let body: unknown;
  try {
    body = JSON.parse(rawBody.toString('utf8'));
  } catch {
    // Not JSON: refused by the caller, who says so.
    return null;
  }
  if (!Array.isArray(body) || body.length > mostEvents) return null;
  const events = body.map(hubspotEvent).filter((event) => event !== null);
  return { events, malformed: body.length - events.length };
}

import type { HubspotEvent } from '../rules/hints.js';

/** What PostgreSQL cannot keep in jsonb: NUL and halves of surrogate pairs. They only come from somebody who tries. */
const unstorable = /[\0\p{Surrogate}]/gu;

const id = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined;
const word = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length <= 200 ? value.replace(unstorable, '') : undefined;

/** More contacts than become one at a time. */
const mostMerged = 1000;
const ids = (value: unknown): number[] | undefined => {
  if (!Array.isArray(value) || value.length > mostMerged) return undefined;
  const known = value.map(id).filter((one) => one !== undefined);
  return known.length === value.length ? known : undefined;
};

/**
 * One event as read, or null when it is none: what is malformed in the rest of it does no harm, and property values are
 * not kept at all. By hand instead of by a schema: there are tens of thousands a second of them.
 */
export function hubspotEvent(value: unknown): HubspotEvent | null {
  if (typeof value !== 'object' || value === null) return null;
  const event = value as Record<keyof HubspotEvent, unknown>;
  const portalId = id(event.portalId);
  const type = event.subscriptionType;
  if (portalId === undefined || typeof type !== 'string' || type.length === 0 || type.length > 100) return null;
  return {
    portalId,
    subscriptionType: type.replace(unstorable, ''),
    eventId: id(event.eventId),
    subscriptionId: id(event.subscriptionId),
    occurredAt: id(event.occurredAt),
    objectId: id(event.objectId),
    objectTypeId: word(event.objectTypeId),
    propertyName: word(event.propertyName),
    primaryObjectId: id(event.primaryObjectId),
    mergedObjectIds: ids(event.mergedObjectIds),
    newObjectId: id(event.newObjectId),
    fromObjectId: id(event.fromObjectId),
    fromObjectTypeId: word(event.fromObjectTypeId),
    toObjectId: id(event.toObjectId),
    toObjectTypeId: word(event.toObjectTypeId),
  };
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

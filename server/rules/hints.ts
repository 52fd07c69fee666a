import { z } from 'zod';
import type { ChangeHint } from './change-hint.js';

/** One event of a HubSpot webhook, as far as it is used. Extra fields are welcome. */
export const hubspotEventSchema = z
  .object({
    eventId: z.number().optional(),
    subscriptionId: z.number().optional(),
    portalId: z.number(),
    subscriptionType: z.string(),
    objectId: z.number().optional(),
    objectTypeId: z.string().optional(),
    occurredAt: z.number().optional(),
    propertyName: z.string().optional(),
    primaryObjectId: z.number().optional(),
    mergedObjectIds: z.array(z.number()).optional(),
    newObjectId: z.number().optional(),
    fromObjectId: z.number().optional(),
    fromObjectTypeId: z.string().optional(),
    toObjectId: z.number().optional(),
    toObjectTypeId: z.string().optional(),
  })
  .loose();

export type HubspotEvent = z.infer<typeof hubspotEventSchema>;

const contactType = '0-1';

/**
 * Which contacts an event says may differ. The payload's values are never trusted: the event is only the reason to look.
 * https://developers.hubspot.com/docs/apps/developer-platform/add-features/configure-webhooks
 */
export function hintsOf(event: HubspotEvent): ChangeHint[] {
  const hint = (id: number | undefined, cause: string): ChangeHint[] => (id === undefined ? [] : [{ side: 'hubspot', recordId: String(id), cause }]);
  const kind = event.subscriptionType.replace(/^(object|contact)\./, '');
  if (kind === 'merge') {
    const ids = [event.newObjectId, event.primaryObjectId, ...(event.mergedObjectIds ?? [])];
    return ids.flatMap((id) => hint(id, 'webhook merge'));
  }
  if (kind === 'associationChange') {
    return [
      ...(event.fromObjectTypeId === contactType ? hint(event.fromObjectId, 'webhook association') : []),
      ...(event.toObjectTypeId === contactType ? hint(event.toObjectId, 'webhook association') : []),
    ];
  }
  const isContact = event.subscriptionType.startsWith('contact.') || (event.objectTypeId ?? contactType) === contactType;
  return isContact ? hint(event.objectId, `webhook ${kind}`) : [];
}

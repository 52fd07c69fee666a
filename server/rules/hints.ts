import type { ChangeHint } from './change-hint.js';

/** One event of a HubSpot webhook, as far as it is used. Values of properties are left out: nothing trusts them. */
export interface HubspotEvent {
  portalId: number;
  subscriptionType: string;
  eventId?: number | undefined;
  subscriptionId?: number | undefined;
  occurredAt?: number | undefined;
  objectId?: number | undefined;
  objectTypeId?: string | undefined;
  propertyName?: string | undefined;
  primaryObjectId?: number | undefined;
  mergedObjectIds?: number[] | undefined;
  newObjectId?: number | undefined;
  fromObjectId?: number | undefined;
  fromObjectTypeId?: string | undefined;
  toObjectId?: number | undefined;
  toObjectTypeId?: string | undefined;
}

const contactType = '0-1';
/** Cause of a hint that a person is to be forgotten (B11). */
export const privacyDeletion = 'webhook privacyDeletion';

/**
 * Which contacts an event says may differ. The payload's values are never trusted: the event is only the reason to look.
 * https://developers.hubspot.com/docs/apps/developer-platform/add-features/configure-webhooks
 */
export function hintsOf(event: HubspotEvent): ChangeHint[] {
  const hint = (id: number | undefined, cause: string): ChangeHint[] =>
    id === undefined ? [] : [{ side: 'hubspot', recordId: String(id), cause }];
  const kind = event.subscriptionType.replace(/^(object|contact)\./, '');
  const isContact =
    event.subscriptionType.startsWith('contact.') || (event.objectTypeId ?? contactType) === contactType;
  if (kind === 'merge') {
    if (!isContact) return [];
    // `objectId` names the survivor in some accounts and a fresh record in others: all that are named are looked at.
    const ids = [event.newObjectId, event.primaryObjectId, event.objectId, ...(event.mergedObjectIds ?? [])];
    return [...new Set(ids)].flatMap((id) => hint(id, 'webhook merge'));
  }
  if (kind === 'associationChange') {
    return [
      ...(event.fromObjectTypeId === contactType ? hint(event.fromObjectId, 'webhook association') : []),
      ...(event.toObjectTypeId === contactType ? hint(event.toObjectId, 'webhook association') : []),
    ];
  }
  return isContact ? hint(event.objectId, `webhook ${kind}`) : [];
}

/** Contacts that became one, and which one. */
export interface Merge {
  merged: string[];
  survivor: string;
}

/** Which contacts an event says became one, and which one; null when it is no merge of contacts. */
export function mergeOf(event: HubspotEvent): Merge | null {
  if (!/^(object|contact)\.merge$/.test(event.subscriptionType)) return null;
  if (event.subscriptionType.startsWith('object.') && (event.objectTypeId ?? contactType) !== contactType) return null;
  const survivor = event.newObjectId ?? event.primaryObjectId ?? event.objectId;
  if (survivor === undefined) return null;
  const all = [event.primaryObjectId, ...(event.mergedObjectIds ?? [])].filter((id) => id !== undefined);
  return { merged: [...new Set(all)].filter((id) => id !== survivor).map(String), survivor: String(survivor) };
}

/**
 * One hint a record. Repeats and retries of an event fall together here; a privacy deletion keeps its cause, for HubSpot
 * sends a plain deletion beside it, in any order.
 */
export function coalesce(hints: readonly ChangeHint[]): ChangeHint[] {
  const byRecord = new Map<string, ChangeHint>();
  for (const hint of hints) {
    const key = `${hint.side}:${hint.recordId}`;
    if (byRecord.get(key)?.cause !== privacyDeletion) byRecord.set(key, hint);
  }
  return [...byRecord.values()];
}

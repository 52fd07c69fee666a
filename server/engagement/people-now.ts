import { keptOf } from '../store/activities.js';
import type { Database } from '../store/database.js';
import { dropUnengaged } from '../store/engaged-contacts.js';
import { survivorsOf } from '../store/merged-contacts.js';
import type { Conclusion } from './conclude.js';

/**
 * What is to be written of a batch whose contacts were found a while ago: of a contact that was merged since, the
 * survivor's (B7); of a person who was erased since, nothing (B11). Under `lockPeople` it stays so until the commit.
 * `rowIds` are further rows that are written, `eventIds` events that are about to be stored.
 */
export async function peopleNow(
  tx: Database,
  portalId: string,
  concluded: readonly Conclusion[],
  also: { rowIds?: readonly string[]; eventIds?: ReadonlySet<string> },
): Promise<Conclusion[]> {
  const contactsOf = (of: readonly Conclusion[]): string[] => [
    ...new Set(of.map(({ contactId }) => contactId).filter((one) => one !== null)),
  ];
  const survivors = await survivorsOf(tx, portalId, contactsOf(concluded));
  const now = (contactId: string): string => survivors.get(contactId) ?? contactId;
  const kept = await keptOf(tx, [...concluded.flatMap(({ event }) => event.rowId ?? []), ...(also.rowIds ?? [])]);
  const isKept = ({ event: { id, rowId } }: Conclusion): boolean =>
    rowId === null ? also.eventIds?.has(id) === true : kept.has(rowId);
  // Where they belong was noted as it was read, before this transaction.
  await dropUnengaged(tx, portalId, contactsOf(concluded.filter((one) => !isKept(one))));
  const keptNow = concluded.filter(isKept);
  if (survivors.size === 0) return keptNow;
  return keptNow.map((one) => ({
    ...one,
    contactId: one.contactId === null ? null : now(one.contactId),
    places: one.places.map((place) =>
      place.object === 'contact' ? { ...place, objectId: now(place.objectId) } : place,
    ),
  }));
}

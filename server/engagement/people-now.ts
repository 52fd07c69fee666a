import { keptOf, type DecidedActivity } from '../store/activities.js';
import type { PlannedAppEvent } from '../store/app-events-due.js';
import type { Database } from '../store/database.js';
import { dropUnengaged } from '../store/engaged-contacts.js';
import { survivorsOf } from '../store/merged-contacts.js';

/**
 * What is to be written of a batch whose contacts were found a while ago: of a contact that was merged since, the
 * survivor's (B7); of a person who was erased since, nothing (B11). Under `lockPeople` it stays so until the commit.
 */
export async function peopleNow(
  tx: Database,
  portalId: string,
  decided: readonly DecidedActivity[],
  due: readonly { rowId: string }[],
): Promise<{ decided: DecidedActivity[]; place: (planned: PlannedAppEvent) => PlannedAppEvent[] }> {
  const contactsOf = (of: readonly DecidedActivity[]): string[] => [
    ...new Set(of.map(({ contactId }) => contactId).filter((one) => one !== null)),
  ];
  const survivors = await survivorsOf(tx, portalId, contactsOf(decided));
  const now = (contactId: string): string => survivors.get(contactId) ?? contactId;
  const kept = await keptOf(
    tx,
    [...decided, ...due].map(({ rowId }) => rowId),
  );
  const erased = decided.filter(({ rowId }) => !kept.has(rowId));
  // Where they belong was noted as it was read, before this transaction.
  await dropUnengaged(tx, portalId, contactsOf(erased));
  return {
    decided: decided
      .filter(({ rowId }) => kept.has(rowId))
      .map((one) => (one.contactId === null ? one : { ...one, contactId: now(one.contactId) })),
    place: (one) => {
      if (!kept.has(one.rowId)) return [];
      return [one.object === 'contact' ? { ...one, objectId: now(one.objectId) } : one];
    },
  };
}

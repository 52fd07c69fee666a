import { saveDecisions } from '../store/activities.js';
import { planAppEvents } from '../store/app-events-due.js';
import type { Database } from '../store/database.js';
import { noteRollups } from '../store/rollups.js';
import type { Conclusion } from './conclude.js';
import type { EngagementScope } from './engagement-context.js';

/**
 * Writes down what was concluded: decisions of events that were stored before, and of these and of those `stored` with
 * theirs just now (rows by event id) what goes on which timeline, and whose roll-ups changed.
 */
export async function saveConclusions(
  tx: Database,
  { portalId, klaviyoAccountId, connections }: EngagementScope,
  concluded: readonly Conclusion[],
  stored: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const before = concluded.flatMap(({ event: { rowId }, judged, connectionId, contactId, shown, againSeconds }) =>
    rowId === null ? [] : [{ rowId, judged, connectionId, contactId, shown, againSeconds }],
  );
  await saveDecisions(tx, portalId, before);
  const planned = concluded.flatMap(({ event: { id, rowId }, places }) => {
    const row = rowId ?? stored.get(id);
    return row === undefined ? [] : places.map((place) => ({ ...place, rowId: row }));
  });
  await planAppEvents(tx, portalId, klaviyoAccountId, planned);
  if (!connections.some(({ options }) => options.rollups)) return;
  const contacts = concluded.flatMap(({ contactId, event }) =>
    contactId === null ? [] : [{ contactId, profileId: event.profileId }],
  );
  await noteRollups(tx, portalId, klaviyoAccountId, contacts);
}

import { countDecisions, saveDecisions, type DecisionCount } from '../store/activities.js';
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
  const counts = await saveDecisions(tx, portalId, before);
  const planned = concluded.flatMap(({ event: { id, rowId }, places }) => {
    const row = rowId ?? stored.get(id);
    return row === undefined ? [] : places.map((place) => ({ ...place, rowId: row }));
  });
  await planAppEvents(tx, portalId, klaviyoAccountId, planned);
  if (connections.some(({ options }) => options.rollups)) {
    const contacts = concluded.flatMap(({ contactId, event }) =>
      contactId === null ? [] : [{ contactId, profileId: event.profileId }],
    );
    await noteRollups(tx, portalId, klaviyoAccountId, contacts);
  }
  await countDecisions(tx, portalId, [...counts, ...countsOf(concluded, stored)]);
}

/** What is counted of the events that were stored just now, added up. */
function countsOf(concluded: readonly Conclusion[], stored: ReadonlyMap<string, string>): DecisionCount[] {
  const counts = new Map<string, DecisionCount>();
  for (const { event, connectionId, judged } of concluded) {
    if (event.rowId !== null || !stored.has(event.id)) continue;
    const { decision, because } = judged;
    const key = `${connectionId} ${decision} ${because}`;
    const count = counts.get(key);
    if (count === undefined) counts.set(key, { connectionId, decision, because, n: 1 });
    else count.n += 1;
  }
  return [...counts.values()];
}

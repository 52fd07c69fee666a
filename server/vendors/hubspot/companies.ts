import { batchRead } from './objects.js';
import type { HubspotSession } from './session.js';

/** Companies by id, with the properties asked for; unknown ids are left out. */
export async function readByIds(
  session: HubspotSession,
  ids: readonly string[],
  properties: readonly string[],
): Promise<Map<string, { id: string; properties: Record<string, string | null> }>> {
  const records = await batchRead(session, 'companies', ids, properties);
  return new Map(records.map((record) => [record.id, { id: record.id, properties: record.properties }]));
}

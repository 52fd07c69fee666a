import type { Database } from './database.js';

/** The connection that a change of this portal belongs to, or null. */
export async function connectionOfChange(db: Database, portalId: string, changeId: string): Promise<string | null> {
  const [row] = await db.query<{ id: string }>(
    'select connection_id as id from history where portal_id = $1 and id = $2',
    [portalId, changeId],
  );
  return row?.id ?? null;
}

/** The connection that a run of this portal belongs to, or null. */
export async function connectionOfRun(db: Database, portalId: string, runId: string): Promise<string | null> {
  const [row] = await db.query<{ id: string }>('select connection_id as id from run where portal_id = $1 and id = $2', [
    portalId,
    runId,
  ]);
  return row?.id ?? null;
}

/** The connections that wrote to a contact or its profile, the last one first. */
export async function connectionsOfContact(db: Database, portalId: string, hubspotId: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    'select connection_id as id from history where portal_id = $1 and hubspot_id = $2 group by 1 order by max(id) desc',
    [portalId, hubspotId],
  );
  return rows.map(({ id }) => id);
}

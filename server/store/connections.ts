import type { ContactConfig, ConnectionState } from '../rules/connection.js';
import type { EngagementConfig } from '../rules/engagement/engagement-config.js';
import type { Database } from './database.js';

interface Common {
  id: string;
  portalId: string;
  klaviyoAccountId: string;
  name: string;
  state: ConnectionState;
  stateReason: string | null;
  createdAt: Date;
  lastSuccessAt: Date | null;
  /** What the settings page keeps aside of changes that are not in effect. */
  unsaved: Unsaved | null;
}

/** Changes begun on the settings page and not in effect. The form is the page's own: nothing here looks into it. */
export interface Unsaved {
  step: string;
  form: Record<string, unknown> | null;
  /** ISO 8601. */
  at: string;
}

/** What a connection does, by its type. */
export type TypedConfig = { type: 'contact'; config: ContactConfig } | { type: 'engagement'; config: EngagementConfig };

export type Connection = Common & TypedConfig;

interface Row {
  id: string;
  portal_id: string;
  klaviyo_account_id: string;
  /** As stored: what was checked at the door. */
  typed: TypedConfig;
  name: string;
  state: ConnectionState;
  state_reason: string | null;
  created_at: Date;
  last_success_at: Date | null;
  unsaved: Unsaved | null;
}

const columns = `id, portal_id, klaviyo_account_id, jsonb_build_object('type', type, 'config', config) as typed, name, state, state_reason,
  created_at, last_success_at, unsaved`;
const fromRow = (row: Row): Connection => ({
  id: row.id,
  portalId: row.portal_id,
  klaviyoAccountId: row.klaviyo_account_id,
  ...row.typed,
  name: row.name,
  state: row.state,
  stateReason: row.state_reason,
  createdAt: row.created_at,
  lastSuccessAt: row.last_success_at,
  unsaved: row.unsaved,
});

/** The connections of a portal, oldest first. */
export async function connectionsOf(db: Database, portalId: string): Promise<Connection[]> {
  return (
    await db.query<Row>(`select ${columns} from connection where portal_id = $1 order by created_at, id`, [portalId])
  ).map(fromRow);
}

/** One connection of this portal, or null: another portal's id is as unknown as none. */
export async function findConnection(db: Database, portalId: string, id: string): Promise<Connection | null> {
  const rows = await db.query<Row>(`select ${columns} from connection where portal_id = $1 and id::text = $2`, [
    portalId,
    id,
  ]);
  return rows[0] === undefined ? null : fromRow(rows[0]);
}

export interface NewConnection {
  portalId: string;
  klaviyoAccountId: string;
  name: string;
  typed: TypedConfig;
}

/**
 * Makes a draft. HubSpot repeats a failed request once: an equal draft of the last minute is answered instead of a second.
 */
export async function insertConnection(db: Database, connection: NewConnection): Promise<Connection> {
  const { portalId, klaviyoAccountId, name, typed } = connection;
  const values = [portalId, klaviyoAccountId, name, JSON.stringify(typed.config), typed.type];
  return db.transaction(async (tx) => {
    await tx.query('select from portal where id = $1 for update', [portalId]);
    const same = await tx.query<Row>(
      `select ${columns} from connection where portal_id = $1 and klaviyo_account_id = $2 and name = $3 and config = $4::jsonb and type = $5 and state = 'draft'
         and created_at > now() - interval '60 seconds'`,
      values,
    );
    if (same[0] !== undefined) return fromRow(same[0]);
    const rows = await tx.query<Row>(
      `insert into connection (portal_id, klaviyo_account_id, type, name, config) values ($1, $2, $5, $3, $4::jsonb) returning ${columns}`,
      values,
    );
    if (rows[0] === undefined) throw new Error('The connection could not be stored.');
    return fromRow(rows[0]);
  });
}

/**
 * Changes name and configuration as they stand at that moment: two changes at once both count. The version tells passes
 * under way that the configuration differs. Answers whether it does, or null when the connection is gone.
 */
export async function changeConnection(
  db: Database,
  id: string,
  change: (current: Connection) => { name: string; config: ContactConfig | EngagementConfig },
): Promise<{ differs: boolean } | null> {
  return db.transaction(async (tx) => {
    const rows = await tx.query<Row>(`select ${columns} from connection where id = $1 for update`, [id]);
    if (rows[0] === undefined) return null;
    const { name, config } = change(fromRow(rows[0]));
    const json = JSON.stringify(config);
    const compared = await tx.query<{ differs: boolean }>(
      'select config is distinct from $2::jsonb as differs from connection where id = $1',
      [id, json],
    );
    const differs = compared[0]?.differs === true;
    await tx.query(
      'update connection set name = $2, config = $3::jsonb, config_version = config_version + $4, updated_at = now() where id = $1',
      [id, name, json, differs ? 1 : 0],
    );
    return { differs };
  });
}

/** Keeps changes aside, or with null forgets them; what the connection does stays as it is. */
export async function keepUnsaved(db: Database, id: string, unsaved: Unsaved | null): Promise<void> {
  await db.query('update connection set unsaved = $2::jsonb where id = $1', [
    id,
    unsaved === null ? null : JSON.stringify(unsaved),
  ]);
}

/** Deletes a connection with what it knew; links, contacts and profiles stay (B9). */
export async function deleteConnection(db: Database, id: string): Promise<void> {
  await db.query('delete from connection where id = $1', [id]);
}

import type { Database } from './database.js';

export interface KlaviyoAccount {
  id: string;
  portalId: string;
  companyId: string;
  name: string;
  state: 'connected' | 'reconnect' | 'disconnected';
  auth: 'oauth' | 'api_key';
  missingScopes: string[];
}

interface Row {
  id: string;
  portal_id: string;
  company_id: string;
  name: string;
  state: KlaviyoAccount['state'];
  auth: KlaviyoAccount['auth'];
  missing_scopes: string[];
}

const columns = 'id, portal_id, company_id, name, state, auth, missing_scopes';
const fromRow = (row: Row): KlaviyoAccount => ({
  id: row.id,
  portalId: row.portal_id,
  companyId: row.company_id,
  name: row.name,
  state: row.state,
  auth: row.auth,
  missingScopes: row.missing_scopes,
});

/** The Klaviyo accounts of a portal, oldest first. */
export async function klaviyoAccounts(db: Database, portalId: string): Promise<KlaviyoAccount[]> {
  return (
    await db.query<Row>(`select ${columns} from klaviyo_account where portal_id = $1 order by created_at`, [portalId])
  ).map(fromRow);
}

/** One account of this portal, or null: another portal's id is as unknown as none. */
export async function findKlaviyoAccount(db: Database, portalId: string, id: string): Promise<KlaviyoAccount | null> {
  const rows = await db.query<Row>(`select ${columns} from klaviyo_account where portal_id = $1 and id::text = $2`, [
    portalId,
    id,
  ]);
  return rows[0] === undefined ? null : fromRow(rows[0]);
}

/** Makes sure the company has a row in this portal; a company that was connected before keeps its id. */
export async function keepKlaviyoAccount(
  db: Database,
  portalId: string,
  company: { companyId: string; name: string },
  auth: KlaviyoAccount['auth'],
  missingScopes: readonly string[],
): Promise<KlaviyoAccount> {
  const rows = await db.query<Row>(
    `insert into klaviyo_account (portal_id, company_id, name, state, auth, missing_scopes) values ($1, $2, $3, 'connected', $4, $5)
     on conflict (portal_id, company_id) do update set name = excluded.name, state = 'connected', state_reason = null, auth = excluded.auth,
       missing_scopes = excluded.missing_scopes, api_key = null, access_token = null, refresh_token = null, access_expires_at = null
     returning ${columns}`,
    [portalId, company.companyId, company.name, auth, missingScopes],
  );
  const row = rows[0];
  if (row === undefined) throw new Error('The Klaviyo account could not be stored.');
  await db.query(
    `delete from issue where code in ('reconnect_klaviyo', 'missing_scope') and side = 'klaviyo' and connection_id in (select id from connection where klaviyo_account_id = $1)`,
    [row.id],
  );
  return fromRow(row);
}

/** Keeps the sealed credential of an account. */
export async function keepKlaviyoCredential(
  db: Database,
  id: string,
  credential: { apiKey: string } | { access: string; refresh: string; expiresAt: Date },
): Promise<void> {
  if ('apiKey' in credential)
    await db.query('update klaviyo_account set api_key = $2 where id = $1', [id, credential.apiKey]);
  else
    await db.query(
      'update klaviyo_account set access_token = $2, refresh_token = $3, access_expires_at = $4 where id = $1',
      [id, credential.access, credential.refresh, credential.expiresAt],
    );
}

/** Sealed credential of an account, with whether an access token still lasts for a while. */
export async function klaviyoCredential(
  db: Database,
  id: string,
  marginSeconds: number,
): Promise<{
  auth: KlaviyoAccount['auth'];
  state: KlaviyoAccount['state'];
  apiKey: string | null;
  access: string | null;
  refresh: string | null;
  fresh: boolean;
} | null> {
  const rows = await db.query<{
    auth: KlaviyoAccount['auth'];
    state: KlaviyoAccount['state'];
    api_key: string | null;
    access_token: string | null;
    refresh_token: string | null;
    fresh: boolean | null;
  }>(
    `select auth, state, api_key, access_token, refresh_token, access_expires_at > now() + make_interval(secs => $2) as fresh from klaviyo_account where id = $1`,
    [id, marginSeconds],
  );
  const row = rows[0];
  return row === undefined
    ? null
    : {
        auth: row.auth,
        state: row.state,
        apiKey: row.api_key,
        access: row.access_token,
        refresh: row.refresh_token,
        fresh: row.fresh === true,
      };
}

/** Disconnects an account: its syncs stop, its secrets go, its connections keep their configuration. */
export async function disconnectKlaviyo(db: Database, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(
      `update klaviyo_account set state = 'disconnected', api_key = null, access_token = null, refresh_token = null where id = $1`,
      [id],
    );
    await tx.query(
      `update connection set state = 'stopped', state_reason = 'klaviyo_disconnected', updated_at = now() where klaviyo_account_id = $1 and state in ('initial_sync', 'active', 'paused')`,
      [id],
    );
  });
}

/** Connections that a disconnect had stopped are paused again once the company is back. */
export async function reviveConnections(db: Database, id: string): Promise<void> {
  await db.query(
    `update connection set state = 'paused', state_reason = null, updated_at = now() where klaviyo_account_id = $1 and state = 'stopped' and state_reason = 'klaviyo_disconnected'`,
    [id],
  );
}

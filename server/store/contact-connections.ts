import type { ContactConfig, ContactConnection } from '../rules/connection.js';
import type { HubspotField, KlaviyoField } from '../rules/fields.js';
import type { Database } from './database.js';

interface Row {
  id: string;
  portal_id: string;
  klaviyo_account_id: string;
  name: string;
  state: ContactConnection['state'];
  config: ContactConfig;
  created_at: Date;
  config_version: number;
}

const fromRow = (row: Row): ContactConnection => ({
  ...row.config,
  id: row.id,
  portalId: row.portal_id,
  klaviyoAccountId: row.klaviyo_account_id,
  name: row.name,
  state: row.state,
  createdAt: row.created_at.toISOString(),
  configVersion: row.config_version,
});

/** The contact connections of a pair of accounts that sync now, oldest first: the older one writes a shared field. */
export async function syncingConnections(db: Database, klaviyoAccountId: string): Promise<ContactConnection[]> {
  const rows = await db.query<Row>(
    `select c.id, c.portal_id, c.klaviyo_account_id, c.name, c.state, c.config, c.created_at, c.config_version
     from connection c
       join klaviyo_account a on a.id = c.klaviyo_account_id and a.state = 'connected'
       join portal p on p.id = c.portal_id and p.state = 'installed'
     where c.klaviyo_account_id = $1 and c.type = 'contact' and c.state in ('initial_sync', 'active')
     order by c.created_at, c.id`,
    [klaviyoAccountId],
  );
  return rows.map(fromRow);
}

/** One contact connection in whatever state, with both its accounts connected, or null. */
export async function contactConnection(db: Database, id: string): Promise<ContactConnection | null> {
  const rows = await db.query<Row>(
    `select c.id, c.portal_id, c.klaviyo_account_id, c.name, c.state, c.config, c.created_at, c.config_version
     from connection c
       join klaviyo_account a on a.id = c.klaviyo_account_id and a.state = 'connected'
       join portal p on p.id = c.portal_id and p.state = 'installed'
     where c.id = $1 and c.type = 'contact'`,
    [id],
  );
  return rows[0] === undefined ? null : fromRow(rows[0]);
}

/** Pairs of accounts of a portal with a contact connection that syncs now. */
export async function syncingAccounts(db: Database, portalId: string): Promise<string[]> {
  const rows = await db.query<{ klaviyo_account_id: string }>(
    `select distinct klaviyo_account_id from connection where portal_id = $1 and type = 'contact' and state in ('initial_sync', 'active')`,
    [portalId],
  );
  return rows.map((row) => row.klaviyo_account_id);
}

/** Fields of both sides as last read; null where they never were. */
export async function knownFields(
  db: Database,
  klaviyoAccountId: string,
): Promise<{ portalId: string; hubspot: HubspotField[] | null; klaviyo: KlaviyoField[] | null }> {
  const rows = await db.query<{
    portal_id: string;
    hubspot_fields: HubspotField[] | null;
    klaviyo_fields: KlaviyoField[] | null;
  }>(
    `select a.portal_id, p.hubspot_fields, a.klaviyo_fields from klaviyo_account a join portal p on p.id = a.portal_id where a.id = $1`,
    [klaviyoAccountId],
  );
  const row = rows[0];
  if (row === undefined) throw new Error(`There is no Klaviyo account ${klaviyoAccountId}.`);
  return { portalId: row.portal_id, hubspot: row.hubspot_fields, klaviyo: row.klaviyo_fields };
}

/** Keeps the fields of a portal as just read. */
export async function keepHubspotFields(
  db: Database,
  portalId: string,
  fields: readonly HubspotField[],
): Promise<void> {
  await db.query('update portal set hubspot_fields = $2::jsonb, hubspot_fields_at = now() where id = $1', [
    portalId,
    JSON.stringify(fields),
  ]);
}

/** Keeps the fields of a Klaviyo account as just read. */
export async function keepKlaviyoFields(
  db: Database,
  klaviyoAccountId: string,
  fields: readonly KlaviyoField[],
): Promise<void> {
  await db.query('update klaviyo_account set klaviyo_fields = $2::jsonb, klaviyo_fields_at = now() where id = $1', [
    klaviyoAccountId,
    JSON.stringify(fields),
  ]);
}

/** Every connection of a pair of accounts is up to date as of now. */
export async function noteSuccess(db: Database, klaviyoAccountId: string): Promise<void> {
  await db.query(
    `update connection set last_success_at = now() where klaviyo_account_id = $1 and type = 'contact' and state = 'active'`,
    [klaviyoAccountId],
  );
}

/**
 * Marks the account (or the portal) as in need of a person; its sync rests until it is connected again. Answers false
 * when that has happened meanwhile: the app was removed and installed again while a call still knew its former access.
 */
export async function markReconnect(
  db: Database,
  code: 'reconnect_hubspot' | 'reconnect_klaviyo',
  portalId: string,
  klaviyoAccountId: string,
  reason: string,
): Promise<boolean> {
  if (code === 'reconnect_klaviyo') {
    await db.query(
      `update klaviyo_account set state = 'reconnect', state_reason = $2 where id = $1 and state = 'connected'`,
      [klaviyoAccountId, reason],
    );
    return true;
  }
  await db.query(
    `update portal set state = 'reconnect', state_reason = $2 where id = $1 and state = 'installed' and refresh_token is null`,
    [portalId, reason],
  );
  const rows = await db.query<{ state: string }>('select state from portal where id = $1', [portalId]);
  return rows[0]?.state !== 'installed';
}

/** A short text that changes whenever the scope of a pair of accounts may have changed: cheap to ask before each batch. */
export async function scopeStamp(db: Database, klaviyoAccountId: string): Promise<string> {
  const rows = await db.query<{ stamp: string | null }>(
    `select string_agg(c.id || c.state || c.config_version || coalesce(a.klaviyo_fields_at::text, '') || coalesce(p.hubspot_fields_at::text, '') || a.state || p.state,
              ',' order by c.created_at, c.id) as stamp
     from connection c join klaviyo_account a on a.id = c.klaviyo_account_id join portal p on p.id = c.portal_id
     where c.klaviyo_account_id = $1 and c.type = 'contact' and c.state in ('initial_sync', 'active')`,
    [klaviyoAccountId],
  );
  return rows[0]?.stamp ?? '';
}

/** Marks the connections of a pair of accounts as changed, so that the next batch loads them anew. */
export async function configurationChanged(db: Database, klaviyoAccountId: string): Promise<void> {
  await db.query(
    `update connection set config_version = config_version + 1 where klaviyo_account_id = $1 and type = 'contact'`,
    [klaviyoAccountId],
  );
}

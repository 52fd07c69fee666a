import type { Database } from './database.js';

/** Klaviyo accounts of a portal, the oldest first. */
export async function klaviyoAccountsOf(
  db: Database,
  portalId: string,
): Promise<{ id: string; name: string; state: string }[]> {
  return db.query('select id, name, state from klaviyo_account where portal_id = $1 order by created_at, id', [
    portalId,
  ]);
}

/** Contact connections of a Klaviyo account, in whatever state, the oldest first. */
export async function connectionsOfAccount(
  db: Database,
  klaviyoAccountId: string,
): Promise<{ id: string; name: string; state: string }[]> {
  return db.query(
    `select id, name, state from connection where klaviyo_account_id = $1 and type = 'contact' order by created_at, id`,
    [klaviyoAccountId],
  );
}

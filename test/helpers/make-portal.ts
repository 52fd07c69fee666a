import type { Database } from '../../server/store/database.js';

/** Writes down a portal in which the app is installed, with a connected Klaviyo account; answers the account's id. */
export async function makePortal(db: Database, portalId: string): Promise<string> {
  await db.query(
    `insert into portal (id, name, ui_domain, state) values ($1, 'Books', 'app.hubspot.com', 'installed')`,
    [portalId],
  );
  const [account] = await db.query<{ id: string }>(
    `insert into klaviyo_account (portal_id, company_id, name, state, auth) values ($1, 'TANDM1', 'Books', 'connected', 'api_key') returning id`,
    [portalId],
  );
  return account!.id;
}

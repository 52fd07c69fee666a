import type { Canonical } from '../rules/reconcile.js';
import type { Database } from './database.js';

export interface ContactStanding {
  connectionId: string;
  state: 'in_sync' | 'skipped' | 'failed' | 'not_in_scope';
  reason: string | null;
  message: string | null;
  lists: string[];
}

export interface ContactView {
  klaviyoId: string | null;
  klaviyoAccountId: string | null;
  syncedAt: Date | null;
  waiting: boolean;
  standings: ContactStanding[];
}

/** What is known of one contact without asking a vendor: for its card. */
export async function contactView(db: Database, portalId: string, hubspotId: string): Promise<ContactView> {
  const [links, standings, changes] = await Promise.all([
    db.query<{ klaviyo_id: string; klaviyo_account_id: string; synced_at: Date }>(
      'select klaviyo_id, klaviyo_account_id, synced_at from link where portal_id = $1 and hubspot_id = $2 order by synced_at desc limit 1',
      [portalId, hubspotId],
    ),
    db.query<{
      connection_id: string;
      state: ContactStanding['state'];
      reason: string | null;
      message: string | null;
      lists: string[];
    }>(
      `select connection_id, state, reason, message, lists from standing where portal_id = $1 and side = 'hubspot' and record_id = $2`,
      [portalId, hubspotId],
    ),
    db.query(
      `select from klaviyo_account a join change c on c.klaviyo_account_id = a.id and c.side = 'hubspot' and c.record_id = $2 where a.portal_id = $1
       union all
       select from link l join change c on c.klaviyo_account_id = l.klaviyo_account_id and c.side = 'klaviyo' and c.record_id = l.klaviyo_id
       where l.portal_id = $1 and l.hubspot_id = $2 limit 1`,
      [portalId, hubspotId],
    ),
  ]);
  return {
    klaviyoId: links[0]?.klaviyo_id ?? null,
    klaviyoAccountId: links[0]?.klaviyo_account_id ?? null,
    syncedAt: links[0]?.synced_at ?? null,
    waiting: changes.length > 0,
    standings: standings.map((row) => ({
      connectionId: row.connection_id,
      state: row.state,
      reason: row.reason,
      message: row.message,
      lists: row.lists,
    })),
  };
}

export interface HistoryRow {
  id: string;
  at: Date;
  runId: string | null;
  connectionId: string;
  side: 'hubspot' | 'klaviyo';
  action: string;
  hubspotId: string | null;
  klaviyoId: string | null;
  email: string | null;
  fields: { field: string; oldValue: Canonical; newValue: Canonical; because: string; overruled?: Canonical }[];
  because: string;
  outcome: string | null;
  undoneBy: string | null;
}

/** A page of the history ends after the write that brings it to so many fields: creating a contact may write hundreds. */
const mostFields = 400;

/** Ids of the HubSpot contacts that are linked under this address, in lower case. */
export async function linkedContacts(db: Database, portalId: string, email: string): Promise<string[]> {
  const rows = await db.query<{ hubspot_id: string }>(
    `select distinct l.hubspot_id from link l
     where l.klaviyo_account_id in (select id from klaviyo_account where portal_id = $1) and l.email = $2`,
    [portalId, email],
  );
  return rows.map(({ hubspot_id }) => hubspot_id);
}

/** What was written, newest first, of contacts, a run or a connection. */
export async function historyOf(
  db: Database,
  portalId: string,
  filter: {
    /** Any of these; undefined: everybody. */
    contactIds?: readonly string[] | undefined;
    runId?: string | undefined;
    connectionId?: string | undefined;
  },
  page: { cursor?: string | undefined; limit: number },
): Promise<{ rows: HistoryRow[]; next: string | null }> {
  const before = /^\d{1,18}$/.test(page.cursor ?? '') ? page.cursor : null;
  const rows = await db.query<HistoryRow>(
    `select id, at, run_id as "runId", connection_id as "connectionId", side, action, hubspot_id as "hubspotId", klaviyo_id as "klaviyoId", email, fields, because, outcome, undone_by as "undoneBy"
     from history where portal_id = $1 and ($2::text[] is null or hubspot_id = any ($2)) and ($3::uuid is null or run_id = $3)
       and ($4::uuid is null or connection_id = $4) and ($5::bigint is null or id < $5) order by id desc limit $6`,
    [portalId, filter.contactIds ?? null, filter.runId ?? null, filter.connectionId ?? null, before, page.limit + 1],
  );
  let fields = 0;
  const full = rows.findIndex((row) => (fields += Math.max(1, row.fields.length)) >= mostFields);
  const shown = rows.slice(0, Math.min(page.limit, full === -1 ? rows.length : full + 1));
  return { rows: shown, next: rows.length > shown.length ? (shown.at(-1)?.id ?? null) : null };
}

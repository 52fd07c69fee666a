import type { ConsentMemory } from '../rules/consent.js';
import type { Side } from '../rules/connection.js';
import type { Database } from './database.js';

interface Row {
  email: string;
  opted_out: Side[];
  unsubscribed: boolean;
  asked_at: Date | null;
  asked_list: string | null;
  entered_at: Date | null;
}

/** What is remembered of these people's consent, by email. */
export async function consentsOf(
  db: Database,
  klaviyoAccountId: string,
  emails: readonly string[],
): Promise<Map<string, ConsentMemory>> {
  if (emails.length === 0) return new Map();
  const rows = await db.query<Row>(
    `select email, opted_out, unsubscribed, asked_at, asked_list, entered_at from consent where klaviyo_account_id = $1 and email = any ($2)`,
    [klaviyoAccountId, emails],
  );
  return new Map(
    rows.map((row) => [
      row.email,
      {
        optedOut: row.opted_out,
        unsubscribed: row.unsubscribed,
        askedAt: row.asked_at?.toISOString() ?? null,
        askedList: row.asked_list,
        enteredAt: row.entered_at?.toISOString() ?? null,
      },
    ]),
  );
}

/** Keeps what is to be remembered of these people's consent. */
export async function saveConsents(
  tx: Database,
  portalId: string,
  klaviyoAccountId: string,
  memories: readonly (ConsentMemory & { email: string })[],
): Promise<void> {
  if (memories.length === 0) return;
  // Two records of one person in one batch: the later one has seen more.
  const unique = [...new Map(memories.map((memory) => [memory.email, memory])).values()];
  await tx.query(
    `insert into consent (portal_id, klaviyo_account_id, email, opted_out, unsubscribed, asked_at, asked_list, entered_at)
     select $1, $2, x.email, array(select jsonb_array_elements_text(x."optedOut")), x.unsubscribed, x."askedAt", x."askedList", x."enteredAt"
     from jsonb_to_recordset($3::jsonb) as x (email text, "optedOut" jsonb, unsubscribed boolean, "askedAt" timestamptz, "askedList" text, "enteredAt" timestamptz)
     on conflict (klaviyo_account_id, email) do update set opted_out = excluded.opted_out, unsubscribed = excluded.unsubscribed, asked_at = excluded.asked_at,
       asked_list = excluded.asked_list, entered_at = excluded.entered_at`,
    [portalId, klaviyoAccountId, JSON.stringify(unique)],
  );
}

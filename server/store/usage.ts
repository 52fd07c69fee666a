import { createHash } from 'node:crypto';
import type { Database } from './database.js';

/** How a person is kept in the count. */
export const usageHash = (portalId: string, email: string): Buffer =>
  createHash('sha256').update(`${portalId}:${email}`).digest();

/** Counts people in sync this month, each once, however many connections and updates (F8). Emails are kept as hashes. */
export async function countUsage(tx: Database, portalId: string, emails: readonly string[]): Promise<void> {
  if (emails.length === 0) return;
  const hashes = [...new Set(emails)].map((email) => usageHash(portalId, email));
  await tx.query(
    `with month as (select date_trunc('month', now() at time zone 'utc')::date as first),
       fresh as (insert into usage_contact (portal_id, month, email_hash) select $1, month.first, h from month, unnest($2::bytea[]) as h
                 on conflict do nothing returning 1),
       n as (select count(*) as n from fresh)
     insert into usage_month as u (portal_id, month, contacts) select $1, month.first, n.n from month, n where n.n > 0
     on conflict (portal_id, month) do update set contacts = u.contacts + excluded.contacts`,
    [portalId, hashes],
  );
}

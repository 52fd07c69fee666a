import type { Database } from './database.js';

/** What an email is: its campaign or flow, its name, and the lists and segments it goes to. */
export interface EmailMessage {
  messageId: string;
  campaignId: string | null;
  flowId: string | null;
  name: string | null;
  subject: string | null;
  groupIds: string[];
}

/** Keeps messages as just read. */
export async function keepMessages(
  db: Database,
  portalId: string,
  klaviyoAccountId: string,
  messages: readonly EmailMessage[],
): Promise<void> {
  const unique = [...new Map(messages.map((message) => [message.messageId, message])).values()];
  if (unique.length === 0) return;
  await db.query(
    `insert into email_message (klaviyo_account_id, portal_id, message_id, campaign_id, flow_id, name, subject, group_ids)
     select $1, $2, x."messageId", x."campaignId", x."flowId", x.name, x.subject,
       coalesce((select array_agg(g) from jsonb_array_elements_text(x."groupIds") as g), '{}')
     from jsonb_to_recordset($3::jsonb) as x ("messageId" text, "campaignId" text, "flowId" text, name text, subject text, "groupIds" jsonb)
     on conflict (klaviyo_account_id, message_id) do update set campaign_id = excluded.campaign_id, flow_id = excluded.flow_id,
       name = excluded.name, subject = excluded.subject, group_ids = excluded.group_ids, read_at = now()`,
    [klaviyoAccountId, portalId, JSON.stringify(unique)],
  );
}

/** The messages of these ids that are known. */
export async function knownMessages(
  db: Database,
  klaviyoAccountId: string,
  messageIds: readonly string[],
): Promise<Map<string, EmailMessage & { readAt: Date }>> {
  if (messageIds.length === 0) return new Map();
  const rows = await db.query<EmailMessage & { readAt: Date }>(
    `select message_id as "messageId", campaign_id as "campaignId", flow_id as "flowId", name, subject, group_ids as "groupIds", read_at as "readAt"
     from email_message where klaviyo_account_id = $1 and message_id = any ($2)`,
    [klaviyoAccountId, messageIds],
  );
  return new Map(rows.map((row) => [row.messageId, row]));
}

import type { Logger } from 'pino';
import type { Database } from '../store/database.js';
import { keepWebhook, webhookTried, type EngagementAccount } from '../store/engagement-accounts.js';
import type { KlaviyoSession } from '../vendors/klaviyo/session.js';
import { deleteWebhook } from '../vendors/klaviyo/webhooks.js';

export interface RemoveWebhookDeps {
  db: Database;
  log: Logger;
  klaviyo(klaviyoAccountId: string): KlaviyoSession;
}

/**
 * Takes the webhook away when nobody needs it any more. Where Klaviyo does not answer it stays known: it is tried again
 * while there is access (`accountsToTidy`), and its deliveries are taken and dropped meanwhile.
 */
export async function removeWebhook(deps: RemoveWebhookDeps, account: EngagementAccount): Promise<void> {
  const { klaviyoAccountId, webhook } = account;
  if (webhook.id === null) return;
  try {
    await deleteWebhook(deps.klaviyo(klaviyoAccountId), webhook.id);
  } catch (error) {
    deps.log.warn({ err: error, klaviyoAccountId }, 'the webhook could not be taken away yet');
    return webhookTried(deps.db, klaviyoAccountId);
  }
  await keepWebhook(deps.db, klaviyoAccountId, { id: null, secret: null, state: 'unknown' });
}

import express, { Router, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from '../metrics.js';
import type { Database } from '../store/database.js';
import { accountOfWebhook, type EngagementAccount } from '../store/engagement-accounts.js';
import { checkKlaviyoDelivery } from './klaviyo-signature.js';
import { wakeOnce } from './wake-once.js';

export interface KlaviyoIntakeDeps {
  db: Database;
  log: Logger;
  clock: () => Date;
  metrics: Metrics;
  /** The secret of an account's webhook, opened. */
  secretOf(account: EngagementAccount): string | null;
  /** Keeps the events of a delivery; answers how many were of a kind that is read. */
  keep(account: EngagementAccount, items: readonly unknown[]): Promise<{ kept: number; unread: number }>;
  /** Wakes the deciding for a pair of accounts. */
  wakeEngage(klaviyoAccountId: string): Promise<void>;
  /** Wakes the reading of an account's events. */
  wakeCollect(klaviyoAccountId: string): Promise<void>;
}

/** A delivery holds up to a thousand events of a kilobyte or two. */
const largestBody = '8mb';

/**
 * POST /webhooks/klaviyo/:webhookKey: verify the raw bytes, store, answer 200. An event that Klaviyo signed is the same
 * as its API tells; what is of a metric not known here yet is only a hint to read.
 */
export function klaviyoWebhooks(deps: KlaviyoIntakeDeps): Router {
  const failed = (error: unknown): void =>
    // The events are safe: the next tick finds them.
    deps.log.warn({ err: error }, 'email activity could not be woken');
  const engage = wakeOnce(deps.wakeEngage, failed);
  const collect = wakeOnce(deps.wakeCollect, failed);
  const refuse = (response: Response, status: number, code: string, message: string, fix: string): void => {
    deps.metrics.refusals.inc({ reason: code });
    response.status(status).json({ error: { code, message, fix } });
  };
  const receive: RequestHandler = async (request, response) => {
    const rawBody: Buffer = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const key = String(request.params['webhookKey'] ?? '');
    const account = /^[\w-]{16,64}$/.test(key) ? await accountOfWebhook(deps.db, key) : null;
    const secret = account === null ? null : deps.secretOf(account);
    if (account === null || secret === null) {
      refuse(
        response,
        401,
        'unknown_webhook',
        'There is no such webhook.',
        'Delete it in Klaviyo; the app makes its own.',
      );
      return;
    }
    const verdict = checkKlaviyoDelivery(
      secret,
      {
        rawBody,
        signature: request.get('klaviyo-signature'),
        timestamp: request.get('klaviyo-timestamp'),
        webhookId: request.get('klaviyo-webhook-id'),
      },
      deps.clock().getTime(),
    );
    if (!verdict.ok) {
      const status = verdict.reason === 'malformed' ? 400 : 401;
      refuse(
        response,
        status,
        verdict.reason,
        'This delivery is not accepted.',
        'Send it signed by Klaviyo, as it was made.',
      );
      return;
    }
    if (verdict.delivery.accountId !== account.companyId) {
      refuse(response, 401, 'wrong_account', 'This webhook belongs to another account.', 'Send it to its own address.');
      return;
    }
    const { kept, unread } = await deps.keep(account, verdict.delivery.items);
    deps.metrics.webhookEvents.inc({ vendor: 'klaviyo', outcome: 'stored' }, kept);
    deps.metrics.webhookEvents.inc({ vendor: 'klaviyo', outcome: 'malformed' }, unread);
    response.status(200).end();
    if (kept > 0) engage(account.klaviyoAccountId);
    if (unread > 0) collect(account.klaviyoAccountId);
  };
  const raw = express.raw({ type: () => true, limit: largestBody });
  return Router().post('/webhooks/klaviyo/:webhookKey', raw, receive);
}

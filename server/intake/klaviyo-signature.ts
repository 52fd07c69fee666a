import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

export type KlaviyoVerdict =
  | { ok: true; delivery: KlaviyoDelivery }
  | { ok: false; reason: 'missing_signature' | 'wrong_signature' | 'malformed' | 'stale_timestamp' | 'wrong_webhook' };

/** What is used of a delivery; an item that cannot be read is left out by who reads it. */
export interface KlaviyoDelivery {
  at: number;
  webhookId: string;
  accountId: string;
  items: unknown[];
}

const bodySchema = z.object({
  meta: z.object({
    timestamp: z.string(),
    klaviyo_webhook_id: z.string(),
    klaviyo_account_id: z.string(),
  }),
  data: z.array(z.unknown()).max(1000),
});

/** Klaviyo delivers again for some days; its own time is in the body, and it may be some time on its way. */
const oldest = 30 * 60_000;
const newest = 5 * 60_000;

/**
 * Checks a delivery of a Klaviyo system webhook: lower-case hex HMAC-SHA256 over the raw body and the Klaviyo-Timestamp
 * header. That header is only part of what is signed, its clock has been hours off: freshness is read from the body.
 * https://developers.klaviyo.com/en/docs/working_with_system_webhooks
 */
export function checkKlaviyoDelivery(
  secret: string,
  request: {
    rawBody: Buffer;
    signature: string | undefined;
    timestamp: string | undefined;
    webhookId: string | undefined;
  },
  nowMs: number,
): KlaviyoVerdict {
  if (!request.signature || request.timestamp === undefined) return { ok: false, reason: 'missing_signature' };
  const expected = createHmac('sha256', secret).update(request.rawBody).update(request.timestamp).digest('hex');
  const [mine, given] = [Buffer.from(expected), Buffer.from(request.signature)];
  if (mine.length !== given.length || !timingSafeEqual(mine, given)) return { ok: false, reason: 'wrong_signature' };
  const body = bodyOf(request.rawBody);
  const at = body === null ? NaN : Date.parse(body.meta.timestamp.replace(/^(\d{4}-\d\d-\d\d) /, '$1T'));
  if (body === null || Number.isNaN(at)) return { ok: false, reason: 'malformed' };
  if (nowMs - at > oldest || at - nowMs > newest) return { ok: false, reason: 'stale_timestamp' };
  const webhookId = body.meta.klaviyo_webhook_id;
  if (request.webhookId !== webhookId) return { ok: false, reason: 'wrong_webhook' };
  return { ok: true, delivery: { at, webhookId, accountId: body.meta.klaviyo_account_id, items: body.data } };
}

function bodyOf(rawBody: Buffer): z.infer<typeof bodySchema> | null {
  try {
    return bodySchema.safeParse(JSON.parse(rawBody.toString('utf8'))).data ?? null;
  } catch {
    // Not JSON: refused by the caller, who says so.
    return null;
  }
}

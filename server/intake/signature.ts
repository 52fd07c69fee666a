import { createHmac, timingSafeEqual } from 'node:crypto';

export interface SignedRequest {
  method: string;
  /** The full public address as HubSpot called it: scheme, host, path, query. */
  url: string;
  /** The body as received, byte for byte. */
  rawBody: Buffer;
  signature: string | undefined;
  timestamp: string | undefined;
}

export type SignatureVerdict =
  | { ok: true }
  | { ok: false; reason: 'missing_signature' | 'missing_timestamp' | 'stale_timestamp' | 'wrong_signature' };

const fiveMinutes = 300_000;

/** Only these escapes are decoded before signing; `%20`, `%26` and `%3D` stay. */
const decoded: Record<string, string> = {
  '%3A': ':',
  '%2F': '/',
  '%3F': '?',
  '%40': '@',
  '%21': '!',
  '%24': '$',
  '%27': "'",
  '%28': '(',
  '%29': ')',
  '%2A': '*',
  '%2C': ',',
  '%3B': ';',
};

/** The address as HubSpot signs it. Idempotent for what it decodes. */
export function signedUri(url: string): string {
  return url.replace(/%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi, (escape) => decoded[escape.toUpperCase()] ?? escape);
}

/** The signature HubSpot would send (v3). */
export function signatureOf(
  clientSecret: string,
  request: { method: string; url: string; rawBody: Buffer; timestamp: string },
): string {
  return createHmac('sha256', clientSecret)
    .update(request.method + signedUri(request.url))
    .update(request.rawBody)
    .update(request.timestamp)
    .digest('base64');
}

/**
 * Checks HubSpot's v3 signature over method, address, raw body and timestamp; five minutes of age either way.
 * https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
 */
export function checkSignature(clientSecret: string, request: SignedRequest, nowMs: number): SignatureVerdict {
  if (request.signature === undefined || request.signature === '') return { ok: false, reason: 'missing_signature' };
  if (request.timestamp === undefined || !/^\d{1,16}$/.test(request.timestamp))
    return { ok: false, reason: 'missing_timestamp' };
  if (Math.abs(nowMs - Number(request.timestamp)) > fiveMinutes) return { ok: false, reason: 'stale_timestamp' };
  const expected = Buffer.from(signatureOf(clientSecret, { ...request, timestamp: request.timestamp }));
  const given = Buffer.from(request.signature);
  return expected.length === given.length && timingSafeEqual(expected, given)
    ? { ok: true }
    : { ok: false, reason: 'wrong_signature' };
}

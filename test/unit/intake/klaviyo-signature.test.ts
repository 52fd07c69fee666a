import { describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { checkKlaviyoDelivery } from '../../../server/intake/klaviyo-signature.js';

const secret = 'a-secret-of-sixteen-or-more';
const now = Date.parse('2026-11-23T12:00:00Z');
const stamp = 'Mon, 23 Nov 2026 07:00:00 GMT';
const delivery = (more: object = {}, data: unknown = []): Buffer =>
  Buffer.from(
    JSON.stringify({
      meta: {
        timestamp: '2026-11-23T11:59:00+00:00',
        klaviyo_webhook_id: 'W1',
        klaviyo_account_id: 'TANDM1',
        version: '2026-07-15',
        ...more,
      },
      data,
    }),
  );
const signed = (rawBody: Buffer, timestamp = stamp): string =>
  createHmac('sha256', secret).update(rawBody).update(timestamp).digest('hex');
const check = (rawBody: Buffer, more: object = {}): unknown =>
  checkKlaviyoDelivery(
    secret,
    { rawBody, signature: signed(rawBody), timestamp: stamp, webhookId: 'W1', ...more },
    now,
  );

describe('E8, G3: a delivery of Klaviyo', () => {
  test('is taken when it is signed; the header’s clock may be hours off', () => {
    expect(check(delivery({}, [{ topic: 'x' }]))).toEqual({
      ok: true,
      delivery: { at: now - 60_000, webhookId: 'W1', accountId: 'TANDM1', items: [{ topic: 'x' }] },
    });
  });
  test('may spell its time with a blank', () => {
    expect(check(delivery({ timestamp: '2026-11-23 11:59:00+00:00' }))).toMatchObject({ ok: true });
  });
  test.each([
    ['without a signature', delivery(), { signature: undefined }, 'missing_signature'],
    ['without its timestamp', delivery(), { timestamp: undefined }, 'missing_signature'],
    ['with another body', delivery({}, [1]), { signature: signed(delivery()) }, 'wrong_signature'],
    ['with another timestamp', delivery(), { timestamp: 'Mon, 23 Nov 2026 08:00:00 GMT' }, 'wrong_signature'],
    ['in capital letters', delivery(), { signature: signed(delivery()).toUpperCase() }, 'wrong_signature'],
    ['of another webhook', delivery(), { webhookId: 'W2' }, 'wrong_webhook'],
  ])('%s is refused', (_name, body, more, reason) => {
    expect(check(body, more)).toEqual({ ok: false, reason });
  });
  test.each([
    ['an hour old', delivery({ timestamp: '2026-11-23T11:00:00Z' }), 'stale_timestamp'],
    ['from the future', delivery({ timestamp: '2026-11-23T12:10:00Z' }), 'stale_timestamp'],
    ['without a time', delivery({ timestamp: 'soon' }), 'malformed'],
    ['no JSON', Buffer.from('{'), 'malformed'],
    ['a list', Buffer.from('[]'), 'malformed'],
    ['of too many events', delivery({}, new Array(1001).fill(1)), 'malformed'],
  ])('%s is refused although it is signed', (_name, body, reason) => {
    expect(check(body)).toEqual({ ok: false, reason });
  });
});

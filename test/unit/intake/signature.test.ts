import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkSignature, signatureOf, signedUri, type SignedRequest } from '../../../server/intake/signature.js';

/** The two examples that HubSpot's own client libraries are tested with. */
const secret = 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy';
const example = {
  method: 'POST',
  url: 'https://www.example.com/webhook_uri',
  rawBody: Buffer.from("{'example_field':'example_value'}"),
};
const vectors: [string, string][] = [
  ['1693657560000', 'K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y='],
  ['1700000300000', 'RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw='],
];

describe("HubSpot's v3 signature", () => {
  test.each(vectors)('the published example of %s is accepted', (timestamp, signature) => {
    expect(signatureOf(secret, { ...example, timestamp })).toBe(signature);
    expect(checkSignature(secret, { ...example, timestamp, signature }, Number(timestamp))).toEqual({ ok: true });
  });

  const request = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE'),
    url: fc.webUrl({ withQueryParameters: true }),
    rawBody: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    timestamp: fc.integer({ min: 0, max: 4_000_000_000_000 }).map(String),
  });
  const signed = (given: { method: string; url: string; rawBody: Buffer; timestamp: string }): SignedRequest => ({
    ...given,
    signature: signatureOf(secret, given),
  });

  test('G3: what was signed is accepted within five minutes either way, and not beyond', () => {
    fc.assert(
      fc.property(request, fc.integer({ min: -900_000, max: 900_000 }), (given, skew) => {
        const verdict = checkSignature(secret, signed(given), Number(given.timestamp) + skew);
        expect(verdict).toEqual(Math.abs(skew) <= 300_000 ? { ok: true } : { ok: false, reason: 'stale_timestamp' });
      }),
    );
  });

  test('G3: any change of method, address, body, timestamp or secret is refused', () => {
    fc.assert(
      fc.property(
        request,
        fc.constantFrom('method', 'url', 'rawBody', 'timestamp', 'secret'),
        fc.nat(),
        (given, part, at) => {
          const sent = signed(given);
          const body = Buffer.from(given.rawBody);
          if (part === 'rawBody' && body.length > 0) body[at % body.length] = (body[at % body.length] ?? 0) ^ 1;
          const changed: SignedRequest = {
            ...sent,
            ...(part === 'method' ? { method: 'PUT' } : {}),
            ...(part === 'url' ? { url: `${given.url}x` } : {}),
            ...(part === 'rawBody' ? { rawBody: body.length === 0 ? Buffer.from('x') : body } : {}),
            ...(part === 'timestamp' ? { timestamp: String(Number(given.timestamp) + 1) } : {}),
          };
          expect(checkSignature(part === 'secret' ? `${secret}x` : secret, changed, Number(given.timestamp))).toEqual({
            ok: false,
            reason: 'wrong_signature',
          });
        },
      ),
    );
  });

  test('G3: a missing or hostile signature or timestamp is refused with its reason, never thrown', () => {
    const timestamp = '1700000300000';
    const check = (more: Partial<SignedRequest>): unknown =>
      checkSignature(secret, { ...example, timestamp, signature: vectors[1]?.[1], ...more }, Number(timestamp));
    expect(check({ signature: undefined })).toEqual({ ok: false, reason: 'missing_signature' });
    expect(check({ signature: '' })).toEqual({ ok: false, reason: 'missing_signature' });
    for (const bad of [undefined, '', 'soon', '1.7e12', '-1700000300000', '1700000300000 ', '99999999999999999999']) {
      expect(check({ timestamp: bad })).toEqual({ ok: false, reason: 'missing_timestamp' });
    }
    fc.assert(
      fc.property(fc.string(), (signature) =>
        expect(check({ signature: `${signature}!` })).toMatchObject({ ok: false }),
      ),
    );
  });

  test('only the twelve escapes of the documentation are undone before signing', () => {
    expect(signedUri('https://x.test/a%2Fb?m=o%40x.test&q=%3A%3F%21%24%27%28%29%2A%2C%3B')).toBe(
      "https://x.test/a/b?m=o@x.test&q=:?!$'()*,;",
    );
    expect(signedUri('https://x.test/?q=a%20b%26c%3Dd%25')).toBe('https://x.test/?q=a%20b%26c%3Dd%25');
    expect(signedUri('https://x.test/?q=%3a%2f')).toBe('https://x.test/?q=:/');
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (url) =>
        expect(signedUri(signedUri(url))).toBe(signedUri(url)),
      ),
    );
  });
});

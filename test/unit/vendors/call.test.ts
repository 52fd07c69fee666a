import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { RecordRefused, RetryLater, VendorBug } from '../../../server/errors.js';
import { inChunks, mapLimited, retryAfterSeconds, withTimeout, type OnGiveUp } from '../../../server/vendors/call.js';
import { refusedOf } from '../../../server/vendors/in-halves.js';

const date = 'Mon, 23 Nov 2026 12:00:00 GMT';

test.each([
  ['7', undefined, 7],
  ['0.5', undefined, 0.5],
  ['0', undefined, 0.1],
  ['90000', undefined, 3600],
  ['Mon, 23 Nov 2026 12:00:30 GMT', date, 30],
  ['Mon, 23 Nov 2026 11:00:00 GMT', date, 0.1],
  ['Mon, 23 Nov 2026 12:00:30 GMT', undefined, 4],
  ['soon', date, 4],
  ['-3', date, 4],
  ['', undefined, 4],
  [null, null, 4],
  [undefined, undefined, 4],
])('G1: Retry-After %p with Date %p means %p seconds', (header, answered, seconds) => {
  expect(retryAfterSeconds(header, 4, answered)).toBe(seconds);
});

const sending = { vendor: 'HubSpot', timeoutMs: 5000, write: true } as const;
const failing = (error: Error) => withTimeout(sending, () => Promise.reject(error)).catch((cause: unknown) => cause);

test.each([
  ['ECONNRESET', true],
  ['UND_ERR_SOCKET', true],
  ['ETIMEDOUT', true],
  ['ECONNREFUSED', false],
  ['ENOTFOUND', false],
  ['EAI_AGAIN', false],
])('G1: %s on a write is to be done again; whether it may have been done: %p', async (code, maybeDone) => {
  const network = new TypeError('fetch failed', { cause: Object.assign(new Error('socket'), { code }) });
  expect(await failing(network)).toMatchObject({
    name: 'RetryLater',
    maybeDone,
    message: expect.stringContaining(code),
  });
});

test('G1: a read that breaks was not a write', async () => {
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  await expect(withTimeout({ ...sending, write: false }, () => Promise.reject(reset))).rejects.toMatchObject({
    name: 'RetryLater',
    maybeDone: false,
  });
});

test('G1: no answer in time ends the request and is to be done again', async () => {
  const end = jest.fn();
  const never = (onGiveUp: OnGiveUp) => {
    onGiveUp(end);
    return new Promise<never>(() => undefined);
  };
  const late = withTimeout({ ...sending, timeoutMs: 20 }, never);
  await expect(late).rejects.toMatchObject({ name: 'RetryLater', maybeDone: true });
  expect(end).toHaveBeenCalledTimes(1);
});

test('A4: what is no network error is our bug, and the HTTP client’s error with its token is not kept', async () => {
  const withToken = Object.assign(new Error('bad option'), {
    code: 'ERR_INVALID_ARG_TYPE',
    config: { headers: { Authorization: 'Bearer secret' } },
  });
  const bug = await failing(withToken);
  expect(bug).toBeInstanceOf(VendorBug);
  expect((bug as Error).cause).toBeUndefined();
  const plain = new TypeError('x is not a function');
  expect(await failing(plain)).toMatchObject({ name: 'VendorBug', cause: plain });
});

test('A RetryLater from inside stays what it is', async () => {
  const busy = new RetryLater('busy', 9);
  expect(await failing(busy)).toBe(busy);
});

test('chunks hold everything once, in order, none too long', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 20 }), (items, size) => {
      const chunks = inChunks(items, size);
      expect(chunks.flat()).toEqual(items);
      expect(chunks.every((chunk) => chunk.length > 0 && chunk.length <= size)).toBe(true);
    }),
  );
});

test('mapLimited keeps the order, the width, and begins nothing after an error', async () => {
  let under = 0;
  let most = 0;
  const doubled = await mapLimited([1, 2, 3, 4, 5, 6, 7], 3, async (n) => {
    most = Math.max(most, ++under);
    await new Promise((resolve) => setImmediate(resolve));
    under -= 1;
    return n * 2;
  });
  expect(doubled).toEqual([2, 4, 6, 8, 10, 12, 14]);
  expect(most).toBe(3);
  const begun: number[] = [];
  const broken = mapLimited([1, 2, 3, 4, 5, 6], 2, async (n) => {
    begun.push(n);
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error(`${n}`);
  });
  await expect(broken).rejects.toThrow('1');
  expect(begun).toEqual([1, 2]);
});

test('G4: halving sends every good record exactly once and finds every bad one, whatever the mix', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(500), { maxLength: 120 }), fc.nat(40), async (items, modulus) => {
      const bad = (n: number): boolean => modulus > 0 && n % modulus === 0;
      const sent: number[] = [];
      const refused = await refusedOf(items, async (part) => {
        if (part.some(bad)) throw new RecordRefused('no', 'no', { status: 400 });
        sent.push(...part);
      });
      expect(sent.toSorted((a, b) => a - b)).toEqual(items.filter((n) => !bad(n)).toSorted((a, b) => a - b));
      expect(new Set(refused.keys())).toEqual(new Set(items.filter(bad)));
    }),
    { numRuns: 60 },
  );
});

test('G4: a refusal that is not about the records, and every other error, goes up at once', async () => {
  let calls = 0;
  const gone = new RecordRefused('not_found', 'no list', { status: 404 });
  const send = () => {
    calls += 1;
    return Promise.reject(gone);
  };
  await expect(refusedOf([1, 2, 3], send, ({ detail }) => detail.status !== 404)).rejects.toBe(gone);
  expect(calls).toBe(1);
  const busy = new RetryLater('busy', 1);
  await expect(refusedOf([1, 2, 3], () => Promise.reject(busy))).rejects.toBe(busy);
});

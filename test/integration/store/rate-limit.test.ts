import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openPool, poolDatabase } from '../../../server/store/database.js';
import { createRateLimiter } from '../../../server/store/rate-limit.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

interface Ask {
  keys: string[];
  caps: number[];
  perSecond: number[];
  n: number;
  reserve: number;
}

/** Seconds that each of those who ask together must wait, by place. */
async function waitOf(asked: readonly Ask[]): Promise<number[]> {
  const rows = await database.db.query<{ wait: number }>(
    'select wait from rate_take_together($1::jsonb) order by place',
    [JSON.stringify(asked)],
  );
  return rows.map(({ wait }) => wait);
}

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

test('G2: twenty callers in two processes’ pools keep cap + rate × time together', async () => {
  const second = openPool(database.url, { max: 8, applicationName: 'second' }, () => undefined);
  const limiters = [createRateLimiter(database.db), createRateLimiter(poolDatabase(second))];
  const window = { key: 'g2', cap: 10, perSecond: 40 };
  const started = performance.now();
  const grants: number[] = [];
  await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      for (let i = 0; i < 3; i += 1) {
        await limiters[n % 2]?.take([window], 1, 'person');
        grants.push(performance.now() - started);
      }
    }),
  );
  await second.end();
  grants.sort((a, b) => a - b);
  expect(grants).toHaveLength(60);
  // In any stretch of time no more than cap + rate × time, with one for the edge of measuring outside the database.
  for (const [i, from] of grants.entries()) {
    for (const [j, to] of grants.entries())
      if (j > i) expect(j - i + 1).toBeLessThanOrEqual(10 + (40 * (to - from + 100)) / 1000 + 1);
  }
});

test('G2: what a person waits for goes ahead: sweeps leave a reserve in the bucket', async () => {
  const limiter = createRateLimiter(database.db);
  const window = { key: 'reserve', cap: 10, perSecond: 0.001 };
  for (let i = 0; i < 7; i += 1) await limiter.take([window], 1, 'sweep');
  const [wait] = await waitOf([{ keys: ['reserve'], caps: [10], perSecond: [0.001], n: 1, reserve: 0.3 }]);
  expect(wait).toBeGreaterThan(0);
  expect(await limiter.left(window)).toBe(3);
  for (let i = 0; i < 3; i += 1) await limiter.take([window], 1, 'person');
  expect(await limiter.left(window)).toBe(0);
});

test('those who ask together get what they would get one after the other', async () => {
  const window = fc.record({ key: fc.constantFrom('a', 'b', 'c'), cap: fc.integer({ min: 2, max: 5 }) });
  const call = fc.record({
    windows: fc.uniqueArray(window, { selector: ({ key }) => key, minLength: 1, maxLength: 2 }),
    n: fc.integer({ min: 1, max: 2 }),
    reserve: fc.constantFrom(0, 0.3),
  });
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 12 }), async (calls) => {
      round += 1;
      const asked = (who: string): Ask[] =>
        calls.map(({ windows, n, reserve }) => ({
          keys: windows.map(({ key }) => `${round} ${who} ${key}`),
          caps: windows.map(({ cap }) => cap),
          // So slow that nothing comes back while the test runs.
          perSecond: windows.map(() => 1e-6),
          n,
          reserve,
        }));
      const together = await waitOf(asked('together'));
      const single: number[] = [];
      for (const one of asked('single')) single.push(...(await waitOf([one])));
      const granted = (waits: readonly number[]): boolean[] => waits.map((wait) => wait <= 0);
      expect(granted(together)).toEqual(granted(single));
    }),
    { numRuns: 60 },
  );
});

test('a bucket of one call lets sweeps through', async () => {
  await createRateLimiter(database.db).take([{ key: 'tiny', cap: 1, perSecond: 0.5 }], 1, 'sweep');
});

test('all windows or none: a full second window takes nothing from the first', async () => {
  const limiter = createRateLimiter(database.db);
  const wide = { key: 'wide', cap: 5, perSecond: 0.001 };
  await limiter.take([{ key: 'narrow', cap: 1, perSecond: 0.001 }], 1, 'person');
  const [wait] = await waitOf([
    { keys: ['wide', 'narrow'], caps: [5, 1], perSecond: [0.001, 0.001], n: 1, reserve: 0 },
  ]);
  expect(wait).toBeGreaterThan(0);
  expect(await limiter.left(wide)).toBe(5);
});

test('a vendor’s 429 pauses everybody under the key', async () => {
  const limiter = createRateLimiter(database.db);
  await limiter.pause(['paused'], 0.3);
  const started = performance.now();
  await limiter.take([{ key: 'paused', cap: 5, perSecond: 100 }], 1, 'person');
  expect(performance.now() - started).toBeGreaterThanOrEqual(250);
});

test('G2: a pause shows as nothing left, and a shorter one does not end it', async () => {
  const limiter = createRateLimiter(database.db);
  await limiter.pause(['long'], 60);
  await limiter.pause(['long'], 0.1);
  expect(await limiter.left({ key: 'long', cap: 5, perSecond: 1000 })).toBe(0);
});

test('who waits for a limit can be called back', async () => {
  const limiter = createRateLimiter(database.db, () => stop.abort(new Error('stopping')));
  const stop = new AbortController();
  const window = { key: 'aborted', cap: 1, perSecond: 0.001 };
  await limiter.take([window], 1, 'person', stop.signal);
  await expect(limiter.take([window], 1, 'person', stop.signal)).rejects.toThrow();
  await expect(limiter.take([window], 1, 'person', stop.signal)).rejects.toThrow('stopping');
});

test('more calls at once than a bucket ever holds are refused, not waited for', async () => {
  const limiter = createRateLimiter(database.db);
  await expect(limiter.take([{ key: 'few', cap: 5, perSecond: 1 }], 6, 'person')).rejects.toThrow(/never fit into few/);
});

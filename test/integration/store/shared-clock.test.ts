import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openSharedClock, type SharedClock } from '../../../server/store/shared-clock.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const open = (skewMs: () => number): Promise<SharedClock> =>
  openSharedClock(
    database.db,
    () => Date.now() + skewMs(),
    (error) => {
      throw error;
    },
  );

test('G1: processes whose clocks are minutes apart agree on the time', async () => {
  const [ahead, behind] = await Promise.all([open(() => 130_000), open(() => -95_000)]);
  const [a, b] = [ahead.now().getTime(), behind.now().getTime()];
  expect(Math.abs(a - b)).toBeLessThan(2000);
  expect(Math.abs(a - Date.now())).toBeLessThan(2000);
  ahead.stop();
  behind.stop();
});

test('G1: a clock that is set while the process runs is noticed', async () => {
  let skewMs = 0;
  const clock = await open(() => skewMs);
  skewMs = 3_600_000;
  expect(clock.now().getTime() - Date.now()).toBeGreaterThan(3_000_000);
  await clock.adjust();
  expect(Math.abs(clock.now().getTime() - Date.now())).toBeLessThan(2000);
  clock.stop();
});

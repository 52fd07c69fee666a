import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createLogger } from '../../../server/log.js';
import { openQueue, type Queue } from '../../../server/queue/queue.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

const log = createLogger('silent');
let database: TestDatabase;
const open: Queue[] = [];
beforeAll(async () => {
  database = await openTestDatabase();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((queue) => queue.stop(1)));
});
afterAll(() => database.close());

async function queue(): Promise<Queue> {
  const opened = await openQueue(database.url, log);
  open.push(opened);
  return opened;
}

/** Resolves once `count` calls have come in. */
function counter(): { hit(value: string): void; seen: string[]; reach(count: number): Promise<void> } {
  const seen: string[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  return {
    seen,
    hit(value) {
      seen.push(value);
      for (const one of waiting) if (seen.length >= one.count) one.resolve();
    },
    reach: (count) =>
      seen.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
  };
}

test('a burst of wake-ups of one key is one; a later one does not swallow one for now', async () => {
  const one = await queue();
  const calls = counter();
  await one.wake('drain', 'a', { klaviyoAccountId: 'a' }, 60);
  for (let i = 0; i < 10; i += 1) await one.wake('drain', 'a', { klaviyoAccountId: 'a' });
  await one.wake('drain', 'b', { klaviyoAccountId: 'b' });
  await one.work('drain', 2, async ({ klaviyoAccountId }) => calls.hit(klaviyoAccountId));
  await calls.reach(2);
  expect([...calls.seen].sort()).toEqual(['a', 'b']);
});

test('a tick happens once for all processes', async () => {
  const [one, two] = [await queue(), await queue()];
  const calls = counter();
  await Promise.all([one, two, one, two].map((each) => each.wakeOncePer('tick', 'sweeps', { name: 'sweeps' }, 60)));
  await one.wake('tick', 'end', { name: 'end' });
  for (const each of [one, two]) await each.work('tick', 1, async ({ name }) => calls.hit(name));
  await calls.reach(2);
  expect([...calls.seen].sort()).toEqual(['end', 'sweeps']);
});

test('a failed job is tried again', async () => {
  const one = await queue();
  const calls = counter();
  await one.work('intake', 1, async ({ portalId }) => {
    calls.hit(portalId);
    if (calls.seen.length === 1) throw new Error('first try');
  });
  await one.wake('intake', '1', { portalId: '1' });
  await calls.reach(2);
  expect(calls.seen).toEqual(['1', '1']);
});

test('a graceful stop lets the job under way finish and tells it to hurry', async () => {
  const one = await openQueue(database.url, log);
  const started = counter();
  let finished = false;
  await one.work('sweep', 1, async (_data, signal) => {
    started.hit('x');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    finished = true;
  });
  await one.wake('sweep', 'x', { klaviyoAccountId: 'a', name: 'x' });
  await started.reach(1);
  await one.stop(5);
  expect(finished).toBe(true);
});

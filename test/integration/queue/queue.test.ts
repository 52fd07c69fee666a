import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createLogger } from '../../../server/log.js';
import { openQueue, type Queue } from '../../../server/queue/queue.js';
import { startTicks } from '../../../server/queue/ticks.js';
import { until } from '../../helpers/service.js';
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

test('a job that fails too often goes to the dead letters, with its error', async () => {
  const one = await queue();
  await one.wake('intake', 'doomed', { portalId: 'doomed' });
  // Its tries are used up, so that the test need not wait for six of them.
  await database.db.query(`update pgboss.job set retry_limit = 0 where singleton_key = 'doomed'`);
  await one.work('intake', 1, () => Promise.reject(new Error('for good')));
  const dead = (): Promise<{ output: unknown }[]> =>
    database.db.query(`select data as output from pgboss.job where name = 'dead' and data ->> 'portalId' = 'doomed'`);
  await until('the dead letter', async () => ((await dead()).length > 0 ? true : null));
  expect((await one.depths())['dead']).toBeGreaterThan(0);
  await database.db.query(`delete from pgboss.job where name = 'dead'`);
});

test('a later wake-up does not swallow a nearer one', async () => {
  const one = await queue();
  const calls = counter();
  await one.wake('sweep', 'c', { klaviyoAccountId: 'c', name: 'far' }, 60);
  await one.wake('sweep', 'c', { klaviyoAccountId: 'c', name: 'near' }, 0.2);
  await one.work('sweep', 1, async (data) => calls.hit('name' in data ? data.name : ''));
  await calls.reach(1);
  expect(calls.seen).toEqual(['near']);
});

test('depths count what waits now', async () => {
  const one = await queue();
  const before = (await one.depths())['drain'] ?? 0;
  await one.wake('drain', 'depth-1', { klaviyoAccountId: 'x' }, 60);
  await one.wake('drain', 'depth-2', { klaviyoAccountId: 'y' });
  expect(await one.depths()).toMatchObject({ drain: before + 2, dead: 0 });
});

test('several processes that start at once on a new database all get their queue', async () => {
  const fresh = await openTestDatabase();
  const three = await Promise.all([1, 2, 3].map(() => openQueue(fresh.url, log)));
  expect(await three[2]?.depths()).toMatchObject({ drain: 0, sweep: 0 });
  await Promise.all(three.map((each) => each.stop(1)));
  await fresh.close();
});

test('ticks come by themselves, once for two processes', async () => {
  const [one, two] = [await queue(), await queue()];
  const calls = counter();
  const started = Date.now();
  const ticks = [one, two].map((each) => startTicks(each, 1, log));
  await one.work('tick', 2, async ({ name }) => calls.hit(name));
  await calls.reach(3);
  await Promise.all(ticks.map((each) => each.stop()));
  // One a second, with one for the second the test began in; a tick each process had made would be twice as many.
  expect(calls.seen.filter((name) => name === 'sweeps').length).toBeLessThanOrEqual((Date.now() - started) / 1000 + 1);
});

test('G1: a graceful stop lets the job under way finish, tells it to hurry, and lets it wake somebody still', async () => {
  const one = await openQueue(database.url, log);
  const started = counter();
  let finished = false;
  await one.work('sweep', 1, async (_data, signal) => {
    started.hit('x');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    await one.wake('sweep', 'next', { klaviyoAccountId: 'a', name: 'next' }, 60);
    finished = true;
  });
  await one.wake('sweep', 'x', { klaviyoAccountId: 'a', name: 'x' });
  await started.reach(1);
  await one.stop(5);
  expect(finished).toBe(true);
});

test('G1: what does not finish within a stop goes back to the queue', async () => {
  const one = await openQueue(database.url, log);
  const stuck = counter();
  await one.work('intake', 1, ({ portalId }) => {
    stuck.hit(portalId);
    return new Promise(() => undefined);
  });
  await one.wake('intake', 'stuck', { portalId: '7' });
  await stuck.reach(1);
  await one.stop(1);

  const two = await queue();
  const calls = counter();
  await two.work('intake', 1, async ({ portalId }) => calls.hit(portalId));
  await calls.reach(1);
  expect(calls.seen).toEqual(['7']);
});

test('G2: forty keys that wait are worked off one after the other, without a pause between', async () => {
  const one = await queue();
  for (let n = 0; n < 40; n += 1) await one.wake('intake', `p${n}`, { portalId: String(n) });
  const calls = counter();
  const began = performance.now();
  await one.work('intake', 1, async ({ portalId }) => calls.hit(portalId));
  await calls.reach(40);
  // A pause of half a second after each would make twenty.
  expect(performance.now() - began).toBeLessThan(8000);
});

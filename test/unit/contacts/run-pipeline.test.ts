import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RunPipeline } from '../../../server/contacts/run-pipeline.js';
import type { ScanCursor } from '../../../server/contacts/pass-of.js';

const cursor = (after: string): ScanCursor => ({ steps: [], index: 0, after, version: 1, sinceMs: 0 });
const at = (after: string) => ({ runId: 'r', cursor: cursor(after) });
/** A promise that somebody else ends. */
function open(): { promise: Promise<void>; end: () => void; fail: (error: Error) => void } {
  let end = (): void => undefined;
  let fail = (_error: Error): void => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  return { promise, end, fail };
}
const turns = async (): Promise<void> => {
  for (let n = 0; n < 20; n += 1) await Promise.resolve();
};

test('G1: batches are worked on together and written down in their order, whatever each takes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(5), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      async (delays, depth) => {
        const pipeline = new RunPipeline(depth);
        const recorded: number[] = [];
        let most = 0;
        let working = 0;
        for (const [index, delay] of delays.entries()) {
          await pipeline.begin(at(String(index)), [`h${index}`], async (before) => {
            most = Math.max(most, (working += 1));
            for (let n = 0; n < delay; n += 1) await Promise.resolve();
            await before;
            recorded.push(index);
            working -= 1;
          });
          expect(pipeline.ahead('r')).toEqual(cursor(String(index)));
        }
        await pipeline.settle();
        expect(recorded).toEqual(delays.map((_delay, index) => index));
        expect(most).toBeLessThanOrEqual(depth);
        expect(pipeline.ahead('r')).toBeNull();
      },
    ),
    { numRuns: 200 },
  );
});

test('a batch that fails takes those behind it along: none of them is written down, and it is told once', async () => {
  const pipeline = new RunPipeline(3);
  const first = open();
  const recorded: string[] = [];
  await pipeline.begin(at('1'), [], () => first.promise);
  for (const name of ['2', '3'])
    await pipeline.begin(at(name), [], async (before) => {
      await before;
      recorded.push(name);
    });
  first.fail(new Error('no answer'));
  await expect(pipeline.begin(at('4'), [], () => Promise.resolve())).rejects.toThrow('no answer');
  await expect(pipeline.settle()).rejects.toThrow('no answer');
  expect(recorded).toEqual([]);
  await pipeline.settle();
  await pipeline.begin(at('2'), [], async (before) => {
    await before;
    recorded.push('2 again');
  });
  await pipeline.settle();
  expect(recorded).toEqual(['2 again']);
});

test('it knows whom the batches under way are about, and no longer', async () => {
  const pipeline = new RunPipeline(2);
  const [one, two] = [open(), open()];
  await pipeline.begin(at('1'), ['h1', 'kA'], () => one.promise);
  await pipeline.begin(at('2'), ['h2'], () => two.promise);
  expect([pipeline.holds('h1'), pipeline.holds('kA'), pipeline.holds('h2'), pipeline.holds('k1')]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  one.end();
  await turns();
  expect(pipeline.holds('h1')).toBe(false);
  expect(pipeline.ahead('another run')).toBeNull();
  two.end();
  await pipeline.settle();
});

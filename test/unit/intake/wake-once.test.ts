import { expect, test } from '@jest/globals';
import { wakeOnce } from '../../../server/intake/wake-once.js';

/** Wake-ups that end when the test says so. */
function gate(): { wake: (key: string) => Promise<void>; begun: string[]; end: (error?: Error) => void } {
  const begun: string[] = [];
  let ends: ((error?: Error) => void)[] = [];
  return {
    begun,
    wake: (key) =>
      new Promise((resolve, reject) => {
        begun.push(key);
        ends.push((error) => (error === undefined ? resolve() : reject(error)));
      }),
    end(error) {
      const [first, ...rest] = ends;
      ends = rest;
      first?.(error);
    },
  };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a burst is one wake-up under way and one after it, for what came meanwhile', async () => {
  const { wake, begun, end } = gate();
  const wakeUp = wakeOnce(wake, () => undefined);
  for (let n = 0; n < 50; n += 1) wakeUp('1');
  wakeUp('2');
  expect(begun).toEqual(['1', '2']);
  end();
  end();
  await turn();
  expect(begun).toEqual(['1', '2', '1']);
  end();
  await turn();
  expect(begun).toHaveLength(3);
  wakeUp('1');
  expect(begun).toHaveLength(4);
});

test('a wake-up that fails is reported and does not stand in the way of the next', async () => {
  const { wake, begun, end } = gate();
  const failures: unknown[] = [];
  const wakeUp = wakeOnce(wake, (error) => failures.push(error));
  wakeUp('1');
  wakeUp('1');
  end(new Error('no queue'));
  await turn();
  expect(failures).toHaveLength(1);
  expect(begun).toHaveLength(2);
});

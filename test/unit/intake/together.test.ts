import { expect, test } from '@jest/globals';
import { together } from '../../../server/store/together.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Writes that end when the test says so. */
function gate(): { write: (items: number[]) => Promise<string>; begun: number[][]; end: (error?: Error) => void } {
  const begun: number[][] = [];
  const ends: ((error?: Error) => void)[] = [];
  return {
    begun,
    write: (items) =>
      new Promise((resolve, reject) => {
        begun.push(items);
        ends.push((error) => (error === undefined ? resolve(items.join()) : reject(error)));
      }),
    end: (error) => ends.shift()?.(error),
  };
}

test('what comes during a write is written together by the next, and answered after that one only', async () => {
  const { write, begun, end } = gate();
  const store = together(write, 3);
  const answered: number[] = [];
  const given = [1, 2, 3, 4, 5].map(async (item) => {
    const answer = await store(item);
    answered.push(item);
    return answer;
  });
  expect(begun).toEqual([[1]]);
  end();
  await turn();
  expect([begun, answered]).toEqual([[[1], [2, 3, 4]], [1]]);
  end();
  await turn();
  expect([begun.at(-1), answered]).toEqual([[5], [1, 2, 3, 4]]);
  end();
  expect(await Promise.all(given)).toEqual([
    { answer: '1', place: 0 },
    ...[0, 1, 2].map((place) => ({ answer: '2,3,4', place })),
    { answer: '5', place: 0 },
  ]);
  // At rest again: the next one is written at once.
  void store(6);
  expect(begun.at(-1)).toEqual([6]);
});

test('a write that fails is told to all that were in it, and to nobody else', async () => {
  const { write, end } = gate();
  const store = together(write, 10);
  const given = [1, 2, 3].map((item) => store(item).catch((error: Error) => error.message));
  end();
  await turn();
  end(new Error('the database restarts'));
  expect(await Promise.all(given)).toEqual([
    { answer: '1', place: 0 },
    'the database restarts',
    'the database restarts',
  ]);
});

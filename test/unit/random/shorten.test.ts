import { expect, test } from '@jest/globals';
import { generateOperations } from '../../random/generate-operations.js';
import { shorten } from '../../random/shorten.js';

test('a failing list is shortened to what fails', async () => {
  const items = Array.from({ length: 100 }, (_, n) => n);
  const fails = async (some: readonly number[]): Promise<boolean> => some.includes(17) && some.includes(64);
  expect(await shorten(items, fails, 1000, () => 0)).toEqual([17, 64]);
});

test('what fails always is shortened to nothing, and out of time nothing is tried', async () => {
  expect(
    await shorten(
      [1, 2, 3],
      async () => true,
      1000,
      () => 0,
    ),
  ).toEqual([]);
  let clock = 0;
  expect(
    await shorten(
      [1, 2, 3],
      async () => true,
      1,
      () => (clock += 5),
    ),
  ).toEqual([1, 2, 3]);
});

test('a seed tells the same story again, and a longer one begins like the shorter one', () => {
  const long = generateOperations(7, 400, 'lists');
  expect(generateOperations(7, 400, 'lists')).toEqual(long);
  expect(long.slice(0, 100)).toEqual(generateOperations(7, 100, 'lists'));
  expect(new Set(long.map(({ kind }) => kind)).size).toBeGreaterThan(14);
});

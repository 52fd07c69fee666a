import { expect, test } from '@jest/globals';
import { generateOperations } from '../random/generate-operations.js';
import type { Scenario } from '../random/operations.js';
import { play } from '../random/play.js';

// `npm run test:random -- --seed N --ops M` plays longer ones, and with `--shorten` shortens what fails.
test.each<[Scenario, number]>([
  ['everybody', 24],
  ['lists', 2],
])(
  'G1: random days of both sides, with faults and crashes, end in agreement (%s)',
  async (scenario, seed) => {
    const { violations } = await play(generateOperations(seed, 110, scenario), { scenario, seed, calmMs: 60_000 });
    expect(violations).toEqual([]);
  },
  120_000,
);

import { test } from '@jest/globals';
import { generateOperations } from './generate-operations.js';
import type { Operation, Scenario } from './operations.js';
import { play, type Outcome } from './play.js';
import { shorten } from './shorten.js';

// Not part of the suite: `npm run test:random` plays it (scripts/random.mjs).
const { seed, ops, scenario, shortenMs, calmMs } = JSON.parse(process.env['TANDEM_RANDOM'] ?? '{}') as {
  seed: number;
  ops: number;
  scenario: Scenario;
  shortenMs: number;
  calmMs: number;
};
const say = (text: string): void => void process.stdout.write(`${text}\n`);

test(`seed ${seed}, ${ops} operations, ${scenario}`, async () => {
  const run = (operations: readonly Operation[], limitMs = calmMs): Promise<Outcome> =>
    play(operations, { scenario, seed, calmMs: limitMs });
  const operations = generateOperations(seed, ops, scenario);
  const { violations, stories, logged, done, tookMs } = await run(operations);
  say(JSON.stringify({ seed, scenario, done, tookMs, logged: logged.length, violations: violations.length }));
  for (const line of logged.slice(0, 5)) say(line.slice(0, 1500));
  if (violations.length === 0) return;
  for (const { rule, who, what } of violations.slice(0, 30)) say(`${rule}: ${who}: ${what.slice(0, 300)}`);
  say(`\n${stories.join('\n\n')}`);
  if (shortenMs > 0) {
    const wanted = new Set(violations.map(({ rule }) => rule));
    const failsAlike = async (fewer: readonly Operation[]): Promise<boolean> =>
      (await run(fewer, 20_000)).violations.some(({ rule }) => wanted.has(rule));
    const shortest = await shorten(operations, failsAlike, shortenMs, () => performance.now());
    const again = await run(shortest, 20_000);
    say(`\nShortened to ${shortest.length} operations:`);
    for (const operation of shortest) say(`  ${JSON.stringify(operation)}`);
    say(again.stories.join('\n\n'));
  }
  throw new Error(`${violations.length} violations`);
}, 3_600_000);

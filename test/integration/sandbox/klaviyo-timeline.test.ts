import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Timeline, type Position } from '../../../sandbox/klaviyo/timeline.js';

const step = fc.record({
  id: fc.integer({ min: 0, max: 40 }).map(String),
  at: fc.integer({ min: 0, max: 8 }),
  gone: fc.boolean(),
});
const steps = fc.array(step, { maxLength: 120 });

/** What has been set and not deleted, in its order: by moment, then by when it was set. */
function model(all: readonly { id: string; at: number; gone: boolean }[]): { id: string; at: number }[] {
  const live = new Map<string, { id: string; at: number; serial: number }>();
  for (const [serial, { id, at, gone }] of all.entries()) {
    if (gone) live.delete(id);
    else live.set(id, { id, at, serial });
  }
  return [...live.values()].sort((a, b) => a.at - b.at || a.serial - b.serial).map(({ id, at }) => ({ id, at }));
}

function build(all: readonly { id: string; at: number; gone: boolean }[]): Timeline {
  const timeline = new Timeline();
  for (const { id, at, gone } of all) {
    if (gone) timeline.delete(id);
    else timeline.set(id, at);
  }
  return timeline;
}

function paged(
  timeline: Timeline,
  stretch: { from?: number; to?: number; descending?: boolean; size: number },
): string[] {
  const found: string[] = [];
  let after: Position | null = null;
  do {
    const page: { ids: string[]; next: Position | null } = timeline.page({ ...stretch, after });
    found.push(...page.ids);
    after = page.next;
  } while (after !== null);
  return found;
}

test('G6: pages of any size hold everything once and in order, in both directions and in any stretch', () => {
  const bound = fc.option(fc.integer({ min: -1, max: 9 }), { nil: undefined });
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      bound,
      bound,
      (all, size, descending, from, to) => {
        const stretch = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
        const expected = model(all)
          .filter(({ at }) => (from === undefined || at >= from) && (to === undefined || at < to))
          .map(({ id }) => id);
        expect(paged(build(all), { ...stretch, size, descending })).toEqual(descending ? expected.reverse() : expected);
      },
    ),
  );
});

test('G6: whoever is set anew while somebody pages forward is met at the new place, and nobody is missed', () => {
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.nat({ max: 40 }), { maxLength: 20 }),
      (all, size, touched) => {
        const timeline = build(all);
        const everybody = new Set(timeline.keys());
        const seen = new Set<string>();
        const waiting = touched.map(String).filter((id) => timeline.has(id));
        let after: Position | null = null;
        do {
          const page: { ids: string[]; next: Position | null } = timeline.page({ size, after });
          for (const id of page.ids) seen.add(id);
          after = page.next;
          const id = waiting.shift();
          // Later than everything, as a change is.
          if (id !== undefined) timeline.set(id, 100);
        } while (after !== null);
        expect(seen).toEqual(everybody);
      },
    ),
  );
});

test('old places do not pile up', () => {
  const timeline = new Timeline();
  for (let n = 0; n < 50_000; n += 1) timeline.set(String(n % 10), n);
  const started = performance.now();
  for (let n = 0; n < 100; n += 1) expect(timeline.page({ size: 100 }).ids).toHaveLength(10);
  expect(performance.now() - started).toBeLessThan(500);
  expect([...timeline]).toHaveLength(10);
});

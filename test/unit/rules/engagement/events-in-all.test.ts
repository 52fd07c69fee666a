import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { metricNames, kindOfMetric, type ActivityKind } from '../../../../server/rules/engagement/activity-kind.js';
import { eventsInAll } from '../../../../server/rules/engagement/events-in-all.js';

const kinds = metricNames.map((name) => kindOfMetric(name, 'Klaviyo') as ActivityKind);
const after = (index: number, within = 0): { kind: ActivityKind; share: number }[] =>
  kinds.map((kind, n) => ({ kind, share: n < index ? 1 : n === index ? within : 0 }));

test('E7: once the receipts are read most of it is, however many metrics are to come', () => {
  // 100,000 receipts of a usual account bring 74,000 other events: the estimate is of that size, not eleven times the receipts.
  const total = eventsInAll(100_000, after(1)) ?? NaN;
  expect(total).toBeGreaterThan(140_000);
  expect(total).toBeLessThan(220_000);
});

test('E7: nothing is told of nothing, all of everything, and never less than is done', () => {
  expect(eventsInAll(0, after(0))).toBeNull();
  expect(eventsInAll(0, after(kinds.length))).toBe(0);
  expect(eventsInAll(7, [])).toBe(7);
  fc.assert(
    fc.property(
      fc.nat({ max: 1e9 }),
      fc.nat({ max: kinds.length }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (done, index, within) => {
        const total = eventsInAll(done, after(index, within));
        expect(total === null || total >= done).toBe(true);
        if (index === kinds.length) expect(total).toBe(done);
      },
    ),
  );
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ActivityKind } from '../../../../server/rules/engagement/activity-kind.js';
import { nextPage, type WaitingPage } from '../../../../server/rules/engagement/next-page.js';

const page = (kind: ActivityKind, startMs: number, endMs: number): WaitingPage => ({
  metricId: kind,
  kind,
  startMs,
  endMs,
});

test.each<[string, WaitingPage[], ActivityKind | undefined]>([
  ['the one that ends first', [page('opened', 0, 9), page('clicked', 0, 5)], 'clicked'],
  ['receipts that may be from before its last event', [page('opened', 0, 9), page('received', 8, 20)], 'received'],
  ['receipts of the same moment', [page('opened', 0, 9), page('received', 9, 20)], 'received'],
  ['what ended before the next receipt', [page('received', 10, 20), page('opened', 0, 9)], 'opened'],
  ['one without events, which is all there is of it', [page('opened', 0, 9), page('spam', 0, -Infinity)], 'spam'],
  ['none, where none waits', [], undefined],
])('E7: of the past goes first %s', (_what, pages, kind) => {
  expect(nextPage(pages)?.kind).toBe(kind);
});

test('E7: whatever happened when, every receipt goes before all that happened at its time or later, and all pages go', () => {
  const times = fc.array(fc.nat(60), { maxLength: 40 }).map((all) => all.toSorted((a, b) => a - b));
  const size = fc.integer({ min: 1, max: 7 });
  fc.assert(
    fc.property(fc.record({ received: times, opened: times, clicked: times, spam: times }), size, (metrics, most) => {
      const left = new Map(Object.entries(metrics).map(([kind, all]) => [kind, { all, startMs: 0 }]));
      const gone: { kind: string; at: number }[] = [];
      let pages = 0;
      while (left.size > 0) {
        const waiting = [...left].map(([kind, { all, startMs }]) => {
          const events = all.slice(0, most);
          return { ...page(kind as ActivityKind, startMs, events.at(-1) ?? -Infinity), events };
        });
        const next = nextPage(waiting)!;
        const receiptsLeft = left.get('received')?.all ?? [];
        // What goes leaves no receipt behind that may be of its time or of before.
        if (next.kind !== 'received') expect(receiptsLeft.filter((at) => at <= next.endMs)).toEqual([]);
        const rest = left.get(next.kind)!.all.slice(most);
        if (rest.length > 0) left.set(next.kind, { all: rest, startMs: Math.max(next.startMs, next.endMs) });
        else left.delete(next.kind);
        gone.push(...next.events.map((at) => ({ kind: next.kind, at })));
        pages += 1;
      }
      expect(pages).toBe(
        Object.values(metrics).reduce((sum, all) => sum + Math.max(1, Math.ceil(all.length / most)), 0),
      );
      for (const [kind, all] of Object.entries(metrics))
        expect(gone.filter((one) => one.kind === kind).map(({ at }) => at)).toEqual(all);
    }),
    { numRuns: 1000 },
  );
});

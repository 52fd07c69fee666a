import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { againDue, spans } from '../../../../server/rules/engagement/read-again.js';

const hour = 3_600_000;
const minute = 60_000;

/** When each reading of the past took place and what it covered, looked for every quarter of an hour from 0 on. */
function readings(phaseMs: number, untilMs: number): { atMs: number; sinceMs: number; untilMs: number }[] {
  const done: { atMs: number; sinceMs: number; untilMs: number }[] = [];
  const last = { dayMs: 0, weekMs: 0 };
  for (let atMs = phaseMs; atMs < untilMs; atMs += 15 * minute) {
    const again = againDue(last, atMs, atMs - minute);
    if (again === null) continue;
    done.push({ atMs, sinceMs: again.sinceMs, untilMs: again.untilMs });
    last.dayMs = again.untilMs;
    if (again.span === 'week') last.weekMs = again.untilMs;
  }
  return done;
}

test('E9: whenever it happens, an event listed up to seven days late is read within another week', () => {
  const lateness = fc.oneof(fc.integer({ min: 0, max: spans.week }), fc.constant(6 * 24 * hour));
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 21 * 24 * hour }),
      lateness,
      fc.integer({ min: 0, max: 14 * minute }),
      (happenedMs, lateMs, phaseMs) => {
        const listedMs = happenedMs + lateMs;
        const found = readings(phaseMs, 60 * 24 * hour).find(
          ({ atMs, sinceMs, untilMs }) => atMs >= listedMs && sinceMs <= happenedMs && happenedMs < untilMs,
        );
        expect(found).toBeDefined();
        // What is up to a day late is found the day after.
        const within = lateMs <= spans.day ? spans.day + hour : spans.week + hour;
        expect((found?.atMs ?? Infinity) - Math.max(listedMs, happenedMs + minute)).toBeLessThanOrEqual(within);
      },
    ),
    { numRuns: 300 },
  );
});

test('E9: a service that was away for weeks goes back to where it stopped', () => {
  const last = { dayMs: 0, weekMs: 0 };
  expect(againDue(last, 30 * 24 * hour, 30 * 24 * hour)).toEqual({
    span: 'week',
    sinceMs: -spans.week,
    untilMs: 30 * 24 * hour,
  });
  expect(againDue(last, 23 * hour, 23 * hour)).toBeNull();
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { actsOf } from '../../../../server/rules/engagement/acts.js';
import type { EmailEvent } from '../../../../server/rules/engagement/email-event.js';
import { selectMessage } from '../../../../server/rules/engagement/select-message.js';
import type { MessageOrigin } from '../../../../server/rules/engagement/sources.js';
import { emailEvent, everything } from './events.js';

const minute = 60_000;
const sources = { ...everything.sources, all: false, campaignIds: ['M'], klaviyoListIds: ['L1'] };
const config = { ...everything, sources, startMs: 10 * minute };
const originOf = ({ facts }: EmailEvent): MessageOrigin => ({
  flowId: null,
  campaignId: facts.messageId,
  groupIds: facts.listId === null ? [] : [facts.listId],
});

/** Leaving events of one person: of emails and lists that are chosen or not, before and after the start. */
const leaving = fc.record({
  kind: fc.constantFrom('unsubscribed' as const, 'unsubscribed' as const, 'preferences' as const),
  at: fc.integer({ min: 0, max: 90 }),
  $message: fc.constantFrom('M', 'N', undefined),
  $list: fc.constantFrom('L1', undefined),
  profileId: fc.constantFrom('P1', 'P2'),
});
const events = fc
  .array(leaving, { minLength: 1, maxLength: 10 })
  .map((all) =>
    all.map(({ kind, at, profileId, ...properties }) => emailEvent(kind, at * minute, { profileId, properties })),
  );

/** Decides some events with all that are known, as the service would; answers all. */
function decide(known: readonly EmailEvent[], due: readonly EmailEvent[]): EmailEvent[] {
  const decided = selectMessage(known, new Set(due.map(({ id }) => id)), originOf, () => config);
  return known.map((one) => {
    const judged = decided.get(one.id) ?? one.judged;
    const goesOut = judged?.decision === 'deliver' && judged.because !== 'on_timeline_already';
    return { ...one, judged, onTimeline: one.onTimeline || goesOut };
  });
}
const shown = (all: readonly EmailEvent[]): string[] =>
  all
    .filter((one) => one.onTimeline)
    .map(({ id }) => id)
    .sort();

test('E11: whatever the order of the events and the batches they are decided in, the same ones are shown', () => {
  const shuffled = events.chain((all) =>
    fc.tuple(
      fc.constant(all),
      fc.shuffledSubarray(all, { minLength: all.length }),
      fc.integer({ min: 1, max: all.length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, ([all, order, size]) => {
      let known = [...order];
      for (let at = 0; at < order.length; at += size) known = decide(known, order.slice(at, at + size));
      expect(shown(known)).toEqual(shown(decide(all, all)));
    }),
    { numRuns: 500 },
  );
});

test('E9, E11: what comes late to an act that is on the timeline is never shown beside it', () => {
  fc.assert(
    fc.property(events, (all) => {
      let known: EmailEvent[] = [];
      for (const event of all) {
        const before = known.filter((one) => one.onTimeline);
        known = decide([...known, event], [event]);
        const acts = actsOf(known);
        for (const one of known.filter(({ id, onTimeline }) => onTimeline && !before.some((old) => old.id === id)))
          expect(before.filter(({ id }) => acts.get(id) === acts.get(one.id))).toEqual([]);
      }
    }),
    { numRuns: 500 },
  );
});

test('E11: parts that follow each other within ten minutes are one act, however long it takes', () => {
  const chain = [20, 28, 36, 44].map((at) => emailEvent('unsubscribed', at * minute, { properties: { $list: 'L1' } }));
  expect(new Set(actsOf([...chain].reverse()).values()).size).toBe(1);
  expect(shown(decide(chain, chain))).toHaveLength(1);
  const apart = [...chain, emailEvent('unsubscribed', 55 * minute)];
  expect(new Set(actsOf(apart).values()).size).toBe(2);
});

test('E9, E11: what a replay repeats is none itself when it is decided once more', () => {
  const replayed = ['P1', 'P2'].map((profileId) => emailEvent('unsubscribed', 20 * minute, { profileId }));
  const twice = decide(decide(replayed, replayed), replayed);
  expect(twice.map(({ judged }) => judged?.because)).toEqual(['first', 'replay']);
});

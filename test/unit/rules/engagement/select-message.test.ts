import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EmailEvent, Judged } from '../../../../server/rules/engagement/email-event.js';
import type { SelectConfig } from '../../../../server/rules/engagement/select.js';
import { selectMessage } from '../../../../server/rules/engagement/select-message.js';
import type { MessageOrigin } from '../../../../server/rules/engagement/sources.js';
import { anywhere, click, emailEvent, everything } from './events.js';

const second = 1000;
const minute = 60 * second;

/** Decides events that come in one by one, in the order given, as the service would; answers them decided. */
function arrive(
  events: readonly EmailEvent[],
  config: SelectConfig = everything,
  originOf: (event: EmailEvent) => MessageOrigin = anywhere,
): EmailEvent[] {
  let known: EmailEvent[] = [];
  for (const event of events) {
    known = [...known, event];
    const decided = selectMessage(known, new Set([event.id]), originOf, () => config);
    known = known.map((one) => {
      const judged = decided.get(one.id) ?? one.judged;
      const goesOut = judged?.decision === 'deliver' && judged.because !== 'on_timeline_already';
      return { ...one, judged, onTimeline: one.onTimeline || goesOut };
    });
  }
  return known;
}

const words = (events: readonly EmailEvent[]): string[] =>
  events.map(({ judged }) => `${judged?.decision ?? ''} ${judged?.because ?? ''}`);
const shown = (events: readonly EmailEvent[]): string[] => events.filter((one) => one.onTimeline).map(({ id }) => id);
const judgedOf = (events: readonly EmailEvent[], id: string): Judged | null | undefined =>
  events.find((event) => event.id === id)?.judged;

describe('clicks', () => {
  test('E4: two links clicked three times each are two activities', () => {
    const events = [0, 1, 2].flatMap((n) => [
      click(n * minute, 'https://shop.example.com/a'),
      click(n * minute + 30 * second, 'https://shop.example.com/b'),
    ]);
    expect(shown(arrive(events))).toEqual([events[0]!.id, events[1]!.id]);
  });

  test('E4: a link is the same whatever tells who clicked', () => {
    const events = [
      click(0, 'https://shop.example.com/a/?_kx=abc&utm_source=klaviyo'),
      click(minute, 'https://SHOP.example.com/a#top'),
    ];
    expect(words(arrive(events))).toEqual(['deliver first', 'repeat same_link']);
  });

  test('E3: a click that Klaviyo calls a bot’s is left out, and a person’s later click on that link is not', () => {
    const bot = click(0, 'https://shop.example.com/a', { properties: { 'Bot Click': true } });
    expect(words(arrive([bot, click(minute, 'https://shop.example.com/a')]))).toEqual([
      'left_out klaviyo_bot_click',
      'deliver first',
    ]);
  });

  test('E3: with bots wanted they are activities like others', () => {
    const bot = click(0, 'https://shop.example.com/a', { properties: { 'Bot Click': true } });
    const [only] = arrive([bot], { ...everything, excludeBots: false });
    expect(only?.judged).toEqual({
      verdict: 'klaviyo_bot_click',
      decision: 'deliver',
      because: 'first',
      counted: true,
    });
  });

  test('E13: all links within seconds were followed by a program; what was shown is corrected where it can be', () => {
    const burst = ['a', 'b', 'c'].map((path, n) => click(n * second, `https://shop.example.com/${path}`));
    const person = click(10 * minute, 'https://shop.example.com/a');
    const events = arrive([...burst, person]);
    // The first two were on the timeline before the third told; the person's own click counts and is not shown twice.
    expect(words(events)).toEqual([
      'left_out all_links_at_once',
      'left_out all_links_at_once',
      'left_out all_links_at_once',
      'deliver on_timeline_already',
    ]);
    expect(shown(events)).toEqual([burst[0]!.id, burst[1]!.id]);
    expect(events.filter(({ judged }) => judged?.counted)).toHaveLength(1);
  });

  test('E13: a repeat becomes the first when the first turns out to be a program’s', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((path, n) => click(n * second, `https://shop.example.com/${path}`));
    const own = click(minute, 'https://shop.example.com/a');
    const events = arrive([a!, own, b!, c!]);
    expect(judgedOf(events, own.id)).toEqual({
      verdict: 'human',
      decision: 'deliver',
      because: 'on_timeline_already',
      counted: true,
    });
  });
});

describe('opens', () => {
  test('E4: the first open of an email by default, all of them if wanted', () => {
    const opens = (): EmailEvent[] => [emailEvent('opened', 0), emailEvent('opened', minute)];
    expect(words(arrive(opens()))).toEqual(['deliver first', 'repeat same_message']);
    expect(words(arrive(opens(), { ...everything, everyOpen: true }))).toEqual([
      'deliver every_open',
      'deliver every_open',
    ]);
  });

  test('E4: another email is another first open', () => {
    const other = { properties: { $message: 'N', $internal: { 'Transmission ID': 'T2' } } };
    expect(words(arrive([emailEvent('opened', 0), emailEvent('opened', minute, other)]))).toEqual([
      'deliver first',
      'deliver first',
    ]);
  });

  test('E3: an open by a mail program’s proxy is left out', () => {
    const machine = emailEvent('opened', 0, { properties: { machine_open: true } });
    expect(words(arrive([machine, emailEvent('opened', minute)]))).toEqual([
      'left_out klaviyo_machine_open',
      'deliver first',
    ]);
  });

  test('E13: an open before the delivery was none, also when the delivery is listed later', () => {
    const early = emailEvent('opened', 0);
    const events = arrive([early, emailEvent('received', 5 * second)]);
    expect(judgedOf(events, early.id)).toMatchObject({ verdict: 'before_delivery', counted: false });
  });

  test('E4, E9: what comes in late never replaces what is shown', () => {
    const late = emailEvent('opened', 0);
    const events = arrive([emailEvent('opened', minute), late]);
    expect(judgedOf(events, late.id)).toMatchObject({ decision: 'repeat', because: 'same_message' });
  });

  test('E4: first counts from all that is known, before the start too', () => {
    const config = { ...everything, startMs: minute };
    expect(words(arrive([emailEvent('opened', 0), emailEvent('opened', 2 * minute)], config))).toEqual([
      'not_chosen before_start',
      'repeat same_message',
    ]);
  });
});

describe('leaving', () => {
  const act = (at: number): EmailEvent[] => [
    emailEvent('preferences', at + 2 * second, { properties: { $message: undefined, $internal: undefined } }),
    emailEvent('unsubscribed', at + second, { properties: { $message: undefined, $list: 'L1', $internal: undefined } }),
    emailEvent('unsubscribed', at + second),
    emailEvent('unsubscribed', at),
  ];

  test('E11: one act of unsubscribing is one activity, whichever of its events comes first', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 2 }), (order) => {
        const events = act(0);
        const decided = arrive(order.map((index) => events[index]!));
        const left = order.some((index) => index > 0);
        expect(shown(decided)).toHaveLength(left ? 1 : 0);
      }),
    );
  });

  test('E11: decided together, the event that knows its email stands for the act', () => {
    const events = act(0);
    const decided = selectMessage(events, new Set(events.map(({ id }) => id)), anywhere, () => everything);
    expect(events.map(({ id }) => decided.get(id)?.decision)).toEqual(['repeat', 'repeat', 'repeat', 'deliver']);
  });

  test('E1, E11: the part of an act that no source chose does not stand for the part that one chose', () => {
    const sources = { ...everything.sources, all: false, campaignIds: ['M'] };
    const originOf = ({ facts }: EmailEvent): MessageOrigin => ({
      flowId: null,
      campaignId: facts.messageId,
      groupIds: facts.listId === null ? [] : [facts.listId],
    });
    for (const order of [
      [2, 1],
      [1, 2],
    ]) {
      const decided = arrive(
        order.map((index) => act(0)[index]!),
        { ...everything, sources },
        originOf,
      );
      expect(words(decided).sort()).toEqual(['deliver first', 'not_chosen source']);
    }
  });

  test('E1, E11: of an act whose parts have other origins each is decided by what chose its own', () => {
    const [, list, , link] = act(0);
    const nobody = { ...everything, sources: { ...everything.sources, all: false } };
    const decided = selectMessage([link!, list!], new Set([link!.id, list!.id]), anywhere, ({ facts }) =>
      facts.listId === null ? everything : nobody,
    );
    expect([list!, link!].map(({ id }) => decided.get(id)?.because)).toEqual(['source', 'first']);
  });

  test('E11: leaving again hours later is another act; changing preferences alone is none', () => {
    const again = emailEvent('unsubscribed', 3 * 60 * minute);
    expect(words(arrive([emailEvent('unsubscribed', 0), again]))).toEqual(['deliver first', 'deliver first']);
    expect(words(arrive([emailEvent('preferences', 0)]))).toEqual(['not_chosen preferences_only']);
  });
});

describe('what is chosen', () => {
  const ofFlow = (): MessageOrigin => ({ flowId: 'F1', campaignId: null, groupIds: ['L1'] });
  const none = { all: false, klaviyoListIds: [], klaviyoSegmentIds: [], flowIds: [], campaignIds: [] };
  test.each([
    [{ ...none, flowIds: ['F1'] }, 'deliver first'],
    [{ ...none, klaviyoListIds: ['L1'] }, 'deliver first'],
    [{ ...none, klaviyoSegmentIds: ['L1'] }, 'deliver first'],
    [{ ...none, campaignIds: ['F1'] }, 'not_chosen source'],
    [{ ...none, klaviyoListIds: ['L2'] }, 'not_chosen source'],
  ])('E1: %j → %s', (sources, expected) => {
    expect(words(arrive([emailEvent('opened', 0)], { ...everything, sources }, ofFlow))).toEqual([expected]);
  });

  test('E1: an open that no source chose is chosen when its receipt comes in and names whom the email went to', () => {
    const config = { ...everything, sources: { ...everything.sources, all: false, klaviyoListIds: ['L1'] } };
    let targeted: string[] = [];
    const originOf = (): MessageOrigin => ({ flowId: null, campaignId: null, groupIds: targeted });
    const opened = emailEvent('opened', minute);
    const [alone] = arrive([opened], config, originOf);
    expect(words([alone!])).toEqual(['not_chosen source']);
    targeted = ['L1'];
    const received = emailEvent('received', 0);
    const decided = selectMessage([alone!, received], new Set([received.id]), originOf, () => config);
    expect(decided.get(opened.id)).toMatchObject({ decision: 'deliver', because: 'first' });
  });

  test('E2: what is switched off is not shown and still counts', () => {
    const activities = { ...everything.activities, delivered: false };
    const [event] = arrive([emailEvent('received', 0)], { ...everything, activities });
    expect(event?.judged).toMatchObject({ decision: 'not_chosen', because: 'activity_off', counted: true });
  });
});

test('E9: a merge that replays events under another profile adds nothing', () => {
  const key = { $event_id: 'M:P1:1' };
  const first = click(0, 'https://shop.example.com/a', { properties: key });
  const replay = click(9 * minute, 'https://shop.example.com/a', { profileId: 'P2', properties: key });
  expect(words(arrive([first, replay], { ...everything, everyOpen: true }))[1]).toBe('repeat replay');
  const open = emailEvent('opened', 0, { properties: key });
  const openAgain = emailEvent('opened', 0, { profileId: 'P2', properties: key });
  expect(words(arrive([open, openAgain], { ...everything, everyOpen: true }))[1]).toBe('repeat replay');
  // The first one was moved to the surviving profile before its copy came.
  const [moved, copy] = [1, 2].map(() =>
    emailEvent('opened', 0, { profileId: 'P2', properties: { $event_id: 'M:o:1' } }),
  );
  expect(words(arrive([moved!, copy!], { ...everything, everyOpen: true }))[1]).toBe('repeat replay');
});

test('E9: whatever the order in which events come in, each link is on the timeline once at most and counted once', () => {
  const event = fc.record({
    link: fc.constantFrom('a', 'b', 'c', 'd'),
    at: fc.integer({ min: 0, max: 40 }),
    bot: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (given) => {
      const events = given.map(({ link, at, bot }) =>
        click(at * second, `https://shop.example.com/${link}`, { properties: { 'Bot Click': bot } }),
      );
      const decided = arrive(events);
      for (const link of ['a', 'b', 'c', 'd']) {
        const ofLink = decided.filter(({ urlKey }) => urlKey.endsWith(`/${link}`));
        expect(ofLink.filter((one) => one.onTimeline).length).toBeLessThanOrEqual(1);
        const human = ofLink.some(({ judged }) => judged?.verdict === 'human');
        expect(ofLink.filter(({ judged }) => judged?.counted)).toHaveLength(human ? 1 : 0);
      }
    }),
  );
});

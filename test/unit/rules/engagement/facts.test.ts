import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { kindOfMetric, timelineName } from '../../../../server/rules/engagement/activity-kind.js';
import { chooseDeals } from '../../../../server/rules/engagement/choose-deals.js';
import { defaultEngagement, startOf } from '../../../../server/rules/engagement/engagement-config.js';
import { factsOf, messageKeyOf } from '../../../../server/rules/engagement/event-facts.js';
import { normalUrl, shownUrl } from '../../../../server/rules/engagement/normal-url.js';

describe('metrics', () => {
  test.each([
    ['Received Email', 'received'],
    ['Opened Email', 'opened'],
    ['Clicked Email', 'clicked'],
    ['Bounced Email', 'bounced'],
    ['Marked Email as Spam', 'spam'],
    ['Unsubscribed from List', 'unsubscribed'],
    ['Dropped Email', null],
    ['toString', null],
  ])('E2: %s is %s', (name, kind) => expect(kindOfMetric(name, 'Klaviyo')).toBe(kind));
  test('E2: a metric of another integration with the same name is none', () =>
    expect(kindOfMetric('Opened Email', 'API')).toBeNull());
  test('E2: a receipt is named delivered, or sent when only that is on', () => {
    const off = { ...defaultEngagement.activities, sent: false, delivered: false };
    expect(timelineName('received', off)).toBeNull();
    expect(timelineName('received', { ...off, sent: true })).toBe('sent');
    expect(timelineName('received', { ...off, sent: true, delivered: true })).toBe('delivered');
  });
});

describe('links', () => {
  test.each([
    ['https://Shop.example.com/a/', 'https://shop.example.com/a'],
    ['https://shop.example.com:443/a#reviews', 'https://shop.example.com/a'],
    ['https://shop.example.com/a?b=2&a=1&_kx=x.y', 'https://shop.example.com/a?a=1&b=2'],
    ['https://shop.example.com/?utm_medium=email&utm_source=k', 'https://shop.example.com'],
    ['mailto:shop@example.com', 'mailto:shop@example.com'],
    ['', ''],
  ])('E4: %s is compared as %s', (url, expected) => expect(normalUrl(url)).toBe(expected));
  test('E4: a path keeps its letter case, and other parameters tell links apart', () => {
    expect(normalUrl('https://a.example/A')).not.toBe(normalUrl('https://a.example/a'));
    expect(normalUrl('https://a.example/?id=1')).not.toBe(normalUrl('https://a.example/?id=2'));
  });
  test.each([
    ['https://a.example/?_kx=x.y', 'https://a.example/'],
    ['https://a.example/p?a=1&_kx=x.y&b=2#top', 'https://a.example/p?a=1&b=2#top'],
    ['https://a.example/p?nb_klid=1&_ke=2#top', 'https://a.example/p#top'],
    ['https://a.example/p?utm_source=k&a_kx=1', 'https://a.example/p?utm_source=k&a_kx=1'],
    ['mailto:a@a.example?_kx=1', 'mailto:a@a.example?_kx=1'],
  ])('E2: whoever follows %s from HubSpot is not taken for the contact', (url, expected) =>
    expect(shownUrl(url)).toBe(expected),
  );
  test('E4: normal spelling is stable', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        expect(normalUrl(normalUrl(url))).toBe(normalUrl(url));
      }),
    );
  });
});

test('E2: whatever stands in an event’s properties, it is read', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.anything()), (properties) => {
      expect(messageKeyOf(factsOf(properties), null)).toMatch(/:/);
    }),
  );
});

test('G4: what is kept of a long text ends with a whole character', () => {
  for (const length of [1998, 1999, 2000]) {
    const { subject } = factsOf({ Subject: `${'x'.repeat(length)}👍👍` });
    expect(subject).toMatch(/^x+(👍)?$/u);
    expect(subject?.length).toBeGreaterThan(1998 - 1);
  }
});

test('E7: from activation, 30 days earlier, or any date', () => {
  const activated = Date.parse('2026-11-01T00:00:00Z');
  expect(startOf('activation', activated)).toBe(activated);
  expect(new Date(startOf('last_30_days', activated)).toISOString()).toBe('2026-10-02T00:00:00.000Z');
  expect(startOf('2026-01-31T00:00:00Z', activated)).toBe(Date.parse('2026-01-31T00:00:00Z'));
});

describe('deals', () => {
  const deal = (id: string, createdAt: string, more = {}) => ({
    id,
    createdAt,
    closed: false,
    pipeline: 'default',
    ...more,
  });
  const deals = [
    deal('9', '2026-03-01T00:00:00Z'),
    deal('10', '2026-03-01T00:00:00Z'),
    deal('3', '2026-01-01T00:00:00Z', { closed: true }),
    deal('7', '2026-05-01T00:00:00Z', { pipeline: 'renewals' }),
  ];
  test.each([
    ['oldest_open', [], ['9']],
    ['newest_open', [], ['7']],
    ['all_open', [], ['9', '10', '7']],
    ['none', [], []],
    ['oldest_open', ['renewals'], ['7']],
    ['newest_open', ['default'], ['9']],
  ] as const)('E5, E12: %s of %j', (choice, pipelines, ids) =>
    expect(chooseDeals(deals, choice, pipelines).map(({ id }) => id)).toEqual(ids),
  );
});

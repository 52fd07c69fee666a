import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { appEventId, appEventOf } from '../../../server/engagement/app-event-of.js';
import type { DueAppEvent } from '../../../server/store/app-events-due.js';

const due = (more: Partial<DueAppEvent['facts']> = {}, rest: Partial<DueAppEvent> = {}): DueAppEvent => ({
  rowId: '1',
  portalId: '7',
  object: 'contact',
  objectId: '101',
  name: 'clicked',
  historical: false,
  eventId: 'E1',
  profileId: 'P1',
  happenedMs: Date.parse('2026-11-20T10:00:00Z'),
  atMs: Date.parse('2026-11-20T10:00:00Z'),
  verdict: 'human',
  facts: {
    messageId: 'M1',
    flowId: null,
    transmission: null,
    eventKey: null,
    recipient: 'ada@example.com',
    subject: 'Warm socks',
    name: 'Autumn sale',
    url: 'https://shop.example/socks',
    groupIds: [],
    machineOpen: false,
    botClick: false,
    client: null,
    hardBounce: false,
    listId: null,
    listName: null,
    ...more,
  },
  email: 'ada@example.com',
  attempts: 0,
  ...rest,
});
const linkOf = (url: string | null): string | undefined =>
  appEventOf(due({ url }), undefined, 'https://www.klaviyo.com').properties['link'];

test.each([
  ['https://shop.example/socks?size=42#top', 'https://shop.example/socks?size=42#top'],
  ['http://shop.example', 'http://shop.example/'],
  ['https://shop.example/a (new)[1]', 'https://shop.example/a%20%28new%29%5B1%5D'],
  ['https://shop.example/*new*', 'https://shop.example/%2Anew%2A'],
  ['https://shop.example/socks?_kx=who&size=42', 'https://shop.example/socks?size=42'],
  ['javascript:alert(1)', undefined],
  ['data:text/html,hello', undefined],
  ['mailto:ada@example.com', undefined],
  ['not an address', undefined],
  ['', undefined],
  [null, undefined],
])('G3, E2: the link of a click leads to a page or is not there: %s', (url, link) => expect(linkOf(url)).toBe(link));

test('G3: no address breaks out of the link of the timeline’s Markdown', () => {
  fc.assert(
    fc.property(fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string()), (url) => {
      const link = linkOf(url);
      expect(link === undefined || /^https?:\/\/[^\s()[\]<>*]*$/.test(link)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('E2: an event names the message, subject and campaign; what says nothing is left out', () => {
  const message = {
    messageId: 'M1',
    campaignId: 'C1',
    flowId: null,
    name: 'Autumn sale',
    subject: 'Socks',
    groupIds: [],
  };
  const { type, properties } = appEventOf(
    due({}, { name: 'opened', object: 'deal' }),
    message,
    'https://www.klaviyo.com',
  );
  expect(type).toBe('email_opened-deal');
  expect(properties).toMatchObject({
    message: 'Autumn sale',
    subject: 'Warm socks',
    campaign_url: expect.stringContaining('C1'),
  });
  expect(Object.keys(properties)).toEqual(['message', 'subject', 'campaign_url', 'email']);
});

test('E9, E12: a contact gets an activity once; deals may be several', () => {
  expect(appEventId(due())).toBe('klaviyo-7-E1-contact');
  expect(appEventId(due({}, { objectId: '102' }))).toBe('klaviyo-7-E1-contact');
  // Two portals over one Klaviyo account: whether HubSpot takes an id once a portal or once an app is not documented.
  expect(appEventId(due({}, { portalId: '8' }))).not.toBe(appEventId(due()));
  expect(appEventId(due({}, { object: 'deal', objectId: '7' }))).toBe('klaviyo-7-E1-deal-7');
});

test('E11: an unsubscribing has one id, whichever of its events stands for it, and the next one another', () => {
  const happenedMs = Date.parse('2026-11-20T10:00:00Z');
  const left = (eventId: string, afterMs: number, profileId: string | null = 'P1'): string =>
    appEventId(due({}, { name: 'unsubscribed', eventId, happenedMs: happenedMs + afterMs, profileId }));
  expect(left('E2', 3000)).toBe(left('E1', 0));
  fc.assert(
    fc.property(fc.integer({ min: 600_001, max: 86_400_000 }), fc.integer({ min: 0, max: 86_400_000 }), (gap, at) => {
      expect(left('E1', at)).not.toBe(left('E1', at + gap));
    }),
  );
  expect(left('E1', 0, 'P2')).not.toBe(left('E1', 0));
  expect(left('E1', 0, null)).toBe('klaviyo-7-E1-contact');
});

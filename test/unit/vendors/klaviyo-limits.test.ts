import { expect, test } from '@jest/globals';
import { hubspotWindows } from '../../../server/vendors/hubspot/session.js';
import { endpointOf, klaviyoWindows, type Tier } from '../../../server/vendors/klaviyo/limits.js';

/** Klaviyo's published tiers: calls in a second, calls in a minute. */
const published: Record<Tier, [number, number]> = {
  XS: [1, 15],
  S: [3, 60],
  M: [10, 150],
  L: [75, 750],
  XL: [350, 3500],
};

/** The most that a full bucket can grant within a window. */
const most = ({ cap, perSecond }: { cap: number; perSecond: number }, seconds: number): number =>
  Math.floor(cap + perSecond * seconds);

test.each(Object.entries(published))('G2: the windows of tier %s keep within %p', (tier, [second, minute]) => {
  const [burst, steady] = klaviyoWindows('TANDM1', 'profiles.list', tier as Tier);
  expect(most(burst ?? { cap: 1e9, perSecond: 0 }, 1)).toBeLessThanOrEqual(second);
  expect(most(steady ?? { cap: 1e9, perSecond: 0 }, 60)).toBeLessThanOrEqual(minute);
});

test('G2: HubSpot’s windows keep within 110 in ten seconds and 5 searches a second', () => {
  expect(most(hubspotWindows.general('1'), 10)).toBeLessThanOrEqual(110);
  expect(most(hubspotWindows.search('1'), 1)).toBeLessThanOrEqual(5);
});

test.each([
  ['GET', '/api/profiles', 'profiles.list', 'L'],
  ['get', '/api/profiles/01ABC', 'profiles.get', 'L'],
  ['GET', '/api/profiles/01ABC/lists', 'other', 'XS'],
  ['PATCH', '/api/profiles/01ABC', 'profiles.update', 'L'],
  ['POST', '/api/profile-import', 'profiles.upsert', 'L'],
  ['POST', '/api/profile-bulk-import-jobs', 'imports.create', 'M'],
  ['GET', '/api/profile-bulk-import-jobs/abc', 'imports.get', 'M'],
  ['GET', '/api/profile-bulk-import-jobs/abc/import-errors', 'imports.errors', 'M'],
  ['GET', '/api/segments/x/profiles', 'segments.profiles', 'L'],
  ['GET', '/api/lists/x/relationships/profiles', 'lists.profileIds', 'L'],
  ['POST', '/api/lists/x/relationships/profiles', 'lists.add', 'M'],
  ['DELETE', '/api/lists/x/relationships/profiles', 'lists.remove', 'M'],
  ['GET', '/api/accounts', 'accounts.list', 'XS'],
  ['POST', '/api/coupons', 'other', 'XS'],
])('G2: %s %s is %s of tier %s; the unknown counts as the smallest', (method, path, operation, tier) => {
  expect(endpointOf(method, path)).toEqual({ operation, tier });
});

test('G2: accounts and endpoints have windows of their own', () => {
  const keys = [
    ...klaviyoWindows('A', 'lists.add', 'M'),
    ...klaviyoWindows('B', 'lists.add', 'M'),
    ...klaviyoWindows('A', 'lists.get', 'L'),
  ].map((window) => window.key);
  expect(new Set(keys).size).toBe(6);
});

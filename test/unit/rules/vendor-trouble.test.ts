import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { conditionOf, vendorBanner, type VendorTrouble } from '../../../server/rules/vendor-trouble.js';

const trouble = (more: Partial<VendorTrouble>): VendorTrouble => ({
  vendor: 'hubspot',
  company: '',
  account: '',
  kind: 'down',
  sinceSeconds: 120,
  seenSeconds: 5,
  ...more,
});

test('G3: no answer and 5xx are the vendor’s fault, 429 its limits, anything else is an answer', () => {
  expect((['none', 500, 503, 429, 200, 404, 401] as const).map(conditionOf)).toEqual([
    'down',
    'down',
    'down',
    'limited',
    'well',
    'well',
    'well',
  ]);
});

test('G3: people are told what ails whom for how long, that nothing is lost, and where to look', () => {
  expect(vendorBanner(trouble({}))).toEqual({
    severity: 'warning',
    message:
      'HubSpot has not answered for 2 minutes. Nothing is lost: what changes meanwhile is synced once it is back.',
    fix: expect.stringContaining('nothing to do'),
    link: 'https://status.hubspot.com',
  });
  const limited = trouble({ vendor: 'klaviyo', company: 'Books', kind: 'limited', sinceSeconds: 60 * 60 * 5 });
  expect(vendorBanner(limited)).toMatchObject({
    severity: 'info',
    message: expect.stringMatching(
      /^Klaviyo \(Books\) has been asking us to slow down for 5 hours: .*limits are used up/,
    ),
    link: null,
  });
});

test('G3: nobody is told of what heals within a minute, or has healed; and nothing of it is red', () => {
  fc.assert(
    fc.property(
      fc.record({
        vendor: fc.constantFrom('hubspot' as const, 'klaviyo' as const),
        company: fc.string(),
        account: fc.string(),
        kind: fc.constantFrom('down' as const, 'limited' as const),
        sinceSeconds: fc.integer({ min: 0, max: 100_000 }),
        seenSeconds: fc.integer({ min: 0, max: 1000 }),
      }),
      (one) => {
        const banner = vendorBanner(one);
        expect(banner === null).toBe(one.sinceSeconds < 60 || one.seenSeconds > 300);
        expect(banner?.severity).not.toBe('danger');
      },
    ),
  );
});

import { expect, test } from '@jest/globals';
import { playCampaign } from '../faults/play-campaign.js';

// The short form of `npm run test:faults`, which plays for minutes and with what takes half a minute each.
test('G1: three processes, failing vendors, kills and a database that goes away: all is right in the end', async () => {
  const { violations, struck, done } = await playCampaign({
    seed: 12,
    shape: 'three',
    forMs: 2500,
    calmMs: 40_000,
    slowThings: false,
  });
  expect(violations).toEqual([]);
  // It was no quiet day, however little a busy machine gets done in it.
  expect(Object.values(struck).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(1);
  expect(done['edit']).toBeGreaterThan(1);
}, 300_000);

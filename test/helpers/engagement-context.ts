import { runSizes } from '../../server/contacts/run-sizes.js';
import { SweptProfiles } from '../../server/contacts/swept-profiles.js';
import { randomBytes } from 'node:crypto';
import pino from 'pino';
import type { EngagementContext } from '../../server/engagement/engagement-context.js';
import { createSealer } from '../../server/oauth/seal.js';
import type { Database } from '../../server/store/database.js';

const noVendor = (): never => {
  throw new Error('What is looked at here needs no vendor.');
};
const nothing = (): Promise<void> => Promise.resolve();

/** Steps of the engagement path without the service around them: a real database, no vendor, no queue. */
export const engagementContext = (db: Database): EngagementContext => ({
  db,
  log: pino({ enabled: false }),
  clock: () => new Date(),
  owner: 'test',
  sealer: createSealer([{ id: 't', key: randomBytes(32) }]),
  pollSeconds: 1,
  runSizes: runSizes(2000),
  hubspot: noVendor,
  klaviyo: noVendor,
  swept: new SweptProfiles(),
  catalogue: noVendor,
  publicUrl: 'https://tandem.example',
  klaviyoAppUrl: 'https://www.klaviyo.com',
  activityMonths: 24,
  turns: new Map(),
  wakeDrain: nothing,
  wakeCollect: nothing,
  wakeEngage: nothing,
});

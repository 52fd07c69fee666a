import { expect, test } from '@jest/globals';
import { configFor, connectionFor } from '../../../../server/rules/engagement/config-for.js';
import { defaultEngagement, type EngagementConnection } from '../../../../server/rules/engagement/engagement-config.js';

const connection = (id: string, more: Partial<EngagementConnection> = {}): EngagementConnection => ({
  ...defaultEngagement,
  id,
  portalId: '7',
  klaviyoAccountId: 'k',
  configVersion: 1,
  activatedMs: 0,
  startMs: 1000,
  ...more,
});
const off = {
  sent: false,
  delivered: false,
  opened: false,
  clicked: false,
  bounced: false,
  unsubscribed: false,
  spam: false,
};
const ofFlow = { flowId: 'F1', campaignId: null, groupIds: [] };
const none = { all: false, klaviyoListIds: [], klaviyoSegmentIds: [], flowIds: [], campaignIds: [] };

test('E1, E2: connections over one pair of accounts share timelines: what any of them wants is shown', () => {
  const connections = [
    connection('opens', { activities: { ...off, opened: true }, startMs: 5000 }),
    connection('clicks', { activities: { ...off, clicked: true } }),
    connection('other flow', { sources: { ...none, flowIds: ['F2'] }, activities: { ...off, spam: true } }),
  ];
  expect(configFor(connections, ofFlow)).toMatchObject({
    activities: { opened: true, clicked: true, spam: false },
    startMs: 1000,
  });
  expect(connectionFor(connections, ofFlow, 'clicked')?.id).toBe('clicks');
  expect(connectionFor(connections, ofFlow, 'spam')?.id).toBe('opens');
});

test('E1: an email that no connection chooses is told as such, of the oldest', () => {
  const connections = [connection('a', { sources: none }), connection('b', { sources: none })];
  expect(configFor(connections, ofFlow).sources).toEqual(none);
  expect(connectionFor(connections, ofFlow, 'opened')?.id).toBe('a');
});

test('E3: machines are left out only where every connection that chooses the email wants that', () => {
  const wanting = connection('a', { options: { ...defaultEngagement.options, excludeBots: false } });
  expect(configFor([connection('b'), wanting], ofFlow).excludeBots).toBe(false);
});

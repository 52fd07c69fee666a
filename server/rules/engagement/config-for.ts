import { timelineName, type ActivityKind } from './activity-kind.js';
import type { ActivitySwitches, EngagementConnection } from './engagement-config.js';
import type { SelectConfig } from './select.js';
import { sourceChosen, type MessageOrigin } from './sources.js';

const nothing = { all: false, klaviyoListIds: [], klaviyoSegmentIds: [], flowIds: [], campaignIds: [] };

/**
 * Several connections over one pair of accounts share events and timelines: an activity that any of them wants is shown
 * once. Answers what decides for an email of this origin: all connections that choose it, taken together. The order of
 * the connections is their age.
 */
export function configFor(connections: readonly EngagementConnection[], origin: MessageOrigin): SelectConfig {
  const choosing = connections.filter(({ sources }) => sourceChosen(sources, origin));
  const any = (name: keyof ActivitySwitches): boolean => choosing.some(({ activities }) => activities[name]);
  return {
    sources: choosing.length > 0 ? { ...nothing, all: true } : nothing,
    activities: {
      sent: any('sent'),
      delivered: any('delivered'),
      opened: any('opened'),
      clicked: any('clicked'),
      bounced: any('bounced'),
      unsubscribed: any('unsubscribed'),
      spam: any('spam'),
    },
    excludeBots: choosing.every(({ options }) => options.excludeBots),
    everyOpen: choosing.some(({ options }) => options.everyOpen),
    startMs: Math.min(...choosing.map(({ startMs }) => startMs)),
  };
}

/** The connection that an event is counted for and whose options place it: the oldest that wants it, else the oldest. */
export function connectionFor(
  connections: readonly EngagementConnection[],
  origin: MessageOrigin,
  kind: ActivityKind,
): EngagementConnection | undefined {
  const choosing = connections.filter(({ sources }) => sourceChosen(sources, origin));
  return choosing.find(({ activities }) => timelineName(kind, activities) !== null) ?? choosing[0] ?? connections[0];
}

import { seededRandom } from '../core/random.js';
import {
  activityMetrics,
  activityProperties,
  unsubscribeEvents,
  type Activity,
  type ActivityDetails,
} from './email-activity.js';
import type { Send } from './messages.js';
import type { Profile } from './records.js';
import type { Account } from './store.js';

const second = 1000;
const hour = 3_600_000;

/**
 * The email history of people who could be written to: receipts, opens by people and machines, clicks by people and
 * scanners, repeats, bounces, complaints, and unsubscribing with all it leaves behind. About one event in a hundred is
 * listed only `lateMs` after the start, and one is dated in the future, as happens with real ones.
 */
export function seedActivity(account: Account, profiles: readonly Profile[], lateMs: number): void {
  const random = seededRandom(profiles.length + 17);
  const chance = (p: number): boolean => random() < p;
  const listed = account.now();
  const put = (
    profile: Profile,
    metric: string,
    at: number,
    properties: Record<string, unknown>,
    integration?: string,
  ): void => {
    const listedAt = chance(0.01) ? listed + lateMs : listed;
    account.events.record({
      profileId: profile.id,
      metric,
      at,
      properties,
      listedAt,
      ...(integration === undefined ? {} : { integration }),
    });
    profile.lastEventAt = Math.max(profile.lastEventAt ?? 0, at);
  };
  const happens = (profile: Profile, send: Send, activity: Activity, at: number, details?: ActivityDetails): void =>
    put(profile, activityMetrics[activity], at, activityProperties(activity, profile, send, at, details));

  const campaigns = account.campaigns.filter(({ channel, sentAt }) => channel === 'email' && sentAt !== null);
  const ofCampaign = (index: number): Send | undefined => {
    const { id, message } = campaigns[index] ?? {};
    return account.sends.find((send) => send.messageId === id || send.messageId === message?.id);
  };

  const reads = (profile: Profile, send: Send, at: number): void => {
    if (chance(0.25)) happens(profile, send, 'opened', at + 5 * second, { machine: true });
    if (chance(0.08)) {
      // A scanner follows every link within seconds of delivery.
      send.links.forEach((url, index) =>
        happens(profile, send, 'clicked', at + (3 + index) * second, { bot: true, url }),
      );
    }
    if (!chance(0.4)) return;
    const opened = at + Math.floor(random() * 30) * hour + 90 * second;
    const opens = 1 + Math.floor(random() * 3);
    for (let n = 0; n < opens; n += 1) happens(profile, send, 'opened', opened + n * 7 * hour);
    if (!chance(0.35)) return;
    for (const url of send.links.slice(0, 1 + Math.floor(random() * 2))) {
      const clicks = 1 + Math.floor(random() * 3);
      for (let n = 0; n < clicks; n += 1) happens(profile, send, 'clicked', opened + (20 + n * 40) * second, { url });
    }
  };

  let number = 0;
  for (const profile of profiles) {
    number += 1;
    const reasons = profile.suppressions.map(({ reason }) => reason);
    if (profile.consent === 'NEVER_SUBSCRIBED' && reasons.length === 0) continue;
    const leaves = reasons.includes('UNSUBSCRIBE') || reasons.includes('SPAM_COMPLAINT');
    let last: { send: Send; at: number } | null = null;
    // Oldest first; whoever left got nothing after it.
    for (let index = campaigns.length - 1; index >= 0; index -= 1) {
      const send = ofCampaign(index);
      // A campaign goes out in batches: many receipts share a second.
      const at = (campaigns[index]?.sentAt ?? 0) + Math.floor(number / 40) * second;
      if (send === undefined || !chance(0.6) || (leaves && index === 0)) continue;
      if (reasons.includes('HARD_BOUNCE')) {
        happens(profile, send, 'bounced', at, { bounceType: 'Hard' });
        break;
      }
      if (chance(0.02)) {
        happens(profile, send, 'bounced', at, { bounceType: 'Soft' });
        continue;
      }
      happens(profile, send, 'received', at);
      reads(profile, send, at);
      last = { send, at };
    }
    const welcome = account.sends.find(({ flowId }) => flowId !== null);
    if (welcome !== undefined && number % 5 === 0 && reasons.length === 0) {
      const at = listed - (1 + (number % 25)) * 24 * hour;
      happens(profile, welcome, 'received', at);
      reads(profile, welcome, at);
    }
    if (last !== null && reasons.includes('SPAM_COMPLAINT')) happens(profile, last.send, 'spam', last.at + hour);
    if (last !== null && reasons.includes('UNSUBSCRIBE')) {
      const lists = [...account.lists.values()].filter((list) => list.members.has(profile.id));
      for (const event of unsubscribeEvents(profile, last.send, lists, last.at + 2 * hour)) {
        put(profile, event.metric, event.at, event.properties);
      }
    }
    // Metrics of other integrations; one of them has the name of an email metric.
    if (number % 20 === 0)
      put(profile, 'Placed Order', listed - number * hour, { $value: 19.9, Items: ['A book'] }, 'Shopify');
    if (number % 100 === 0) put(profile, 'Opened Email', listed - number * hour, { Subject: 'From elsewhere' }, 'API');
    if (number === 1 && welcome !== undefined) happens(profile, welcome, 'opened', listed + 18 * hour);
  }
}

import type { Metric } from './event-store.js';
import type { Account } from './store.js';

/** Metrics of Klaviyo's own that every account can subscribe to, used or not. */
const own = [
  'Bounced Email',
  'Clicked Email',
  'Clicked Email to Unsubscribe',
  'Dropped Email',
  'Manually Suppressed from Email Marketing',
  'Manually Unsuppressed from Email Marketing',
  'Marked Email as Spam',
  'Merged Profile',
  'Opened Email',
  'Received Email',
  'Skipped Send',
  'Subscribed to Email Marketing',
  'Subscribed to List',
  'Unsubscribed from Email Marketing',
  'Unsubscribed from List',
  'Updated Email Preferences',
];

const slug = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '_');

/** The topic of a metric: `event:klaviyo.opened_email`. */
export const topicOf = ({ name, integration }: Pick<Metric, 'name' | 'integration'>): string =>
  `event:${slug(integration)}.${slug(name)}`;

/** The topics of an account. There is none for created or changed profiles. */
export function topicsOf(account: Account): string[] {
  const all = [...own.map((name) => ({ name, integration: 'Klaviyo' })), ...account.events.metrics.values()];
  return [...new Set(all.map(topicOf))].sort();
}

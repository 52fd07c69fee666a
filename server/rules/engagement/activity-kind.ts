import type { ActivitySwitches } from './engagement-config.js';

/** What an event of Klaviyo's own is to us. `preferences` only ever accompanies an unsubscribe (E11). */
export type ActivityKind = 'received' | 'opened' | 'clicked' | 'bounced' | 'unsubscribed' | 'spam' | 'preferences';

/** What a person calls it. */
export type ActivityName = 'sent' | 'delivered' | 'opened' | 'clicked' | 'bounced' | 'unsubscribed' | 'spam';

/**
 * Klaviyo's metrics by name. "Dropped Email" is none: nothing was sent. The metric of the link in the email has two
 * spellings, because the help centre and the webhook topics disagree.
 */
const metricKinds: Record<string, ActivityKind> = {
  'Received Email': 'received',
  'Opened Email': 'opened',
  'Clicked Email': 'clicked',
  'Bounced Email': 'bounced',
  'Marked Email as Spam': 'spam',
  'Clicked Email to Unsubscribe': 'unsubscribed',
  'Clicked and Unsubscribed from Email': 'unsubscribed',
  Unsubscribed: 'unsubscribed',
  'Unsubscribed from Email Marketing': 'unsubscribed',
  'Unsubscribed from List': 'unsubscribed',
  'Updated Email Preferences': 'preferences',
};

/** Names of the metrics that are read; an account has each of them from its first such event on. */
export const metricNames: readonly string[] = Object.keys(metricKinds);

/** The kind of a metric, or null when it is not about email. Other integrations use the same names: they do not count. */
export function kindOfMetric(name: string, integration: string | null): ActivityKind | null {
  if (integration !== 'Klaviyo' || !Object.hasOwn(metricKinds, name)) return null;
  return metricKinds[name] ?? null;
}

/**
 * The name under which a kind goes on the timeline, or null while its switch is off. "Received Email" is *delivered*;
 * *sent* is the same event for those who want one activity a send: with both on it is one activity, named delivered.
 */
export function timelineName(kind: ActivityKind, switches: ActivitySwitches): ActivityName | null {
  if (kind === 'preferences') return null;
  if (kind === 'received') return switches.delivered ? 'delivered' : switches.sent ? 'sent' : null;
  return switches[kind] ? kind : null;
}

import { createHash } from 'node:crypto';
import type { Send } from './messages.js';
import type { Profile } from './records.js';

/** What can happen to an email, with the metric Klaviyo counts it under. */
export const activityMetrics = {
  received: 'Received Email',
  opened: 'Opened Email',
  clicked: 'Clicked Email',
  bounced: 'Bounced Email',
  dropped: 'Dropped Email',
  spam: 'Marked Email as Spam',
} as const;

export type Activity = keyof typeof activityMetrics;

export interface ActivityDetails {
  /** Apple's privacy proxy opened it, not a person. */
  machine?: boolean;
  /** A scanner clicked, not a person. */
  bot?: boolean;
  url?: string;
  bounceType?: 'Hard' | 'Soft';
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The same for every event of one email to one person: what joins a receipt with its opens and clicks. */
export function transmissionOf(profile: Profile, send: Send): string {
  return digest(`${profile.id} ${send.messageId}`).slice(0, 20);
}

/** The properties of an email event, under the keys that real ones carry. */
export function activityProperties(
  activity: Activity,
  profile: Profile,
  send: Send,
  at: number,
  { machine = false, bot = false, url, bounceType = 'Hard' }: ActivityDetails = {},
): Record<string, unknown> {
  const email = profile.email ?? '';
  const seconds = Math.floor(at / 1000);
  const cohort = `${send.messageId}:${Math.floor(at / 3_600_000)}`;
  const interaction = `${send.messageId}:${profile.id}`;
  const client =
    activity === 'opened' || activity === 'clicked'
      ? {
          'Client Type': machine ? 'app' : 'browser',
          'Client Name': machine ? 'Apple Privacy Proxy' : bot ? 'Safe Links' : 'Chrome',
          'Client Canonical': machine ? 'apple_privacy_proxy' : bot ? 'safe_links' : 'chrome',
          'Client OS': machine ? 'Mac OS X' : 'Windows 10',
          'Client OS Family': machine ? 'Mac OS X' : 'Windows',
          $message_interaction: digest(`${interaction} ${activity}`).slice(0, 12),
        }
      : {};
  return {
    Subject: send.subject,
    $message: send.messageId,
    ...(send.flowId === null ? {} : { $flow: send.flowId }),
    $variation: null,
    'Campaign Name': send.name,
    'Email Domain': email.split('@')[1] ?? '',
    'Inbox Provider': email.includes('mail.') ? 'Gmail' : 'Other',
    'Recipient Email Address': email,
    $originating_email: email,
    $ESP: 0,
    ...client,
    ...(activity === 'received' ? { $group_ids: send.groupIds } : {}),
    ...(activity === 'opened' ? { machine_open: machine } : {}),
    ...(activity === 'clicked' ? { URL: url ?? send.links[0] ?? '', 'Bot Click': bot } : {}),
    ...(activity === 'bounced' ? { 'Bounce Type': bounceType } : {}),
    ...(activity === 'dropped' ? { 'Drop Reason': 'Suppressed' } : {}),
    $event_id: activity === 'received' ? interaction : `${interaction}:${seconds}`,
    $_cohort$message_send_cohort: cohort,
    $_cohort$variation_send_cohort: cohort,
    $internal: { 'Transmission ID': transmissionOf(profile, send), 'Handoff Time': seconds },
  };
}

/**
 * What one act of unsubscribing leaves behind: up to four events within a second or two. Only the click on the link
 * knows the email it came from; the others know the list or nothing.
 */
export function unsubscribeEvents(
  profile: Profile,
  send: Send | null,
  lists: readonly { id: string; name: string }[],
  at: number,
): { metric: string; at: number; properties: Record<string, unknown> }[] {
  const email = profile.email ?? '';
  const [list] = lists;
  const common = { $originating_email: email, 'Recipient Email Address': email };
  const ofEmail =
    send === null
      ? common
      : {
          ...common,
          $message: send.messageId,
          ...(send.flowId === null ? {} : { $flow: send.flowId }),
          'Campaign Name': send.name,
          Subject: send.subject,
          $internal: { 'Transmission ID': transmissionOf(profile, send) },
        };
  return [
    ...(send === null ? [] : [{ metric: 'Clicked Email to Unsubscribe', at, properties: ofEmail }]),
    {
      metric: 'Unsubscribed from Email Marketing',
      at: at + 1000,
      properties: { ...ofEmail, Method: send === null ? 'Manual' : 'Email link' },
    },
    ...(list === undefined
      ? []
      : [
          {
            metric: 'Unsubscribed from List',
            at: at + 1000,
            properties: { ...common, List: list.name, $list: list.id },
          },
        ]),
    ...(send === null
      ? []
      : [{ metric: 'Updated Email Preferences', at: at + 2000, properties: { ...common, Page: 'Unsubscribe' } }]),
  ];
}

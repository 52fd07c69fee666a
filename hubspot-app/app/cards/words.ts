import type { ActivityType, EmailActivity, SyncState, Totals } from './card-types.js';

/** Every text that the cards show of their own. What the service says (reasons, issues, refusals) is shown as it comes. */

const count = (number: number, one: string, many: string): string =>
  `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;

const subscriptions: Record<string, string> = {
  SUBSCRIBED: 'Subscribed',
  UNSUBSCRIBED: 'Unsubscribed',
  NEVER_SUBSCRIBED: 'Never subscribed',
  SUPPRESSED: 'Suppressed (Klaviyo sends no email)',
};

const asking = 'Asking Klaviyo …';

const states: Record<SyncState, string> = {
  in_sync: 'In sync',
  waiting: 'Waiting',
  skipped: 'Not in sync',
  failed: 'Needs attention',
  unlinked: 'Not in Klaviyo',
  not_in_scope: 'Not in scope',
};

const types: Record<ActivityType, string> = {
  sent: 'Sent',
  delivered: 'Received',
  opened: 'Opened',
  clicked: 'Clicked',
  bounced: 'Bounced',
  unsubscribed: 'Unsubscribed',
  spam: 'Marked as spam',
};

const collecting: Record<EmailActivity['state'], string> = {
  on: 'It shows here within minutes after Klaviyo sends one.',
  paused: 'The email activity sync is paused. Somebody who manages the app can resume it in its settings.',
  off: 'Email activity is not synced yet. Somebody who manages the app can set it up in its settings.',
};

export const words = {
  loading: 'Loading',
  retry: 'Try again',
  stale: 'Could not refresh; this is what was known last.',
  states,
  stateTitle: {
    ...states,
    unlinked: 'This contact is not in Klaviyo',
    skipped: 'This contact is not in sync',
    not_in_scope: 'This contact is not synced',
    failed: 'This contact could not be synced',
  },
  /** What to do where the reason of the service says only why. */
  advice: {
    unlinked: 'Sync now looks whether a connection takes it.',
    skipped: 'When the cause is gone, Sync now brings it into sync.',
    not_in_scope: 'It joins by itself once it matches a rule of the connection.',
  },
  syncNow: 'Sync now',
  syncing: 'Syncing',
  syncingLong: 'It waits its turn, and is synced without you.',
  synced: 'Synced.',
  syncedState: (state: SyncState): string => `Looked at again: ${states[state].toLowerCase()}.`,
  lastSynced: (ago: string): string => `Last synced ${ago}`,
  neverSynced: 'Never synced',
  openKlaviyo: 'Open in Klaviyo',
  fix: 'What to do:',
  retryIssue: 'Retry',
  retried: 'It is tried again now.',
  moreIssues: (more: number): string =>
    `And ${count(more, 'other issue', 'other issues')}: see “Issues” in the app’s settings.`,
  last: {
    none: 'No email sent yet',
    title: 'Last activity',
    /** “Clicked “Spring sale” 3 days ago”. */
    says: (type: ActivityType, message: string | null, ago: string): string =>
      `${types[type]}${message === null ? '' : ` “${message}”`} ${ago}`,
    by: (who: string): string => `by ${who}`,
  },
  totals: {
    sent: 'Received',
    opened: 'Opened',
    clicked: 'Clicked',
    bounced: 'Bounced',
    unsubscribed: 'Unsubscribed',
    spam: 'Marked as spam',
  },
  leftOut({ machineOpens, botClicks }: Totals['leftOut']): string | null {
    const parts = [
      ...(machineOpens > 0 ? [count(machineOpens, 'open by a mail program', 'opens by mail programs')] : []),
      ...(botClicks > 0 ? [count(botClicks, 'click by a link scanner', 'clicks by link scanners')] : []),
    ];
    return parts.length === 0 ? null : `Not counted: ${parts.join(' and ')}.`;
  },
  chart: { title: 'By day, last 90 days', day: 'Day', count: 'Emails', kind: 'Activity' },
  latest: {
    title: 'Latest',
    what: 'What',
    who: 'Who',
    email: 'Email',
    when: 'When',
    noName: 'Email without a name',
    link: 'Link:',
    inKlaviyo: (url: string): string => (url.includes('/flow/') ? 'Flow in Klaviyo' : 'Campaign in Klaviyo'),
    machine: 'by a machine',
    unknownPerson: 'Address unknown',
    shown: (shown: number): string => `The latest ${shown} activities.`,
  },
  types,
  subscription: 'Email marketing',
  /** `settling`: it is being asked at this moment. */
  subscriptionOf(status: string | null, settling: boolean): string {
    if (status !== null && status !== '') return subscriptions[status] ?? status;
    return settling ? asking : 'Not known (not linked to a Klaviyo profile)';
  },
  lists: 'Klaviyo lists',
  noLists: 'None through the sync',
  asking,
  empty: { title: 'No email sent yet', contact: collecting },
  emptyRecord: {
    title: { company: 'No email activity', deal: 'No email activity' },
    nobody: {
      company: 'No contact of this company has received an email from Klaviyo yet.',
      deal: 'No contact of this deal has received an email from Klaviyo yet.',
    },
    collecting,
  },
  contactsOf: {
    company: (contacts: number): string =>
      `${count(contacts, 'contact of this company has', 'contacts of this company have')} email activity.`,
    deal: (contacts: number): string =>
      `${count(contacts, 'contact of this deal has', 'contacts of this deal have')} email activity.`,
  },
  /** The service takes so many contacts of a company together at most. */
  mostContacts: (contacts: number): string =>
    `There may be more; these ${contacts.toLocaleString('en-US')} are counted.`,
  missing: {
    paused: 'The email activity sync is paused: what happened since is missing here.',
    off: 'Email activity is not synced any more: what happened since is missing here.',
  },
  timeline: 'Not on the timeline yet',
  /** A length of time since, in seconds. */
  ago(seconds: number): string {
    if (seconds < 60) return 'just now';
    if (seconds < 3600) return `${count(Math.floor(seconds / 60), 'minute', 'minutes')} ago`;
    if (seconds < 86_400) return `${count(Math.floor(seconds / 3600), 'hour', 'hours')} ago`;
    if (seconds < 86_400 * 60) return `${count(Math.floor(seconds / 86_400), 'day', 'days')} ago`;
    if (seconds < 86_400 * 730) return `${count(Math.floor(seconds / (86_400 * 30.44)), 'month', 'months')} ago`;
    return `${count(Math.floor(seconds / (86_400 * 365.25)), 'year', 'years')} ago`;
  },
  problem: {
    title: 'That did not work',
    tryAgain: 'Try again. If it goes on, write to support with the time it happened.',
    notFound: 'The service does not know this record.',
    notFoundFix: 'Reload the page. It may have been deleted meanwhile.',
    busy: 'HubSpot or the service takes no more requests at the moment.',
    busyFix: 'Wait a minute, then try again.',
    failed: (status: number): string => `The service failed (${status}).`,
    failedFix: 'Nothing was lost. Wait a minute, then try again.',
    unreachable: 'The service does not answer.',
    unreachableFix: 'Check your connection, then try again. Syncing goes on meanwhile.',
    notSetUp: 'This card does not know where its service is.',
    notSetUpFix:
      'The app was uploaded without the variable SERVICE_URL. Ask the people who run the app to set it in the project’s profile and upload again.',
    notInstalled: 'The app is not installed in this HubSpot account any more.',
    notInstalledFix: 'Somebody who manages apps can install it again. Within 30 days all is still there.',
    install: 'Install again',
  },
};

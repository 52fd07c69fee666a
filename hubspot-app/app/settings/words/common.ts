import type { ConnectionState, Side } from '../api-types.js';

export const sideName: Record<Side, string> = { hubspot: 'HubSpot', klaviyo: 'Klaviyo' };

const states: Record<ConnectionState, string> = {
  draft: 'Not activated',
  initial_sync: 'First sync',
  active: 'Active',
  paused: 'Paused',
  stopped: 'Stopped',
};

/** Why a connection stands still, and what to do. */
const stateReasons: Record<string, [why: string, fix: string]> = {
  uninstalled: ['The app was uninstalled from HubSpot.', 'Resume to go on.'],
  klaviyo_disconnected: ['Klaviyo was disconnected.', 'Connect it again, then resume.'],
  reconnect: ['An account must be connected again.', 'Syncing then goes on by itself.'],
  reconnect_hubspot: ['HubSpot must be connected again.', 'Install the app once more.'],
  reconnect_klaviyo: ['Klaviyo must be connected again.', 'Syncing then goes on by itself.'],
  too_many_issues: [
    'Stopped by itself: too many of the first contacts had an issue.',
    'Correct what the issues say, then resume.',
  ],
  max_new_records: [
    'Paused by itself: it would create more records than your ceiling allows.',
    'Raise the ceiling or take it away under “Change” → “Save”, then resume.',
  ],
};

export const commonWords = {
  loading: 'Loading',
  retry: 'Try again',
  close: 'Close',
  cancel: 'Cancel',
  back: 'Back',
  next: 'Next',
  remove: 'Remove',
  more: 'Show more',
  all: 'All',
  none: '–',
  never: 'Never',
  yes: 'Yes',
  no: 'No',
  empty: '(empty)',
  states,
  stateReason: (reason: string): string => stateReasons[reason]?.[0] ?? reason,
  stateFix: (reason: string): string | null => stateReasons[reason]?.[1] ?? null,
  side: sideName,
  types: { contact: 'Contact sync', engagement: 'Email activity sync' },
  stale: 'Could not refresh; this is what was known last.',
  noEmail: 'no email',
  list: (id: string): string => `List ${id}`,
  /** A field or list of one side. */
  at: (side: Side, name: string): string => `${sideName[side]} · ${name}`,

  count: (count: number, one: string, many: string): string =>
    `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`,
  /** A length of time in seconds as people say it. */
  duration(seconds: number): string {
    if (seconds < 1.5) return 'a second';
    if (seconds < 90) return `${Math.round(seconds)} seconds`;
    if (seconds < 3570) return `${Math.round(seconds / 60)} minutes`;
    if (seconds < 1.5 * 3600) return 'an hour';
    if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} hours`;
    return `${Math.round(seconds / 86_400)} days`;
  },
};

/** What the service answers to the cards. Times are ISO 8601; `day` is YYYY-MM-DD, UTC. */

export type ActivityType = 'sent' | 'delivered' | 'opened' | 'clicked' | 'bounced' | 'unsubscribed' | 'spam';
export type SyncState = 'in_sync' | 'waiting' | 'skipped' | 'failed' | 'unlinked' | 'not_in_scope';

export interface Totals {
  sent: number;
  opened: number;
  clicked: number;
  bounced: number;
  unsubscribed: number;
  spam: number;
  /** What machines did; no total counts it. */
  leftOut: { machineOpens: number; botClicks: number };
}

export interface Day {
  day: string;
  sent: number;
  opened: number;
  clicked: number;
}

export interface Activity {
  type: ActivityType;
  at: string;
  contactId: string;
  contact: { email: string | null; hubspotUrl: string };
  message: string | null;
  subject: string | null;
  url: string | null;
  campaignUrl: string | null;
  bot: boolean;
  because: string | null;
  correction: string | null;
}

export interface EmailActivity {
  state: 'on' | 'paused' | 'off';
  timeline: { approved: boolean; message: string };
}

/** Email activity of one contact, or of several together. */
export interface ActivityOf {
  totals: Totals;
  byDay: Day[];
  latest: Activity[];
  emailActivity: EmailActivity;
}

export interface Sync {
  state: SyncState;
  reason: { code: string; message: string };
  klaviyoUrl: string | null;
  lastSyncedAt: string | null;
}

export interface OpenIssue {
  id: string;
  code: string;
  title: string;
  detail: string;
  fix: string;
}

export interface ContactAnswer extends ActivityOf {
  sync: Sync;
  subscription: string | null;
  /** Klaviyo lists that the sync put the contact on. */
  lists: string[];
  /** The same by name; by id where the name is not known. */
  listNames: string[];
  /** Names and subscription are being read: the next answer has them. */
  settling: boolean;
  issues: OpenIssue[];
}

/** A company or deal: its contacts with email activity. */
export interface RecordAnswer extends ActivityOf {
  contacts: number;
}

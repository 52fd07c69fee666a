import {
  activityMetrics,
  activityProperties,
  unsubscribeEvents,
  type Activity,
  type ActivityDetails,
} from './email-activity.js';
import type { Send } from './messages.js';
import type { List, Profile } from './records.js';
import type { Account } from './store.js';

const listNames = ({ name, id }: List): Record<string, unknown> => ({ List: name, $list: id });

/** A person joins the subscribers, and a list with it. */
export function subscribePerson(
  account: Account,
  profile: Profile,
  list: List | null,
  how: { at?: number; method?: string; doubleOptIn?: boolean } = {},
): void {
  const before = profile.consent;
  account.subscribe(profile, how);
  profile.listSuppressions = profile.listSuppressions.filter(({ listId }) => listId !== list?.id);
  if (before !== 'SUBSCRIBED') {
    account.emit(profile, { metric: 'Subscribed to Email Marketing', properties: { Method: how.method ?? 'API' } });
  }
  if (list !== null && !list.members.has(profile.id)) {
    list.members.set(profile.id, account.now());
    account.emit(profile, { metric: 'Subscribed to List', properties: listNames(list) });
  }
}

/** Staff or an app takes the consent away: no email is involved, so fewer events tell of it. */
export function withdrawConsent(account: Account, profile: Profile): void {
  account.unsubscribe(profile);
  account.emit(profile, { metric: 'Unsubscribed from Email Marketing', properties: { Method: 'API' } });
}

/** Leaves one list only. */
export function leaveList(account: Account, profile: Profile, list: List): void {
  list.members.delete(profile.id);
  profile.listSuppressions.push({ listId: list.id, reason: 'UNSUBSCRIBE', at: account.now() });
  account.emit(profile, { metric: 'Unsubscribed from List', properties: listNames(list) });
}

export function suppressPerson(account: Account, profile: Profile): void {
  account.suppress(profile, 'USER_SUPPRESSED');
  account.emit(profile, { metric: 'Manually Suppressed from Email Marketing', properties: {} });
}

/** Lifts a manual suppression only. Answers whether there was one. */
export function unsuppressPerson(account: Account, profile: Profile): boolean {
  const left = profile.suppressions.filter(({ reason }) => reason !== 'USER_SUPPRESSED');
  if (left.length === profile.suppressions.length) return false;
  profile.suppressions = left;
  account.consentChanged(profile);
  account.emit(profile, { metric: 'Manually Unsuppressed from Email Marketing', properties: {} });
  return true;
}

export interface EmailHappening extends ActivityDetails {
  at?: number;
  /** After how long it is listed; the account's lag when absent. */
  lagMs?: number;
}

/** Something happens to an email that a person got, with what it does to their consent. */
export function emailHappens(
  account: Account,
  profile: Profile,
  send: Send,
  activity: Activity | 'unsubscribed',
  { at = account.now(), lagMs, ...details }: EmailHappening = {},
): void {
  const listed = lagMs === undefined ? {} : { listedAt: Date.now() + lagMs };
  if (activity === 'unsubscribed') {
    account.unsubscribe(profile);
    const lists = [...account.lists.values()].filter(({ members }) => members.has(profile.id));
    for (const event of unsubscribeEvents(profile, send, lists, at)) account.emit(profile, { ...event, ...listed });
    return;
  }
  const properties = activityProperties(activity, profile, send, at, details);
  account.emit(profile, { metric: activityMetrics[activity], at, properties, ...listed });
  if (activity === 'spam') account.unsubscribe(profile, 'SPAM_COMPLAINT');
  if (activity === 'bounced' && (details.bounceType ?? 'Hard') === 'Hard') account.suppress(profile, 'HARD_BOUNCE');
}

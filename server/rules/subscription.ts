import type { Subscription } from './person.js';

export type ConsentStatus = 'SUBSCRIBED' | 'UNSUBSCRIBED' | 'NEVER_SUBSCRIBED' | 'SUPPRESSED';

/**
 * Klaviyo's consent in one word (settled readings of C2 and C4): any suppression but a plain unsubscribe is SUPPRESSED,
 * whatever the consent field reads, because a manually suppressed profile still reads SUBSCRIBED there.
 */
export function consentStatus(subscription: Subscription): ConsentStatus {
  const reasons = subscription.suppressions.map((suppression) => suppression.reason);
  if (reasons.some((reason) => reason !== 'UNSUBSCRIBE')) return 'SUPPRESSED';
  if (reasons.length > 0 || subscription.consent === 'UNSUBSCRIBED') return 'UNSUBSCRIBED';
  return subscription.consent === 'SUBSCRIBED' ? 'SUBSCRIBED' : 'NEVER_SUBSCRIBED';
}

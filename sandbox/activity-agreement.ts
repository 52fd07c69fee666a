import type { Portal } from './hubspot/store.js';
import type { Account } from './klaviyo/store.js';

export interface ActivityAgreement {
  /** Occurrences on contacts, by event type. */
  shown: Record<string, number>;
  /** Bounces of somebody who is in HubSpot that are not on the contact's timeline. */
  missing: string[];
  /** Bounces that are there more than once. */
  doubled: string[];
  /** A contact with much to see. */
  busiest: string | null;
}

/**
 * Compares Klaviyo's events since a moment with what stands on the timelines, and shares nothing with the service. Of
 * opens and clicks the first counts and machines are left out, which only the service can judge; each bounce counts.
 */
export function activityAgreement(portal: Portal, account: Account, sinceMs: number): ActivityAgreement {
  const shown: Record<string, number> = {};
  const ofContact = new Map<string, number>();
  const bounces = new Map<string, number>();
  for (const { eventTypeName, objectId, timestamp } of portal.timeline.values()) {
    shown[eventTypeName] = (shown[eventTypeName] ?? 0) + 1;
    if (!eventTypeName.endsWith('-contact')) continue;
    ofContact.set(objectId, (ofContact.get(objectId) ?? 0) + 1);
    if (!eventTypeName.startsWith('email_bounced')) continue;
    const key = `${objectId} ${Date.parse(timestamp)}`;
    bounces.set(key, (bounces.get(key) ?? 0) + 1);
  }
  const metric = account.events.metric('Bounced Email');
  const missing: string[] = [];
  for (const [id, at] of account.events.order(metric.id, null)) {
    const event = account.events.get(id);
    const email = account.profiles
      .get(event?.profileId ?? '')
      ?.email?.trim()
      .toLowerCase();
    const contactId = portal.emails.get(email ?? '');
    if (at < sinceMs || event === undefined || event.listedAt > Date.now() || contactId === undefined) continue;
    if (!bounces.has(`${contactId} ${Math.floor(at / 1000) * 1000}`) && !bounces.has(`${contactId} ${at}`))
      missing.push(`${id} of contact ${contactId}`);
  }
  const [busiest] = [...ofContact].sort((one, other) => other[1] - one[1]);
  return {
    shown,
    missing,
    doubled: [...bounces].filter(([, count]) => count > 1).map(([key]) => key),
    busiest: busiest?.[0] ?? null,
  };
}

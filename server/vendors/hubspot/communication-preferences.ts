import { z } from 'zod';
import type { HubspotSession } from './session.js';
import { apiVersion } from './version.js';

/**
 * Opts one address out of all marketing email. HubSpot has batches of it for Marketing Hub Enterprise only.
 * Throws RecordRefused for an address that HubSpot does not take, NeedsPerson where the optional scope
 * communication_preferences.read_write was not granted.
 * https://developers.hubspot.com/docs/api-reference/communication-preferences-subscriptions-v4/guide
 */
export async function optOutOfAllEmail(session: HubspotSession, email: string): Promise<void> {
  await session.request({
    operation: 'communicationPreferences.unsubscribeAll',
    method: 'POST',
    path: `/communication-preferences/${apiVersion}/statuses/${encodeURIComponent(email)}/unsubscribe-all`,
    query: { channel: 'EMAIL' },
    schema: z.unknown(),
  });
}

import { z } from 'zod';
import type { KlaviyoSession } from './session.js';

/**
 * Asks Klaviyo to erase a profile for privacy reasons (B11); Klaviyo carries it out later and it cannot be undone. Needs
 * the scope data-privacy:write. https://developers.klaviyo.com/en/reference/request_profile_deletion
 */
export async function requestDeletion(session: KlaviyoSession, profileId: string): Promise<void> {
  await session.request({
    method: 'POST',
    path: '/api/data-privacy-deletion-jobs',
    body: {
      data: {
        type: 'data-privacy-deletion-job',
        attributes: { profile: { data: { type: 'profile', id: profileId, attributes: {} } } },
      },
    },
    schema: z.unknown(),
  });
}

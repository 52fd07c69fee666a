import { z } from 'zod';
import type { HubspotSession } from './session.js';
import { apiVersion } from './version.js';

/** Which account this is: its id, where its pages are, its time zone. */
export async function readAccount(
  session: HubspotSession,
): Promise<{ portalId: string; uiDomain: string; timeZone: string | null }> {
  const answer = await session.request({
    operation: 'account.details',
    method: 'GET',
    path: `/account-info/${apiVersion}/details`,
    schema: z.object({ portalId: z.number(), uiDomain: z.string(), timeZone: z.string().optional() }),
  });
  return { portalId: String(answer.portalId), uiDomain: answer.uiDomain, timeZone: answer.timeZone ?? null };
}

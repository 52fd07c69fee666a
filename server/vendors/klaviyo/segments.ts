import { z } from 'zod';
import { groupMemberIds, groupMembers, groupMembersByEmail, segmentFields, type MemberPage } from './groups.js';
import { pageOf, readAll } from './paging.js';
import type { KlaviyoSession } from './session.js';
import type { KlaviyoProfile, KlaviyoSegment } from './types.js';

const segmentSchema = z.object({
  id: z.string(),
  attributes: z
    .object({ name: z.string(), is_active: z.boolean().nullish(), is_processing: z.boolean().nullish() })
    .loose(),
});

/** All segments, ten a call, without their definitions. */
export async function readSegments(session: KlaviyoSession): Promise<KlaviyoSegment[]> {
  const query = { ...segmentFields, 'page[size]': 10 };
  const segments = await readAll(session, '/api/segments', query, pageOf(segmentSchema));
  return segments.map(({ id, attributes }) => ({
    id,
    name: attributes.name,
    active: attributes.is_active ?? true,
    processing: attributes.is_processing ?? false,
  }));
}

/** One page of a segment's members with their data. */
export const memberPage = (
  session: KlaviyoSession,
  page: MemberPage,
): Promise<{ profiles: KlaviyoProfile[]; cursor: string | null }> => groupMembers(session, 'segments', page);

/** One page of a segment's members by id. */
export const memberIdsPage = (
  session: KlaviyoSession,
  page: { id: string; cursor: string | null },
): Promise<{ ids: string[]; cursor: string | null }> => groupMemberIds(session, 'segments', page);

/** Which of these addresses are in a segment, as read now. */
export const membersByEmail = (
  session: KlaviyoSession,
  id: string,
  emails: readonly string[],
): Promise<KlaviyoProfile[]> => groupMembersByEmail(session, 'segments', id, emails);

import { z } from 'zod';
import { groupMemberIds, groupMembers, groupMembersByEmail, type MemberPage } from './groups.js';
import { nextCursor } from './profile-json.js';
import type { KlaviyoSession } from './session.js';
import type { KlaviyoProfile, KlaviyoSegment } from './types.js';

const pageSchema = z.object({
  data: z.array(z.object({ id: z.string(), attributes: z.object({ name: z.string(), is_active: z.boolean().nullish(), is_processing: z.boolean().nullish() }).loose() })),
  links: z.object({ next: z.string().nullish() }).loose().nullish(),
});

/** All segments, ten a call, without their definitions. */
export async function readSegments(session: KlaviyoSession): Promise<KlaviyoSegment[]> {
  const segments: KlaviyoSegment[] = [];
  let cursor: string | null = null;
  do {
    const { data }: { data: z.infer<typeof pageSchema> } = await session.request({
      method: 'GET',
      path: '/api/segments',
      query: { 'fields[segment]': 'name,is_active,is_processing', 'page[size]': 10, 'page[cursor]': cursor ?? undefined },
      schema: pageSchema,
    });
    segments.push(...data.data.map(({ id, attributes }) => ({ id, name: attributes.name, active: attributes.is_active ?? true, processing: attributes.is_processing ?? false })));
    cursor = nextCursor(data.links);
  } while (cursor !== null);
  return segments;
}

export const memberPage = (session: KlaviyoSession, page: MemberPage): Promise<{ profiles: KlaviyoProfile[]; cursor: string | null }> => groupMembers(session, 'segments', page);
export const memberIdsPage = (session: KlaviyoSession, page: { id: string; cursor: string | null }): Promise<{ ids: string[]; cursor: string | null }> => groupMemberIds(session, 'segments', page);
export const membersByEmail = (session: KlaviyoSession, id: string, emails: readonly string[]): Promise<KlaviyoProfile[]> => groupMembersByEmail(session, 'segments', id, emails);

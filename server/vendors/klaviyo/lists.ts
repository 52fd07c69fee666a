import { z } from 'zod';
import { inChunks, mapLimited } from '../call.js';
import { groupMemberIds, groupMembers, groupMembersByEmail, type MemberPage } from './groups.js';
import { nextCursor } from './profile-json.js';
import type { KlaviyoSession } from './session.js';
import type { KlaviyoList, KlaviyoProfile } from './types.js';

const listSchema = z.object({
  id: z.string(),
  attributes: z.object({ name: z.string(), created: z.string().nullish(), updated: z.string().nullish(), opt_in_process: z.string().nullish() }).loose(),
});

function listOf({ id, attributes }: z.infer<typeof listSchema>): KlaviyoList {
  const optIn = attributes.opt_in_process;
  return {
    id,
    name: attributes.name,
    created: attributes.created ?? '',
    updated: attributes.updated ?? '',
    ...(optIn === 'single_opt_in' || optIn === 'double_opt_in' ? { optIn } : {}),
  };
}

/** All lists, ten a call (Klaviyo's largest page): the caller keeps them. */
export async function readLists(session: KlaviyoSession): Promise<KlaviyoList[]> {
  const lists: KlaviyoList[] = [];
  let cursor: string | null = null;
  do {
    const { data }: { data: z.infer<typeof pageSchema> } = await session.request({
      method: 'GET',
      path: '/api/lists',
      query: { 'page[size]': 10, 'page[cursor]': cursor ?? undefined },
      schema: pageSchema,
    });
    lists.push(...data.data.map(listOf));
    cursor = nextCursor(data.links);
  } while (cursor !== null);
  return lists;
}

const pageSchema = z.object({ data: z.array(listSchema), links: z.object({ next: z.string().nullish() }).loose().nullish() });

export const memberPage = (session: KlaviyoSession, page: MemberPage): Promise<{ profiles: KlaviyoProfile[]; cursor: string | null }> => groupMembers(session, 'lists', page);
export const memberIdsPage = (session: KlaviyoSession, page: { id: string; cursor: string | null }): Promise<{ ids: string[]; cursor: string | null }> => groupMemberIds(session, 'lists', page);
export const membersByEmail = (session: KlaviyoSession, id: string, emails: readonly string[]): Promise<KlaviyoProfile[]> => groupMembersByEmail(session, 'lists', id, emails);

/** Adds profiles to a list, a thousand a call. Membership only: consent is not touched. */
export const add = (session: KlaviyoSession, listId: string, profileIds: readonly string[]): Promise<void> => changeMembers(session, 'POST', listId, profileIds);

/** Takes profiles off a list, a thousand a call. Consent is not touched. */
export const remove = (session: KlaviyoSession, listId: string, profileIds: readonly string[]): Promise<void> => changeMembers(session, 'DELETE', listId, profileIds);

async function changeMembers(session: KlaviyoSession, method: 'POST' | 'DELETE', listId: string, profileIds: readonly string[]): Promise<void> {
  await mapLimited(inChunks([...new Set(profileIds)], 1000), 2, async (chunk) => {
    await session.request({
      method,
      path: `/api/lists/${encodeURIComponent(listId)}/relationships/profiles`,
      body: { data: chunk.map((id) => ({ type: 'profile', id })) },
      schema: z.unknown(),
    });
  });
}

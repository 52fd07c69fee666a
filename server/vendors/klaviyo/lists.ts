import { z } from 'zod';
import type { RecordRefused } from '../../errors.js';
import { inChunks, mapLimited } from '../call.js';
import { refusedOf } from '../in-halves.js';
import {
  groupById,
  groupExists,
  groupMemberIds,
  groupMembers,
  groupMembersByEmail,
  type MemberPage,
} from './groups.js';
import { pageOf, readAll } from './paging.js';
import type { KlaviyoSession } from './session.js';
import type { KlaviyoList, KlaviyoProfile } from './types.js';

const listSchema = z.object({
  id: z.string(),
  attributes: z
    .object({
      name: z.string(),
      created: z.string().nullish(),
      updated: z.string().nullish(),
      opt_in_process: z.string().nullish(),
    })
    .loose(),
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
  return (await readAll(session, '/api/lists', { 'page[size]': 10 }, pageOf(listSchema))).map(listOf);
}

/** One list with the way people opt in to it (C3), or null when there is none of this id. */
export async function listById(session: KlaviyoSession, id: string): Promise<KlaviyoList | null> {
  const list = await groupById(session, 'lists', id, listSchema);
  return list === null ? null : listOf(list);
}

/** One page of a list's members with their data. */
export const memberPage = (
  session: KlaviyoSession,
  page: MemberPage,
): Promise<{ profiles: KlaviyoProfile[]; cursor: string | null }> => groupMembers(session, 'lists', page);

/** One page of a list's members by id. */
export const memberIdsPage = (
  session: KlaviyoSession,
  page: { id: string; cursor: string | null },
): Promise<{ ids: string[]; cursor: string | null }> => groupMemberIds(session, 'lists', page);

/** Which of these addresses are on a list, as read now. */
export const membersByEmail = (
  session: KlaviyoSession,
  id: string,
  emails: readonly string[],
): Promise<KlaviyoProfile[]> => groupMembersByEmail(session, 'lists', id, emails);

/** Profiles that Klaviyo would not add or remove, by id: deleted meanwhile, as a rule. */
export type NotMoved = Map<string, RecordRefused>;

/** Adds profiles to a list, a thousand a call. Membership only: consent is not touched. */
export const add = (session: KlaviyoSession, listId: string, profileIds: readonly string[]): Promise<NotMoved> =>
  changeMembers(session, 'POST', listId, profileIds);

/** Takes profiles off a list, a thousand a call. Consent is not touched. */
export const remove = (session: KlaviyoSession, listId: string, profileIds: readonly string[]): Promise<NotMoved> =>
  changeMembers(session, 'DELETE', listId, profileIds);

/** Throws RecordRefused when the list itself is gone; single profiles that are refused stop nobody else (G4). */
async function changeMembers(
  session: KlaviyoSession,
  method: 'POST' | 'DELETE',
  listId: string,
  profileIds: readonly string[],
): Promise<NotMoved> {
  let exists: Promise<boolean> | undefined;
  const parts = await mapLimited(inChunks([...new Set(profileIds)], 1000), 2, (chunk) =>
    refusedOf(
      chunk,
      async (ids) => {
        await session.request({
          method,
          path: `/api/lists/${encodeURIComponent(listId)}/relationships/profiles`,
          body: { data: ids.map((id) => ({ type: 'profile', id })) },
          schema: z.unknown(),
        });
      },
      // Klaviyo's 404 does not tell a missing list from a missing profile.
      () => (exists ??= groupExists(session, 'lists', listId)),
    ),
  );
  return new Map(parts.flatMap((part) => [...part]));
}

import { z } from 'zod';
import { RecordRefused } from '../../errors.js';
import { inChunks, mapLimited } from '../call.js';
import { nextCursor, profileOf, profilePageSchema } from './profile-json.js';
import type { KlaviyoSession } from './session.js';
import type { KlaviyoProfile } from './types.js';

/** What lists and segments have in common: their members. */
export interface MemberPage {
  id: string;
  cursor: string | null;
  subscriptions?: boolean;
}

/** Whether there is a list or segment of this id. */
export async function groupExists(session: KlaviyoSession, kind: 'lists' | 'segments', id: string): Promise<boolean> {
  try {
    await session.request({
      method: 'GET',
      path: `/api/${kind}/${encodeURIComponent(id)}`,
      schema: z.object({ data: z.object({ id: z.string() }).loose() }),
    });
    return true;
  } catch (error) {
    // Klaviyo answers 400 where the id is not of a list's form.
    if (error instanceof RecordRefused && [400, 404].includes(error.detail.status)) return false;
    throw error;
  }
}

/** One page of members with their data, a hundred a call, oldest members first. */
export async function groupMembers(
  session: KlaviyoSession,
  kind: 'lists' | 'segments',
  page: MemberPage,
): Promise<{ profiles: KlaviyoProfile[]; cursor: string | null }> {
  const { data } = await session.request({
    method: 'GET',
    path: `/api/${kind}/${encodeURIComponent(page.id)}/profiles`,
    query: {
      ...(page.subscriptions === true ? { 'additional-fields[profile]': 'subscriptions' } : {}),
      sort: 'joined_group_at',
      'page[size]': 100,
      'page[cursor]': page.cursor ?? undefined,
    },
    schema: profilePageSchema,
  });
  return { profiles: data.data.map(profileOf), cursor: nextCursor(data.links) };
}

/** One page of members' ids. */
export async function groupMemberIds(
  session: KlaviyoSession,
  kind: 'lists' | 'segments',
  page: { id: string; cursor: string | null },
): Promise<{ ids: string[]; cursor: string | null }> {
  const { data } = await session.request({
    method: 'GET',
    path: `/api/${kind}/${encodeURIComponent(page.id)}/relationships/profiles`,
    query: { sort: 'joined_group_at', 'page[size]': 100, 'page[cursor]': page.cursor ?? undefined },
    schema: z.object({
      data: z.array(z.object({ id: z.string() })),
      links: z.object({ next: z.string().nullish() }).loose().nullish(),
    }),
  });
  return { ids: data.data.map(({ id }) => id), cursor: nextCursor(data.links) };
}

/** Which of these addresses are members, as read now. */
export async function groupMembersByEmail(
  session: KlaviyoSession,
  kind: 'lists' | 'segments',
  id: string,
  emails: readonly string[],
): Promise<KlaviyoProfile[]> {
  const pages = await mapLimited(inChunks([...new Set(emails)], 50), 4, async (chunk) => {
    const { data } = await session.request({
      method: 'GET',
      path: `/api/${kind}/${encodeURIComponent(id)}/profiles`,
      query: { filter: `any(email,[${chunk.map((email) => JSON.stringify(email)).join(',')}])`, 'page[size]': 100 },
      schema: profilePageSchema,
    });
    return data.data.map(profileOf);
  });
  return pages.flat();
}

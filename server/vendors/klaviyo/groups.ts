import { z } from 'zod';
import { RecordRefused } from '../../errors.js';
import { nextCursor, pageOf, readAny } from './paging.js';
import { profileOf, profilePageSchema } from './profile-json.js';
import type { KlaviyoSession } from './session.js';
import type { KlaviyoProfile } from './types.js';

/** What lists and segments have in common: their members. */
export interface MemberPage {
  id: string;
  cursor: string | null;
  subscriptions?: boolean;
  /** Only those who joined at this moment or later; Klaviyo refuses one closer than some seconds to now. */
  joinedSince?: Date;
}

type Kind = 'lists' | 'segments';

/** Everything of a segment but its definition, which may be large and is not used. */
export const segmentFields = { 'fields[segment]': 'name,created,updated,is_active,is_processing,is_starred' };

const membersPath = (kind: Kind, id: string): string => `/api/${kind}/${encodeURIComponent(id)}/profiles`;

/** Whether there is a list or segment of this id. */
export async function groupExists(session: KlaviyoSession, kind: Kind, id: string): Promise<boolean> {
  return (await groupById(session, kind, id, z.object({ id: z.string() }).loose())) !== null;
}

/** One list or segment as Klaviyo sends it, or null when there is none of this id. */
export async function groupById<T>(
  session: KlaviyoSession,
  kind: Kind,
  id: string,
  schema: z.ZodType<T>,
): Promise<T | null> {
  try {
    const { data } = await session.request({
      method: 'GET',
      path: `/api/${kind}/${encodeURIComponent(id)}`,
      query: kind === 'segments' ? segmentFields : {},
      schema: z.object({ data: schema }),
    });
    return data.data;
  } catch (error) {
    // Klaviyo answers 400 where the id is not of a list's form.
    if (error instanceof RecordRefused && [400, 404].includes(error.detail.status)) return null;
    throw error;
  }
}

/** One page of members with their data, a hundred a call, oldest members first. */
export async function groupMembers(
  session: KlaviyoSession,
  kind: Kind,
  page: MemberPage,
): Promise<{ profiles: KlaviyoProfile[]; cursor: string | null }> {
  const since = page.joinedSince;
  const { data } = await session.request({
    method: 'GET',
    path: membersPath(kind, page.id),
    query: {
      ...(page.subscriptions === true ? { 'additional-fields[profile]': 'subscriptions' } : {}),
      filter: since === undefined ? undefined : `greater-or-equal(joined_group_at,${since.toISOString()})`,
      sort: 'joined_group_at',
      'page[size]': 100,
      'page[cursor]': page.cursor ?? undefined,
    },
    schema: profilePageSchema,
  });
  return { profiles: data.data.map(profileOf), cursor: nextCursor(data.links) };
}

const idPageSchema = pageOf(z.object({ id: z.string() }));

/** One page of members' ids. */
export async function groupMemberIds(
  session: KlaviyoSession,
  kind: Kind,
  page: { id: string; cursor: string | null },
): Promise<{ ids: string[]; cursor: string | null }> {
  const { data } = await session.request({
    method: 'GET',
    path: `/api/${kind}/${encodeURIComponent(page.id)}/relationships/profiles`,
    query: { sort: 'joined_group_at', 'page[size]': 100, 'page[cursor]': page.cursor ?? undefined },
    schema: idPageSchema,
  });
  return { ids: data.data.map(({ id }) => id), cursor: nextCursor(data.links) };
}

/** Which of these addresses are members, as read now. */
export async function groupMembersByEmail(
  session: KlaviyoSession,
  kind: Kind,
  id: string,
  emails: readonly string[],
): Promise<KlaviyoProfile[]> {
  return (await readAny(session, membersPath(kind, id), 'email', emails, {}, profilePageSchema)).map(profileOf);
}

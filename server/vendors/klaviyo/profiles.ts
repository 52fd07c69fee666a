import { z } from 'zod';
import { RecordRefused } from '../../errors.js';
import { mapLimited } from '../call.js';
import { nextCursor, readAny } from './paging.js';
import { profileJson, profileOf, profilePageSchema, profileSchema } from './profile-json.js';
import type { KlaviyoSession } from './session.js';
import type { KlaviyoProfile, KlaviyoProfileWrite } from './types.js';

export { bulkImport, importErrors, importJob, type ImportError } from './imports.js';
export { sampleFields } from './profile-fields.js';

export interface ReadOptions {
  /** Reads the consent too. */
  subscriptions?: boolean;
}

const consentQuery = (options: ReadOptions): Record<string, string> =>
  options.subscriptions === true ? { 'additional-fields[profile]': 'subscriptions' } : {};

/**
 * One page of all profiles, or of those updated after a moment. Klaviyo refuses a moment closer than about five seconds
 * to now. https://developers.klaviyo.com/en/reference/get_profiles
 */
export async function readPage(
  session: KlaviyoSession,
  page: ReadOptions & { cursor: string | null; size: number; sort: 'created' | 'updated'; updatedAfter?: Date },
): Promise<{ profiles: KlaviyoProfile[]; cursor: string | null }> {
  const { data } = await session.request({
    method: 'GET',
    path: '/api/profiles',
    query: {
      ...consentQuery(page),
      // Times stand without quotes in filters, and there is no "or equal".
      filter: page.updatedAfter === undefined ? undefined : `greater-than(updated,${page.updatedAfter.toISOString()})`,
      sort: page.sort,
      'page[size]': page.size,
      'page[cursor]': page.cursor ?? undefined,
    },
    schema: profilePageSchema,
  });
  return { profiles: data.data.map(profileOf), cursor: nextCursor(data.links) };
}

/**
 * Profiles under the id asked for. An id that the collection does not answer is asked for alone: Klaviyo answers the id
 * of a merged profile with the profile it became, whose own `id` then differs from the key.
 */
export async function readByIds(
  session: KlaviyoSession,
  ids: readonly string[],
  options: ReadOptions,
): Promise<Map<string, KlaviyoProfile>> {
  const asked = new Set(ids.filter((id) => id !== ''));
  const rows = await readAny(session, '/api/profiles', 'id', [...asked], consentQuery(options), profilePageSchema);
  const found = new Map(rows.filter(({ id }) => asked.has(id)).map((row) => [row.id, profileOf(row)]));
  const missing = [...asked].filter((id) => !found.has(id));
  await mapLimited(missing, 4, async (id) => {
    const profile = await readOne(session, id, options);
    if (profile !== null) found.set(id, profile);
  });
  return found;
}

async function readOne(session: KlaviyoSession, id: string, options: ReadOptions): Promise<KlaviyoProfile | null> {
  try {
    const { data } = await session.request({
      method: 'GET',
      path: `/api/profiles/${encodeURIComponent(id)}`,
      query: consentQuery(options),
      schema: z.object({ data: profileSchema }),
    });
    return profileOf(data.data);
  } catch (error) {
    // Unknown, or an id of the wrong make (Klaviyo answers those with 400).
    if (error instanceof RecordRefused) return null;
    throw error;
  }
}

/** Profiles by email under the lower-case address asked for; several are possible, the oldest first. */
export async function readByEmails(
  session: KlaviyoSession,
  emails: readonly string[],
  options: ReadOptions,
): Promise<Map<string, KlaviyoProfile[]>> {
  const asked = [...new Set(emails.map((email) => email.trim().toLowerCase()))].filter((email) => email !== '');
  const rows = await readAny(session, '/api/profiles', 'email', asked, consentQuery(options), profilePageSchema);
  const found = new Map<string, KlaviyoProfile[]>();
  for (const profile of rows.map(profileOf)) {
    const email = profile.email?.trim().toLowerCase() ?? '';
    const same = found.get(email) ?? [];
    if (!same.some(({ id }) => id === profile.id)) same.push(profile);
    found.set(email, same);
  }
  for (const same of found.values()) same.sort((a, b) => Date.parse(a.created) - Date.parse(b.created));
  return found;
}

/** Who holds these phone numbers (E.164), by number; numbers that nobody holds are left out. */
export async function readByPhones(
  session: KlaviyoSession,
  numbers: readonly string[],
): Promise<Map<string, KlaviyoProfile>> {
  const asked = [...new Set(numbers)];
  const rows = await readAny(session, '/api/profiles', 'phone_number', asked, {}, profilePageSchema);
  return new Map(
    rows.map(profileOf).flatMap((profile) => (profile.phoneNumber === null ? [] : [[profile.phoneNumber, profile]])),
  );
}

export interface ProfileWritten {
  id: string;
  /** Whether the profile is new. */
  created: boolean;
  /** Klaviyo took the profile and silently dropped its phone number (header X-Klaviyo-Partial-Failure). */
  phoneIgnored: boolean;
}

const writtenSchema = z.object({ data: z.object({ id: z.string() }) });

/** Creates a profile, or updates the one that has the identity: safe to repeat. */
export async function upsert(session: KlaviyoSession, write: KlaviyoProfileWrite): Promise<ProfileWritten> {
  const { data, headers, status } = await session.request({
    method: 'POST',
    path: '/api/profile-import',
    body: { data: profileJson(write) },
    schema: writtenSchema,
  });
  return { id: data.data.id, created: status === 201, phoneIgnored: phoneIgnored(headers) };
}

/** Updates one profile by its id. */
export async function update(session: KlaviyoSession, id: string, write: KlaviyoProfileWrite): Promise<ProfileWritten> {
  const { data, headers } = await session.request({
    method: 'PATCH',
    path: `/api/profiles/${encodeURIComponent(id)}`,
    body: { data: profileJson({ ...write, id }) },
    schema: writtenSchema,
  });
  return { id: data.data.id, created: false, phoneIgnored: phoneIgnored(headers) };
}

const phoneIgnored = (headers: Record<string, unknown>): boolean =>
  String(headers['x-klaviyo-partial-failure'] ?? '').includes('phone_number');

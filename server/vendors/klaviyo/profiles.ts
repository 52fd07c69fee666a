import { z } from 'zod';
import type { KlaviyoField } from '../../rules/fields.js';
import { VendorBug } from '../../errors.js';
import { inChunks, mapLimited } from '../call.js';
import { nextCursor, profileJson, profileOf, profilePageSchema, profileSchema } from './profile-json.js';
import type { KlaviyoSession } from './session.js';
import { klaviyoAttributes, type ImportJob, type KlaviyoProfile, type KlaviyoProfileWrite } from './types.js';

export interface ReadOptions {
  /** Reads the consent too. */
  subscriptions?: boolean;
}

const consentQuery = (options: ReadOptions): Record<string, string> => (options.subscriptions === true ? { 'additional-fields[profile]': 'subscriptions' } : {});

/** A text inside a filter: double quotes, JSON escapes. */
const quoted = (text: string): string => JSON.stringify(text);

/** One page of all profiles, or of those updated after a moment. https://developers.klaviyo.com/en/reference/get_profiles */
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

/** Profiles by id. An id that was merged away is asked for alone, because Klaviyo answers it with the profile it became. */
export async function readByIds(session: KlaviyoSession, ids: readonly string[], options: ReadOptions): Promise<Map<string, KlaviyoProfile>> {
  const found = new Map((await readAny(session, 'id', ids, options)).map((profile) => [profile.id, profile]));
  const missing = [...new Set(ids)].filter((id) => !found.has(id));
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
    if (error instanceof Error && 'detail' in error && error.name === 'RecordRefused') return null;
    throw error;
  }
}

/** Profiles by email under the lower-case address asked for; several are possible, the oldest first. */
export async function readByEmails(session: KlaviyoSession, emails: readonly string[], options: ReadOptions): Promise<Map<string, KlaviyoProfile[]>> {
  const asked = [...new Set(emails.map((email) => email.trim().toLowerCase()))].filter((email) => email !== '');
  const found = new Map<string, KlaviyoProfile[]>();
  for (const profile of await readAny(session, 'email', asked, options)) {
    const email = profile.email?.trim().toLowerCase() ?? '';
    found.set(email, [...(found.get(email) ?? []), profile]);
  }
  for (const profiles of found.values()) profiles.sort((a, b) => a.created.localeCompare(b.created));
  return found;
}

/** How many values one any() filter takes is not documented: a hundred, and an address that stays well below 8 kB. */
const anyValues = 100;

async function readAny(session: KlaviyoSession, field: 'id' | 'email', values: readonly string[], options: ReadOptions): Promise<KlaviyoProfile[]> {
  const chunks = inChunks([...new Set(values)], anyValues).flatMap((chunk) => (encodeURIComponent(chunk.join()).length > 6000 ? inChunks(chunk, 25) : [chunk]));
  const pages = await mapLimited(chunks, 4, async (chunk) => {
    const profiles: KlaviyoProfile[] = [];
    let cursor: string | null = null;
    do {
      const { data }: { data: z.infer<typeof profilePageSchema> } = await session.request({
        method: 'GET',
        path: '/api/profiles',
        query: {
          ...consentQuery(options),
          filter: `any(${field},[${chunk.map(quoted).join(',')}])`,
          'page[size]': 100,
          'page[cursor]': cursor ?? undefined,
        },
        schema: profilePageSchema,
      });
      profiles.push(...data.data.map(profileOf));
      cursor = nextCursor(data.links);
    } while (cursor !== null);
    return profiles;
  });
  return pages.flat();
}

export interface ProfileWritten {
  id: string;
  /** Klaviyo took the profile and silently dropped its phone number (header X-Klaviyo-Partial-Failure). */
  phoneIgnored: boolean;
}

const writtenSchema = z.object({ data: z.object({ id: z.string() }) });

/** Creates a profile, or updates the one that has the identity: safe to repeat. */
export async function upsert(session: KlaviyoSession, write: KlaviyoProfileWrite): Promise<ProfileWritten> {
  const { data, headers } = await session.request({ method: 'POST', path: '/api/profile-import', body: { data: profileJson(write) }, schema: writtenSchema });
  return { id: data.data.id, phoneIgnored: phoneIgnored(headers) };
}

/** Updates one profile by its id. */
export async function update(session: KlaviyoSession, id: string, write: KlaviyoProfileWrite): Promise<ProfileWritten> {
  const { data, headers } = await session.request({
    method: 'PATCH',
    path: `/api/profiles/${encodeURIComponent(id)}`,
    body: { data: profileJson({ ...write, id }) },
    schema: writtenSchema,
  });
  return { id: data.data.id, phoneIgnored: phoneIgnored(headers) };
}

const phoneIgnored = (headers: Record<string, unknown>): boolean => String(headers['x-klaviyo-partial-failure'] ?? '').includes('phone_number');

/** Starts an import job of up to 10,000 profiles and 5 MB; answers its id. Consent is not touched. */
export async function bulkImport(session: KlaviyoSession, writes: readonly KlaviyoProfileWrite[]): Promise<string> {
  if (writes.length > 10_000) throw new VendorBug('An import job takes 10,000 profiles at most.');
  const { data } = await session.request({
    method: 'POST',
    path: '/api/profile-bulk-import-jobs',
    body: { data: { type: 'profile-bulk-import-job', attributes: { profiles: { data: writes.map(profileJson) } } } },
    schema: writtenSchema,
  });
  return data.data.id;
}

const jobSchema = z.object({
  data: z.object({
    id: z.string(),
    attributes: z.object({ status: z.enum(['queued', 'processing', 'complete', 'cancelled']), total_count: z.number().default(0), completed_count: z.number().nullish(), failed_count: z.number().nullish() }).loose(),
  }),
});

/** How an import job stands. */
export async function importJob(session: KlaviyoSession, jobId: string): Promise<ImportJob> {
  const { data } = await session.request({ method: 'GET', path: `/api/profile-bulk-import-jobs/${jobId}`, schema: jobSchema });
  const { status, total_count, completed_count, failed_count } = data.data.attributes;
  return { id: data.data.id, status, total: total_count, completed: completed_count ?? 0, failed: failed_count ?? 0 };
}

const importErrorsSchema = z.object({
  data: z.array(
    z.object({
      attributes: z
        .object({
          code: z.string(),
          title: z.string().default(''),
          detail: z.string().default(''),
          source: z.object({ pointer: z.string().nullish() }).loose().nullish(),
          original_payload: z.record(z.string(), z.unknown()).nullish(),
        })
        .loose(),
    }),
  ),
  links: z.object({ next: z.string().nullish() }).loose().nullish(),
});

export interface ImportError {
  id?: string;
  email?: string;
  code: string;
  detail: string;
  field?: string;
}

/** Which profiles of a job were refused, and why. */
export async function importErrors(session: KlaviyoSession, jobId: string): Promise<ImportError[]> {
  const errors: ImportError[] = [];
  let cursor: string | null = null;
  do {
    const { data }: { data: z.infer<typeof importErrorsSchema> } = await session.request({
      method: 'GET',
      path: `/api/profile-bulk-import-jobs/${jobId}/import-errors`,
      query: { 'page[size]': 100, 'page[cursor]': cursor ?? undefined },
      schema: importErrorsSchema,
    });
    errors.push(...data.data.map(({ attributes }) => importErrorOf(attributes)));
    cursor = nextCursor(data.links);
  } while (cursor !== null);
  return errors;
}

function importErrorOf(attributes: z.infer<typeof importErrorsSchema>['data'][number]['attributes']): ImportError {
  const payload = attributes.original_payload ?? {};
  const inner = typeof payload['attributes'] === 'object' && payload['attributes'] !== null ? { ...payload['attributes'] } : payload;
  const email = 'email' in inner && typeof inner.email === 'string' ? inner.email : undefined;
  const id = typeof payload['id'] === 'string' ? payload['id'] : undefined;
  const field = attributes.source?.pointer?.split('/').at(-1);
  const code = field === 'email' ? 'invalid_email' : field === 'phone_number' ? 'invalid_phone' : attributes.code === 'duplicate_profile' ? 'duplicate_profile' : 'klaviyo_rejected';
  return {
    ...(id === undefined ? {} : { id }),
    ...(email === undefined ? {} : { email }),
    code,
    detail: attributes.detail === '' ? attributes.title : attributes.detail,
    ...(field === undefined ? {} : { field }),
  };
}

/** Klaviyo has no list of custom properties: the most recently updated profiles tell which there are. */
const samplePages = 5;

/** The fields of an account: the fixed attributes, and the custom properties found on recent profiles. */
export async function sampleFields(session: KlaviyoSession): Promise<KlaviyoField[]> {
  const found = new Map<string, unknown>();
  let cursor: string | null = null;
  for (let page = 0; page < samplePages && (page === 0 || cursor !== null); page += 1) {
    const { data }: { data: z.infer<typeof profilePageSchema> } = await session.request({
      method: 'GET',
      path: '/api/profiles',
      query: { 'fields[profile]': 'properties', sort: '-updated', 'page[size]': 100, 'page[cursor]': cursor ?? undefined },
      schema: profilePageSchema,
    });
    for (const { properties } of data.data.map(profileOf)) {
      for (const [name, value] of Object.entries(properties)) if (!found.has(name) || found.get(name) === null) found.set(name, value);
    }
    cursor = nextCursor(data.links);
  }
  const properties = [...found].map(([name, value]): KlaviyoField => {
    const sample = value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
    return { kind: 'property', name, label: name, type: typeOf(value), readOnly: false, ...(sample === '' ? {} : { sample: sample.slice(0, 60) }) };
  });
  return [...attributeFields, ...properties.sort((a, b) => a.name.localeCompare(b.name))];
}

function typeOf(value: unknown): KlaviyoField['type'] {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'object' && value !== null) return 'object';
  if (typeof value !== 'string') return 'unknown';
  return /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?.*)?$/.test(value) ? 'date' : 'string';
}

const labels: Record<string, string> = { 'location.address1': 'Address', 'location.address2': 'Address 2', 'location.zip': 'Postal code' };
const labelOf = (name: string): string => {
  const words = name.replace('location.', '').replaceAll('_', ' ');
  return labels[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
};
const attributeFields: KlaviyoField[] = [
  ...klaviyoAttributes.map((name): KlaviyoField => ({ kind: 'attribute', name, label: labelOf(name), type: 'string', readOnly: false })),
  { kind: 'attribute', name: 'subscriptions.email.marketing.consent', label: 'Email consent', type: 'string', readOnly: true, because: 'Consent is changed by subscribing and unsubscribing, not by a field.' },
  { kind: 'attribute', name: 'created', label: 'Created', type: 'date', readOnly: true, because: 'Klaviyo sets it.' },
  { kind: 'attribute', name: 'updated', label: 'Updated', type: 'date', readOnly: true, because: 'Klaviyo sets it.' },
];

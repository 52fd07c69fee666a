import { z } from 'zod';
import { VendorBug } from '../../errors.js';
import { fieldOf, refusalCode } from './errors.js';
import { pageOf, readAll } from './paging.js';
import { profileJson } from './profile-json.js';
import type { KlaviyoSession } from './session.js';
import type { ImportJob, KlaviyoProfileWrite } from './types.js';

/** What one import job takes. https://developers.klaviyo.com/en/reference/bulk_import_profiles */
const mostProfiles = 10_000;
const mostBytes = 5_000_000;

/** Starts an import job of up to 10,000 profiles and 5 MB; answers its id. Consent is not touched. */
export async function bulkImport(
  session: KlaviyoSession,
  writes: readonly KlaviyoProfileWrite[],
  options: { listIds?: readonly string[] } = {},
): Promise<string> {
  const { listIds = [] } = options;
  if (writes.length > mostProfiles) throw new VendorBug('An import job takes 10,000 profiles at most.');
  const data = {
    type: 'profile-bulk-import-job',
    attributes: { profiles: { data: writes.map(profileJson) } },
    ...(listIds.length === 0
      ? {}
      : { relationships: { lists: { data: listIds.map((id) => ({ type: 'list', id })) } } }),
  };
  if (Buffer.byteLength(JSON.stringify({ data })) > mostBytes) throw new VendorBug('An import job takes 5 MB at most.');
  const answer = await session.request({
    method: 'POST',
    path: '/api/profile-bulk-import-jobs',
    body: { data },
    schema: z.object({ data: z.object({ id: z.string() }) }),
  });
  return answer.data.data.id;
}

const jobSchema = z.object({
  data: z.object({
    id: z.string(),
    attributes: z
      .object({
        status: z.enum(['queued', 'processing', 'complete', 'cancelled']),
        total_count: z.number().nullish(),
        completed_count: z.number().nullish(),
        failed_count: z.number().nullish(),
      })
      .loose(),
  }),
});

const jobPath = (jobId: string): string => `/api/profile-bulk-import-jobs/${encodeURIComponent(jobId)}`;

/** How an import job stands. */
export async function importJob(session: KlaviyoSession, jobId: string): Promise<ImportJob> {
  const { data } = await session.request({ method: 'GET', path: jobPath(jobId), schema: jobSchema });
  const { status, total_count, completed_count, failed_count } = data.data.attributes;
  return {
    id: data.data.id,
    status,
    total: total_count ?? 0,
    completed: completed_count ?? 0,
    failed: failed_count ?? 0,
  };
}

const errorSchema = z.object({
  attributes: z
    .object({
      code: z.string().default(''),
      title: z.string().default(''),
      detail: z.string().default(''),
      source: z.object({ pointer: z.string().nullish() }).loose().nullish(),
      original_payload: z.record(z.string(), z.unknown()).nullish().catch(undefined),
    })
    .loose(),
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
  const path = `${jobPath(jobId)}/import-errors`;
  const rows = await readAll(session, path, { 'page[size]': 100 }, pageOf(errorSchema));
  return rows.map(({ attributes }) => importErrorOf(attributes));
}

/** Reads one import error. The payload is the profile as it was sent, or only its attributes. Pure. */
export function importErrorOf(attributes: z.infer<typeof errorSchema>['attributes']): ImportError {
  const payload = attributes.original_payload ?? {};
  const inner = payload['attributes'];
  const values: Record<string, unknown> = typeof inner === 'object' && inner !== null ? { ...inner } : payload;
  const [email, id] = [values['email'], payload['id'] ?? values['id']];
  const pointer = attributes.source?.pointer;
  const field = fieldOf(pointer) ?? /([a-z_0-9]+)$/.exec(pointer ?? '')?.[1];
  return {
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof email === 'string' ? { email } : {}),
    code: refusalCode(400, { ...attributes, source: null, meta: null }, field),
    detail: attributes.detail === '' ? attributes.title : attributes.detail,
    ...(field === undefined ? {} : { field }),
  };
}

import { z } from 'zod';
import { inChunks, mapLimited } from '../call.js';
import { refusedOf } from '../in-halves.js';
import type { HubspotSession } from './session.js';
import { apiVersion } from './version.js';

/** A CRM record as HubSpot sends it. */
export const recordSchema = z.object({
  id: z.string(),
  properties: z.record(z.string(), z.string().nullable()),
  createdAt: z.string(),
  updatedAt: z.string(),
  archived: z.boolean().default(false),
  objectWriteTraceId: z.string().optional(),
});

export type HubspotRecord = z.infer<typeof recordSchema>;

export const batchSchema = z.object({ results: z.array(recordSchema), errors: z.array(z.unknown()).optional() });

/** Path of an object type's endpoints. */
export const objectPath = (type: string, rest = ''): string => `/crm/objects/${apiVersion}/${type}${rest}`;

/**
 * Reads records by id (or by email), a hundred a call. Answers what was found; the rest is missing. The properties stand
 * in the body, so that there may be any number of them.
 */
export async function batchRead(
  session: HubspotSession,
  type: 'contacts' | 'companies' | 'deals',
  ids: readonly string[],
  properties: readonly string[],
  idProperty?: string,
): Promise<HubspotRecord[]> {
  const read = async (part: readonly string[]): Promise<HubspotRecord[]> => {
    const answer = await session.request({
      operation: `${type}.batchRead`,
      method: 'POST',
      path: objectPath(type, '/batch/read'),
      body: {
        inputs: part.map((id) => ({ id })),
        properties: [...new Set(properties)],
        propertiesWithHistory: [],
        ...(idProperty === undefined ? {} : { idProperty }),
      },
      schema: batchSchema,
      reads: true,
    });
    return answer.results;
  };
  const pages = await mapLimited(inChunks([...new Set(ids)], 100), 3, async (chunk) => {
    const records: HubspotRecord[] = [];
    // An id or address that HubSpot will not even look up belongs to nobody there.
    await refusedOf(chunk, async (part) => {
      records.push(...(await read(part)));
    });
    return records;
  });
  return pages.flat();
}

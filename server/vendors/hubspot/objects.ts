import { z } from 'zod';
import { inChunks, mapLimited } from '../call.js';
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

export const batchSchema = z.object({ results: z.array(recordSchema), errors: z.array(z.unknown()).optional() });

/** Path of an object type's endpoints. */
export const objectPath = (type: string, rest = ''): string => `/crm/objects/${apiVersion}/${type}${rest}`;

/** Reads records by id (or by email), a hundred a call. Answers what was found; the rest is missing. */
export async function batchRead(
  session: HubspotSession,
  type: 'contacts' | 'companies' | 'deals',
  ids: readonly string[],
  properties: readonly string[],
  idProperty?: string,
): Promise<z.infer<typeof recordSchema>[]> {
  const pages = await mapLimited(inChunks([...new Set(ids)], 100), 3, async (chunk) => {
    const answer = await session.request({
      operation: `${type}.batchRead`,
      method: 'POST',
      path: objectPath(type, '/batch/read'),
      body: { inputs: chunk.map((id) => ({ id })), properties, propertiesWithHistory: [], ...(idProperty === undefined ? {} : { idProperty }) },
      schema: batchSchema,
    });
    return answer.results;
  });
  return pages.flat();
}

import { z } from 'zod';
import { inChunks, mapLimited } from '../call.js';
import type { HubspotSession } from './session.js';
import { apiVersion } from './version.js';

/** HubSpot's type id of "contact → its primary company". */
const primaryCompany = 1;

const schema = z.object({
  results: z.array(
    z.object({
      from: z.object({ id: z.string() }),
      to: z.array(z.object({ toObjectId: z.union([z.string(), z.number()]).transform(String), associationTypes: z.array(z.object({ typeId: z.number() }).loose()) })),
    }),
  ),
});

/** The primary company of each contact that has one, a thousand contacts a call. */
export async function primaryCompanies(session: HubspotSession, contactIds: readonly string[]): Promise<Map<string, string>> {
  const pages = await mapLimited(inChunks([...new Set(contactIds)], 1000), 2, (chunk) =>
    session.request({
      operation: 'associations.batchRead',
      method: 'POST',
      path: `/crm/associations/${apiVersion}/contacts/companies/batch/read`,
      body: { inputs: chunk.map((id) => ({ id })) },
      schema,
    }),
  );
  const companies = new Map<string, string>();
  for (const { from, to } of pages.flatMap((page) => page.results)) {
    const primary = to.find((one) => one.associationTypes.some((type) => type.typeId === primaryCompany));
    if (primary !== undefined) companies.set(from.id, primary.toObjectId);
  }
  return companies;
}

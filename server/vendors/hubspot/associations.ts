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
      to: z.array(
        z.object({
          toObjectId: z.union([z.string(), z.number()]).transform(String),
          associationTypes: z.array(z.object({ typeId: z.number() }).loose()),
        }),
      ),
      paging: z.object({ next: z.object({ after: z.string() }).nullish() }).nullish(),
    }),
  ),
});

/** The primary company of each contact that has one, a thousand contacts a call. */
export async function primaryCompanies(
  session: HubspotSession,
  contactIds: readonly string[],
): Promise<Map<string, string>> {
  const companies = new Map<string, string>();
  await mapLimited(inChunks([...new Set(contactIds)], 1000), 2, async (chunk) => {
    let inputs: { id: string; after?: string }[] = chunk.map((id) => ({ id }));
    while (inputs.length > 0) {
      const { results } = await session.request({
        operation: 'associations.batchRead',
        method: 'POST',
        path: `/crm/associations/${apiVersion}/contacts/companies/batch/read`,
        body: { inputs },
        schema,
        reads: true,
      });
      inputs = [];
      for (const { from, to, paging } of results) {
        const primary = to.find((one) => one.associationTypes.some((type) => type.typeId === primaryCompany));
        const after = paging?.next?.after;
        if (primary !== undefined) companies.set(from.id, primary.toObjectId);
        // A contact of very many companies: the primary one may stand on a later page.
        else if (after !== undefined) inputs.push({ id: from.id, after });
      }
    }
  });
  return companies;
}

/** One page of the contacts of companies, by company; `next` holds the companies that have more. */
export async function contactsOfCompanies(
  session: HubspotSession,
  inputs: readonly { id: string; after?: string }[],
): Promise<{ contactIds: string[]; next: { id: string; after: string }[] }> {
  const { results } = await session.request({
    operation: 'associations.batchRead',
    method: 'POST',
    path: `/crm/associations/${apiVersion}/companies/contacts/batch/read`,
    body: { inputs },
    schema,
    reads: true,
  });
  return {
    contactIds: [...new Set(results.flatMap(({ to }) => to.map(({ toObjectId }) => toObjectId)))],
    next: results.flatMap(({ from, paging }) =>
      paging?.next == null ? [] : [{ id: from.id, after: paging.next.after }],
    ),
  };
}

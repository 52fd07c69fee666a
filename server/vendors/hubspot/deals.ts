import { z } from 'zod';
import { inChunks, mapLimited } from '../call.js';
import { batchRead } from './objects.js';
import type { HubspotSession } from './session.js';
import { apiVersion } from './version.js';

export interface Deal {
  id: string;
  name: string;
  /** Won or lost. A new deal may have no word on it yet: it is open. */
  closed: boolean;
  createdAt: string;
  pipeline: string;
  stage: string;
}

const schema = z.object({
  results: z.array(
    z.object({
      from: z.object({ id: z.string() }),
      to: z.array(z.object({ toObjectId: z.union([z.string(), z.number()]).transform(String) }).loose()),
      paging: z.object({ next: z.object({ after: z.string() }).nullish() }).nullish(),
    }),
  ),
});

/** The deals of contacts, by contact: associations a thousand contacts a call, deals a hundred a call. */
export async function dealsOf(session: HubspotSession, contactIds: readonly string[]): Promise<Map<string, Deal[]>> {
  const idsOf = new Map<string, string[]>();
  await mapLimited(inChunks([...new Set(contactIds)], 1000), 2, async (chunk) => {
    let inputs: { id: string; after?: string }[] = chunk.map((id) => ({ id }));
    while (inputs.length > 0) {
      const { results } = await session.request({
        operation: 'associations.batchRead',
        method: 'POST',
        path: `/crm/associations/${apiVersion}/contacts/deals/batch/read`,
        body: { inputs },
        schema,
        reads: true,
      });
      inputs = [];
      for (const { from, to, paging } of results) {
        idsOf.set(from.id, [...(idsOf.get(from.id) ?? []), ...to.map(({ toObjectId }) => toObjectId)]);
        const after = paging?.next?.after;
        if (after !== undefined) inputs.push({ id: from.id, after });
      }
    }
  });
  const records = await batchRead(
    session,
    'deals',
    [...new Set([...idsOf.values()].flat())],
    ['dealname', 'hs_is_closed', 'createdate', 'pipeline', 'dealstage'],
  );
  const byId = new Map(
    records.map(({ id, properties, createdAt }): [string, Deal] => [
      id,
      {
        id,
        name: properties['dealname'] ?? '',
        closed: properties['hs_is_closed'] === 'true',
        createdAt: properties['createdate'] ?? createdAt,
        pipeline: properties['pipeline'] ?? '',
        stage: properties['dealstage'] ?? '',
      },
    ]),
  );
  return new Map([...idsOf].map(([contactId, ids]) => [contactId, ids.flatMap((id) => byId.get(id) ?? [])]));
}

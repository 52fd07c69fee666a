import { z } from 'zod';
import type { HubspotSession } from './session.js';
import { apiVersion } from './version.js';

export interface DealPipeline {
  id: string;
  name: string;
}

/** The pipelines that deals go through, in the order in which HubSpot shows them. It hands out all in one answer. */
export async function readDealPipelines(session: HubspotSession): Promise<DealPipeline[]> {
  const { results } = await session.request({
    operation: 'pipelines.list',
    method: 'GET',
    path: `/crm/pipelines/${apiVersion}/deals`,
    schema: z.object({
      results: z.array(
        z.object({
          id: z.string(),
          label: z.string(),
          displayOrder: z.number(),
          archived: z.boolean().optional(),
        }),
      ),
    }),
  });
  return results
    .filter(({ archived }) => archived !== true)
    .sort((a, b) => a.displayOrder - b.displayOrder || a.label.localeCompare(b.label, 'en'))
    .map(({ id, label }) => ({ id, name: label }));
}

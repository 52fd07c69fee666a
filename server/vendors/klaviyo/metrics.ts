import { z } from 'zod';
import { pageOf, readAll } from './paging.js';
import type { KlaviyoSession } from './session.js';

export interface KlaviyoMetric {
  id: string;
  name: string;
  /** Name of the integration it belongs to; `Klaviyo` for its own. */
  integration: string;
}

const schema = pageOf(
  z.object({
    id: z.string(),
    attributes: z
      .object({ name: z.string(), integration: z.object({ name: z.string().nullish() }).loose().nullish() })
      .loose(),
  }),
);

/**
 * Klaviyo's own metrics. Names are not unique across integrations, ids differ per account, and a metric comes to be with
 * its first event: list them anew now and then.
 */
export async function readMetrics(session: KlaviyoSession): Promise<KlaviyoMetric[]> {
  const rows = await readAll(session, '/api/metrics', { filter: 'equals(integration.name,"Klaviyo")' }, schema);
  return rows.map(({ id, attributes }) => ({
    id,
    name: attributes.name,
    integration: attributes.integration?.name ?? '',
  }));
}

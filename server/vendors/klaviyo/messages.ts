import { z } from 'zod';
import { pageOf, readAll } from './paging.js';
import type { KlaviyoSession } from './session.js';

const pageSchema = pageOf(
  z.object({
    id: z.string(),
    attributes: z.object({ name: z.string().nullish(), archived: z.boolean().nullish() }).loose(),
  }),
);

export interface MessageSource {
  id: string;
  name: string;
  archived: boolean;
}

async function readSources(
  session: KlaviyoSession,
  path: string,
  query: Record<string, string | number>,
): Promise<MessageSource[]> {
  const rows = await readAll(session, path, query, pageSchema);
  return rows.map(({ id, attributes }) => ({
    id,
    name: attributes.name ?? id,
    archived: attributes.archived ?? false,
  }));
}

/** All flows, fifty a call. */
export const readFlows = (session: KlaviyoSession): Promise<MessageSource[]> =>
  readSources(session, '/api/flows', { 'fields[flow]': 'name,archived', 'page[size]': 50 });

/** All email campaigns, a hundred a call; Klaviyo insists on a channel. */
export const readCampaigns = (session: KlaviyoSession): Promise<MessageSource[]> =>
  readSources(session, '/api/campaigns', {
    filter: "equals(messages.channel,'email')",
    'page[size]': 100,
  });

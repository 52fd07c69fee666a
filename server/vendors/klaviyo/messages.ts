import { z } from 'zod';
import { nextCursor } from './profile-json.js';
import type { KlaviyoSession } from './session.js';

const pageSchema = z.object({
  data: z.array(z.object({ id: z.string(), attributes: z.object({ name: z.string(), archived: z.boolean().nullish() }).loose() })),
  links: z.object({ next: z.string().nullish() }).loose().nullish(),
});

export interface MessageSource {
  id: string;
  name: string;
  archived: boolean;
}

async function readAll(session: KlaviyoSession, path: string, query: Record<string, string | number>): Promise<MessageSource[]> {
  const found: MessageSource[] = [];
  let cursor: string | null = null;
  do {
    const { data }: { data: z.infer<typeof pageSchema> } = await session.request({ method: 'GET', path, query: { ...query, 'page[cursor]': cursor ?? undefined }, schema: pageSchema });
    found.push(...data.data.map(({ id, attributes }) => ({ id, name: attributes.name, archived: attributes.archived ?? false })));
    cursor = nextCursor(data.links);
  } while (cursor !== null);
  return found;
}

/** All flows, fifty a call. */
export const readFlows = (session: KlaviyoSession): Promise<MessageSource[]> => readAll(session, '/api/flows', { 'page[size]': 50 });

/** All email campaigns; Klaviyo insists on a channel. */
export const readCampaigns = (session: KlaviyoSession): Promise<MessageSource[]> => readAll(session, '/api/campaigns', { filter: "equals(messages.channel,'email')" });

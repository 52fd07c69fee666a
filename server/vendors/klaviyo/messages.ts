import { z } from 'zod';
import { nextCursor, pageOf, readAll } from './paging.js';
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

/** One email of a campaign, with whom the campaign was sent to. */
export interface CampaignMessage {
  messageId: string;
  campaignId: string;
  /** Of the campaign. */
  name: string;
  subject: string | null;
  /** Lists and segments, mixed, that the campaign was sent to and kept from. */
  included: string[];
  excluded: string[];
}

const audiences = z
  .object({ included: z.array(z.string()).nullish(), excluded: z.array(z.string()).nullish() })
  .loose()
  .nullish();
const relatedMany = z
  .object({ data: z.array(z.object({ id: z.string() }).loose()).nullish() })
  .loose()
  .nullish();
const campaignsSchema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      attributes: z.object({ name: z.string().nullish(), audiences }).loose(),
      relationships: z.object({ 'campaign-messages': relatedMany }).loose(),
    }),
  ),
  included: z
    .array(
      z
        .object({
          type: z.string(),
          id: z.string(),
          attributes: z
            .object({
              definition: z
                .object({ content: z.object({ subject: z.string().nullish() }).loose().nullish() })
                .loose()
                .nullish(),
            })
            .loose(),
        })
        .loose(),
    )
    .nullish(),
  links: z.object({ next: z.string().nullish() }).loose().nullish(),
});

/** Every email of every email campaign, archived ones too: those come only when asked for by themselves. */
export async function readCampaignMessages(session: KlaviyoSession): Promise<CampaignMessage[]> {
  const found: CampaignMessage[] = [];
  for (const archived of ['', ',equals(archived,true)']) {
    for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
      const { data: page }: { data: z.infer<typeof campaignsSchema> } = await session.request({
        method: 'GET',
        path: '/api/campaigns',
        query: {
          filter: `equals(messages.channel,'email')${archived}`,
          include: 'campaign-messages',
          'page[cursor]': cursor ?? undefined,
        },
        schema: campaignsSchema,
      });
      const subjects = new Map(
        (page.included ?? []).map(({ id, attributes }) => [id, attributes.definition?.content?.subject ?? null]),
      );
      for (const { id, attributes, relationships } of page.data)
        for (const message of relationships['campaign-messages']?.data ?? [])
          found.push({
            messageId: message.id,
            campaignId: id,
            name: attributes.name ?? id,
            subject: subjects.get(message.id) ?? null,
            included: attributes.audiences?.included ?? [],
            excluded: attributes.audiences?.excluded ?? [],
          });
      cursor = nextCursor(page.links);
    }
  }
  return found;
}

/** One email of a flow. */
export interface FlowMessage {
  name: string | null;
  subject: string | null;
  flowId: string | null;
  /** Lists and segments that start the flow; none when a metric or a date does. */
  triggerGroupIds: string[];
}

const named = z.object({ name: z.string().nullish() }).loose();
const flowMessageSchema = z.object({
  data: z.object({
    attributes: named.extend({
      definition: named
        .extend({
          content: z.object({ subject: z.string().nullish() }).loose().nullish(),
          subject_line: z.string().nullish(),
        })
        .nullish(),
    }),
    relationships: z
      .object({
        'flow-action': z
          .object({ data: z.object({ id: z.string() }).loose().nullish() })
          .loose()
          .nullish(),
      })
      .loose(),
  }),
});
const flowSchema = z.object({
  data: z.object({
    id: z.string(),
    attributes: z
      .object({
        definition: z
          .object({ triggers: z.array(z.object({ type: z.string(), id: z.string().nullish() }).loose()).nullish() })
          .loose()
          .nullish(),
      })
      .loose(),
  }),
});

/**
 * One email of a flow: its name, subject, and the lists or segments that start the flow. Three calls of the narrow tier:
 * keep what it answers. Throws RecordRefused 404 for one that is gone.
 */
export async function readFlowMessage(session: KlaviyoSession, messageId: string): Promise<FlowMessage> {
  const { data: message } = await session.request({
    method: 'GET',
    path: `/api/flow-messages/${encodeURIComponent(messageId)}`,
    query: { include: 'flow-action' },
    schema: flowMessageSchema,
  });
  const { attributes, relationships } = message.data;
  const about = {
    name: attributes.definition?.name ?? attributes.name ?? null,
    subject: attributes.definition?.content?.subject ?? attributes.definition?.subject_line ?? null,
  };
  const actionId = relationships['flow-action']?.data?.id;
  if (actionId === undefined) return { ...about, flowId: null, triggerGroupIds: [] };
  const { data: owner } = await session.request({
    method: 'GET',
    path: `/api/flow-actions/${encodeURIComponent(actionId)}/flow`,
    query: { 'fields[flow]': 'name' },
    schema: z.object({ data: z.object({ id: z.string() }).loose() }),
  });
  const { data: flow } = await session.request({
    method: 'GET',
    path: `/api/flows/${encodeURIComponent(owner.data.id)}`,
    query: { 'additional-fields[flow]': 'definition' },
    schema: flowSchema,
  });
  const triggers = flow.data.attributes.definition?.triggers ?? [];
  return {
    ...about,
    flowId: flow.data.id,
    triggerGroupIds: triggers.flatMap(({ type, id }) => (/^(list|segment)$/.test(type) && id != null ? [id] : [])),
  };
}

import { z } from 'zod';
import { NeedsPerson, RecordRefused } from '../../errors.js';
import { pageOf, readAll } from './paging.js';
import type { KlaviyoSession } from './session.js';

/** A system webhook of ours. Klaviyo never tells its secret again, and its address only in part. */
export interface KlaviyoWebhook {
  id: string;
  name: string;
  /** Where it leads to; Klaviyo tells no more of its address. */
  origin: string | null;
  enabled: boolean;
  topics: string[];
}

export interface NewWebhook {
  name: string;
  url: string;
  /** At least sixteen characters. */
  secret: string;
  topics: readonly string[];
}

/**
 * Klaviyo refuses system webhooks to private keys of ordinary accounts (403 "Advanced KDP"); apps that were connected by
 * OAuth have them. Polling finds everything without.
 */
export const notAvailable = 'not_available';
type OrNot<T> = T | typeof notAvailable;

const webhookSchema = z.object({
  id: z.string(),
  attributes: z
    .object({ name: z.string(), endpoint_url: z.string().nullish(), enabled: z.boolean().nullish() })
    .loose(),
  relationships: z
    .object({
      'webhook-topics': z
        .object({ data: z.array(z.object({ id: z.string() }).loose()).nullish() })
        .loose()
        .nullish(),
    })
    .loose()
    .nullish(),
});

const webhookOf = ({ id, attributes, relationships }: z.infer<typeof webhookSchema>): KlaviyoWebhook => ({
  id,
  name: attributes.name,
  origin: originOf(attributes.endpoint_url ?? ''),
  enabled: attributes.enabled ?? true,
  topics: (relationships?.['webhook-topics']?.data ?? []).map((topic) => topic.id),
});

const originOf = (url: string): string | null => (URL.canParse(url) ? new URL(url).origin : null);

async function orNot<T>(ask: () => Promise<T>): Promise<OrNot<T>> {
  try {
    return await ask();
  } catch (error) {
    const denied = error instanceof NeedsPerson && error.code === 'missing_scope';
    if (denied || (error instanceof RecordRefused && error.detail.status === 403)) return notAvailable;
    throw error;
  }
}

/** Webhooks of the account that this app may see. */
export const readWebhooks = (session: KlaviyoSession): Promise<OrNot<KlaviyoWebhook[]>> =>
  orNot(async () =>
    (await readAll(session, '/api/webhooks', { include: 'webhook-topics' }, pageOf(webhookSchema))).map(webhookOf),
  );

/** Topics that the account can send; one comes to be with the metric's first event. */
export const readTopics = (session: KlaviyoSession): Promise<OrNot<string[]>> =>
  orNot(async () =>
    (await readAll(session, '/api/webhook-topics', {}, pageOf(z.object({ id: z.string() }).loose()))).map(
      ({ id }) => id,
    ),
  );

const topicsJson = (topics: readonly string[]): object => ({
  'webhook-topics': { data: topics.map((id) => ({ type: 'webhook-topic', id })) },
});

/** Makes a webhook. Klaviyo takes https addresses only and delivers some minutes later for the first time. */
export const createWebhook = (session: KlaviyoSession, webhook: NewWebhook): Promise<OrNot<KlaviyoWebhook>> =>
  orNot(async () => {
    const { data } = await session.request({
      method: 'POST',
      path: '/api/webhooks',
      body: {
        data: {
          type: 'webhook',
          attributes: { name: webhook.name, endpoint_url: webhook.url, secret_key: webhook.secret },
          relationships: topicsJson(webhook.topics),
        },
      },
      schema: z.object({ data: webhookSchema }),
    });
    return webhookOf(data.data);
  });

/** Changes a webhook: its topics, its secret, or whether it is on. */
export const updateWebhook = (
  session: KlaviyoSession,
  id: string,
  change: { enabled?: boolean; secret?: string; url?: string; topics?: readonly string[] },
): Promise<OrNot<KlaviyoWebhook>> =>
  orNot(async () => {
    const { data } = await session.request({
      method: 'PATCH',
      path: `/api/webhooks/${encodeURIComponent(id)}`,
      body: {
        data: {
          type: 'webhook',
          id,
          attributes: {
            ...(change.enabled === undefined ? {} : { enabled: change.enabled }),
            ...(change.secret === undefined ? {} : { secret_key: change.secret }),
            ...(change.url === undefined ? {} : { endpoint_url: change.url }),
          },
          ...(change.topics === undefined ? {} : { relationships: topicsJson(change.topics) }),
        },
      },
      schema: z.object({ data: webhookSchema }),
    });
    return webhookOf(data.data);
  });

/** Takes a webhook away; one that is gone already is fine. */
export const deleteWebhook = (session: KlaviyoSession, id: string): Promise<OrNot<null>> =>
  orNot(async () => {
    try {
      await session.request({ method: 'DELETE', path: `/api/webhooks/${encodeURIComponent(id)}`, schema: z.unknown() });
    } catch (error) {
      if (!(error instanceof RecordRefused) || error.detail.status !== 404) throw error;
    }
    return null;
  });

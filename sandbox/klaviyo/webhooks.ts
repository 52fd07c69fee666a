import type { Router, SandboxAnswer, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalid, klaviyoError, notFound, shownTime } from './answers.js';
import { oneAnswer, sortedPage } from './paging.js';
import type { AccountOf } from './profiles.js';
import type { Webhook } from './records.js';
import { pick, wantedFields } from './serialise.js';
import type { Account } from './store.js';
import { topicsOf } from './webhook-topics.js';

interface WebhookBody {
  data?: {
    type?: string;
    id?: string;
    attributes?: {
      name?: string;
      description?: string | null;
      endpoint_url?: string;
      secret_key?: string;
      enabled?: boolean | null;
    };
    relationships?: { 'webhook-topics'?: { data?: { id?: string }[] } };
  };
}

const mostWebhooks = 10;
const shortestSecret = 16;
const loopback = ['127.0.0.1', 'localhost', '[::1]'];

/** System webhooks. With a private key they need a plan that the stand-in's accounts do not have; apps may use them. */
export function addWebhookRoutes(router: Router, accountOf: AccountOf): void {
  const allowed = (request: SandboxRequest): Account => {
    if (!(request.headers['authorization'] ?? '').startsWith('Bearer ')) {
      const detail = 'You must have Advanced KDP enabled to access this resource.';
      throw new Refusal(klaviyoError(403, 'permission_denied', 'Permission denied.', detail));
    }
    return accountOf(request);
  };
  const webhookJson = (request: SandboxRequest, webhook: Webhook): Record<string, unknown> => {
    const self = `${request.url.origin}/api/webhooks/${webhook.id}/`;
    const attributes = {
      name: webhook.name,
      description: webhook.description,
      // The secret is never told, the address only in part.
      endpoint_url: `${new URL(webhook.endpointUrl).origin}/*****`,
      enabled: webhook.enabled,
      created_at: shownTime(webhook.created),
      updated_at: shownTime(webhook.updated),
    };
    return {
      type: 'webhook',
      id: webhook.id,
      attributes: pick(attributes, wantedFields(request, 'webhook')),
      relationships: {
        'webhook-topics': {
          data: webhook.topics.map((id) => ({ type: 'webhook-topic', id })),
          links: { self: `${self}relationships/webhook-topics/`, related: `${self}webhook-topics/` },
        },
      },
      links: { self },
    };
  };
  const topicJson = (request: SandboxRequest, id: string): Record<string, unknown> => ({
    type: 'webhook-topic',
    id,
    links: { self: `${request.url.origin}/api/webhook-topics/${id}/` },
  });
  const webhookOf = (request: SandboxRequest): Webhook => {
    const webhook = allowed(request).webhooks.get(request.params['id'] ?? '');
    if (webhook === undefined) throw new Refusal(notFound('webhook', request.params['id'] ?? ''));
    return webhook;
  };
  const dataOf = (request: SandboxRequest): NonNullable<WebhookBody['data']> => {
    const { data } = (request.json ?? {}) as WebhookBody;
    if (data?.type !== 'webhook')
      throw new Refusal(invalid("The payload must have a 'data' of type 'webhook'.", '/data/type'));
    return data;
  };

  router.add('GET', '/api/webhooks', 'webhooks.list', (request) => {
    const { webhooks } = allowed(request);
    return sortedPage(request, webhooks.values(), {
      size: mostWebhooks,
      keys: { created: ({ created }) => created },
      json: (webhook) => webhookJson(request, webhook),
      ...((request.query.get('include') ?? '') === 'webhook-topics'
        ? {
            included: (page: Webhook[]) =>
              [...new Set(page.flatMap(({ topics }) => topics))].map((id) => topicJson(request, id)),
          }
        : {}),
    });
  });
  router.add('GET', '/api/webhooks/:id', 'webhooks.get', (request) =>
    oneAnswer(request, webhookJson(request, webhookOf(request))),
  );
  router.add(
    'POST',
    '/api/webhooks',
    'webhooks.create',
    (request) => {
      const account = allowed(request);
      const data = dataOf(request);
      const { name, description = null, endpoint_url: url, secret_key: secret } = data.attributes ?? {};
      const topics = topicsAsked(account, data) ?? [];
      if (!name) return invalid('A name is required.', '/data/attributes/name');
      const refusal = refused(url ?? '', secret ?? '') ?? noTopic(topics);
      if (refusal !== null) return refusal;
      if (account.webhooks.size >= mostWebhooks) return invalid(`At most ${mostWebhooks} webhooks are allowed.`);
      const now = account.now();
      const webhook: Webhook = {
        id: account.newId(26),
        name,
        description,
        endpointUrl: url ?? '',
        secret: secret ?? '',
        enabled: true,
        created: now,
        updated: now,
        topics,
      };
      account.webhooks.set(webhook.id, webhook);
      return oneAnswer(request, webhookJson(request, webhook), { status: 201 });
    },
    true,
  );
  router.add(
    'PATCH',
    '/api/webhooks/:id',
    'webhooks.update',
    (request) => {
      const [account, webhook] = [allowed(request), webhookOf(request)];
      const data = dataOf(request);
      const { name, description, endpoint_url: url, secret_key: secret, enabled } = data.attributes ?? {};
      const topics = topicsAsked(account, data);
      const refusal =
        refused(url ?? webhook.endpointUrl, secret ?? webhook.secret) ?? (topics === null ? null : noTopic(topics));
      if (refusal !== null) return refusal;
      Object.assign(webhook, {
        name: name ?? webhook.name,
        // A null here is ignored.
        description: description ?? webhook.description,
        endpointUrl: url ?? webhook.endpointUrl,
        secret: secret ?? webhook.secret,
        enabled: enabled ?? webhook.enabled,
        topics: topics ?? webhook.topics,
        updated: account.now(),
      });
      return oneAnswer(request, webhookJson(request, webhook));
    },
    true,
  );
  router.add(
    'DELETE',
    '/api/webhooks/:id',
    'webhooks.delete',
    (request) => {
      allowed(request).webhooks.delete(webhookOf(request).id);
      return { status: 204 };
    },
    true,
  );
  router.add('GET', '/api/webhook-topics', 'webhooks.topics', (request) => {
    const topics = topicsOf(allowed(request)).map((id) => ({ id }));
    return sortedPage(request, topics, {
      size: 500,
      keys: { id: ({ id }) => id },
      json: ({ id }) => topicJson(request, id),
    });
  });
  router.add('GET', '/api/webhook-topics/:id', 'webhooks.topic', (request) => {
    const id = request.params['id'] ?? '';
    if (!topicsOf(allowed(request)).includes(id)) return notFound('webhook-topic', id);
    return oneAnswer(request, topicJson(request, id));
  });
}

function topicsAsked(account: Account, data: NonNullable<WebhookBody['data']>): string[] | null {
  const asked = data.relationships?.['webhook-topics']?.data?.map(({ id = '' }) => id) ?? null;
  const known = topicsOf(account);
  const wrong = asked?.find((id) => !known.includes(id));
  if (wrong !== undefined)
    throw new Refusal(invalid(`'${wrong}' is not a webhook topic.`, '/data/relationships/webhook-topics'));
  return asked;
}

const noTopic = (topics: readonly string[]): SandboxAnswer | null =>
  topics.length === 0 ? invalid('At least one topic is required.', '/data/relationships/webhook-topics') : null;

/** Klaviyo takes https only; here a server on the same machine will do as well. */
function refused(url: string, secret: string): SandboxAnswer | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const fits = parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && loopback.includes(parsed.hostname));
  if (!fits) return invalid('The endpoint URL must be an https address.', '/data/attributes/endpoint_url');
  if (secret.length >= shortestSecret) return null;
  return invalid(`The secret key must have at least ${shortestSecret} characters.`, '/data/attributes/secret_key');
}

import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalidParameter, notFound } from './answers.js';
import { clausesOf, isAmong, stretchOf, within, type Filterable } from './filter.js';
import type { Campaign } from './messages.js';
import { oneAnswer, pageAnswer, pageSize, sortedPage } from './paging.js';
import type { AccountOf } from './profiles.js';
import { pick, relationships, wantedFields } from './serialise.js';

type Json = Record<string, unknown>;

const iso = (ms: number): string => new Date(ms).toISOString().replace('Z', '000+00:00');
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));
const ranges = 'greater-than greater-or-equal less-than less-or-equal';
const filters: Filterable = {
  id: 'string any',
  'messages.channel': 'string equals',
  name: 'string contains',
  status: 'string any equals',
  archived: 'boolean equals',
  created_at: `datetime ${ranges}`,
  scheduled_at: `datetime ${ranges}`,
  updated_at: `datetime ${ranges}`,
};

function campaignJson(request: SandboxRequest, campaign: Campaign): Json {
  const self = `${request.url.origin}/api/campaigns/${campaign.id}/`;
  const attributes = {
    name: campaign.name,
    status: campaign.status,
    archived: campaign.archived,
    audiences: { included: campaign.included, excluded: campaign.excluded },
    send_options: { use_smart_sending: true },
    tracking_options: {
      add_tracking_params: true,
      custom_tracking_params: [],
      ...(campaign.channel === 'email' ? { is_tracking_clicks: true, is_tracking_opens: true } : {}),
    },
    send_strategy:
      campaign.scheduledAt === null
        ? { method: 'immediate' }
        : { method: 'static', datetime: iso(campaign.sentAt ?? campaign.scheduledAt), options: { is_local: false } },
    created_at: iso(campaign.createdAt),
    scheduled_at: isoOrNull(campaign.scheduledAt),
    updated_at: iso(campaign.updatedAt),
    send_time: isoOrNull(campaign.sentAt),
  };
  return {
    type: 'campaign',
    id: campaign.id,
    attributes: pick(attributes, wantedFields(request, 'campaign')),
    relationships: {
      ...relationships(self, ['tags']),
      'campaign-messages': {
        data: [{ type: 'campaign-message', id: campaign.message.id }],
        links: { self: `${self}relationships/campaign-messages/`, related: `${self}campaign-messages/` },
      },
    },
    links: { self },
  };
}

function messageJson(request: SandboxRequest, campaign: Campaign): Json {
  const { id, label, subject, previewText } = campaign.message;
  const self = `${request.url.origin}/api/campaign-messages/${id}/`;
  const definition =
    campaign.channel === 'email'
      ? {
          channel: 'email',
          label,
          content: {
            subject,
            preview_text: previewText,
            from_email: 'hello@example.com',
            from_label: 'Lantern Books',
            reply_to_email: null,
            cc_email: null,
            bcc_email: null,
          },
        }
      : { channel: 'sms', content: { body: campaign.name, media_url: null } };
  const attributes = {
    definition,
    send_times: campaign.sentAt === null ? [] : [{ datetime: iso(campaign.sentAt), is_local: false }],
    created_at: iso(campaign.createdAt),
    updated_at: iso(campaign.updatedAt),
  };
  return {
    type: 'campaign-message',
    id,
    attributes: pick(attributes, wantedFields(request, 'campaign-message')),
    relationships: {
      ...relationships(self, ['template', 'image']),
      campaign: {
        data: { type: 'campaign', id: campaign.id },
        links: { self: `${self}relationships/campaign/`, related: `${self}campaign/` },
      },
    },
    links: { self },
  };
}

const includes = (request: SandboxRequest, name: string): boolean =>
  (request.query.get('include') ?? '').split(',').includes(name);

/** Campaigns and their messages, to read. A listing must name its channel; archived ones come only when asked for. */
export function addCampaignRoutes(router: Router, accountOf: AccountOf): void {
  const campaignOf = (request: SandboxRequest): Campaign => {
    const id = request.params['id'] ?? '';
    const campaign = accountOf(request).campaigns.find((one) => one.id === id);
    if (campaign === undefined) throw new Refusal(notFound('campaign', id));
    return campaign;
  };
  const ofMessage = (request: SandboxRequest): Campaign => {
    const id = request.params['id'] ?? '';
    const campaign = accountOf(request).campaigns.find(({ message }) => message.id === id);
    if (campaign === undefined) throw new Refusal(notFound('campaign message', id));
    return campaign;
  };
  const withMessage = (request: SandboxRequest, json: Json, campaign: Campaign): Json =>
    includes(request, 'campaign-messages') ? { ...json, included: [messageJson(request, campaign)] } : json;

  router.add('GET', '/api/campaigns', 'campaigns.list', (request) => {
    const clauses = clausesOf(request, filters);
    if (!clauses.some(({ field }) => field === 'messages.channel')) {
      return invalidParameter('filter', 'A channel filter is required to list campaigns.');
    }
    const size = pageSize(request, 100, 100);
    const [created, scheduled, updated] = ['created_at', 'scheduled_at', 'updated_at'].map((field) =>
      stretchOf(clauses, field),
    );
    const archived = clauses.find(({ field }) => field === 'archived')?.values[0] === 'true';
    const found = accountOf(request).campaigns.filter(
      (campaign) =>
        campaign.archived === archived &&
        within(created ?? {}, campaign.createdAt) &&
        within(scheduled ?? {}, campaign.scheduledAt ?? 0) &&
        within(updated ?? {}, campaign.updatedAt) &&
        clauses.every((clause) => {
          if (clause.field === 'messages.channel') return isAmong(clause, campaign.channel);
          if (clause.field === 'id') return isAmong(clause, campaign.id);
          if (clause.field === 'status') return isAmong(clause, campaign.status);
          return clause.field !== 'name' || campaign.name.includes(clause.values[0] ?? '');
        }),
    );
    return sortedPage(request, found, {
      size,
      keys: {
        created_at: ({ createdAt }) => createdAt,
        id: ({ id }) => id,
        name: ({ name }) => name,
        scheduled_at: ({ scheduledAt }) => scheduledAt ?? 0,
        updated_at: ({ updatedAt }) => updatedAt,
      },
      json: (campaign) => campaignJson(request, campaign),
      ...(includes(request, 'campaign-messages')
        ? { included: (page: Campaign[]) => page.map((campaign) => messageJson(request, campaign)) }
        : {}),
    });
  });
  router.add('GET', '/api/campaigns/:id', 'campaigns.get', (request) => {
    const campaign = campaignOf(request);
    const answer = oneAnswer(request, campaignJson(request, campaign));
    return { ...answer, json: withMessage(request, answer.json as Json, campaign) };
  });
  router.add('GET', '/api/campaigns/:id/campaign-messages', 'campaigns.messages', (request) =>
    pageAnswer(request, [messageJson(request, campaignOf(request))], null),
  );
  router.add('GET', '/api/campaign-messages/:id', 'campaigns.message', (request) => {
    const campaign = ofMessage(request);
    const answer = oneAnswer(request, messageJson(request, campaign));
    if (!includes(request, 'campaign')) return answer;
    return { ...answer, json: { ...(answer.json as Json), included: [campaignJson(request, campaign)] } };
  });
  router.add('GET', '/api/campaign-messages/:id/campaign', 'campaigns.ofMessage', (request) =>
    oneAnswer(request, campaignJson(request, ofMessage(request))),
  );
}

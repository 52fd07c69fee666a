import { z } from 'zod';
import { nextCursor, pageOf } from './paging.js';
import type { KlaviyoSession } from './session.js';

/** Metrics of Klaviyo's own that tell of a change of email consent. */
const consentMetrics: readonly string[] = [
  'Subscribed to Email Marketing',
  'Unsubscribed from Email Marketing',
  'Manually Suppressed from Email Marketing',
  'Manually Unsuppressed from Email Marketing',
];

const ids = pageOf(z.object({ id: z.string() }).loose());
const metrics = pageOf(
  z.object({
    id: z.string(),
    attributes: z
      .object({ name: z.string(), integration: z.object({ name: z.string().nullish() }).loose().nullish() })
      .loose(),
  }),
);
const events = pageOf(
  z.object({
    relationships: z
      .object({
        profile: z
          .object({ data: z.object({ id: z.string() }).loose().nullish() })
          .loose()
          .nullish(),
      })
      .loose(),
  }),
);

/** One page of the profiles that were suppressed (or unsubscribed) since a moment. */
export async function profilesSuppressedSince(
  session: KlaviyoSession,
  since: Date,
  cursor: string | null,
): Promise<{ profileIds: string[]; cursor: string | null }> {
  const { data } = await session.request({
    method: 'GET',
    path: '/api/profiles',
    query: {
      filter: `greater-or-equal(subscriptions.email.marketing.suppression.timestamp,${since.toISOString()})`,
      sort: 'subscriptions.email.marketing.suppression.timestamp',
      'fields[profile]': 'updated',
      'page[size]': 100,
      'page[cursor]': cursor ?? undefined,
    },
    schema: ids,
  });
  return { profileIds: data.data.map(({ id }) => id), cursor: nextCursor(data.links) };
}

/** Ids of the account's metrics that tell of consent; those that never happened are not there yet. */
export async function consentMetricIds(session: KlaviyoSession): Promise<string[]> {
  const found: string[] = [];
  for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
    const { data }: { data: z.infer<typeof metrics> } = await session.request({
      method: 'GET',
      path: '/api/metrics',
      query: { filter: 'equals(integration.name,"Klaviyo")', 'page[cursor]': cursor ?? undefined },
      schema: metrics,
    });
    found.push(...data.data.filter(({ attributes }) => consentMetrics.includes(attributes.name)).map(({ id }) => id));
    cursor = nextCursor(data.links);
  }
  return found;
}

/** One page of the profiles with an event of one metric since a moment. */
export async function profilesOfEvents(
  session: KlaviyoSession,
  page: { metricId: string; since: Date; cursor: string | null },
): Promise<{ profileIds: string[]; cursor: string | null }> {
  const { data } = await session.request({
    method: 'GET',
    path: '/api/events',
    query: {
      filter: `equals(metric_id,"${page.metricId}"),greater-or-equal(datetime,${page.since.toISOString()})`,
      sort: 'datetime',
      'fields[event]': 'datetime',
      'page[size]': 200,
      'page[cursor]': page.cursor ?? undefined,
    },
    schema: events,
  });
  const profileIds = data.data.flatMap(({ relationships }) => relationships.profile?.data?.id ?? []);
  return { profileIds: [...new Set(profileIds)], cursor: nextCursor(data.links) };
}

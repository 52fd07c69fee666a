import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { notFound, shownTime } from './answers.js';
import type { Metric } from './event-store.js';
import { clausesOf, isAmong } from './filter.js';
import { oneAnswer, pageAnswer, sortedPage } from './paging.js';
import type { AccountOf } from './profiles.js';
import { pick, relationships, wantedFields } from './serialise.js';

type Json = Record<string, unknown>;

const categories: Record<string, string> = { Klaviyo: 'Internal', Shopify: 'eCommerce', API: 'API' };

export function metricJson(request: SandboxRequest, metric: Metric): Json {
  const self = `${request.url.origin}/api/metrics/${metric.id}/`;
  const attributes = {
    name: metric.name,
    created: shownTime(metric.created),
    updated: shownTime(metric.created),
    integration: {
      object: 'integration',
      id: metric.integration === 'Klaviyo' ? '0rG4eQ' : `1n${metric.integration.slice(0, 4)}`,
      key: metric.integration.toLowerCase(),
      name: metric.integration,
      category: categories[metric.integration] ?? 'API',
    },
  };
  return {
    type: 'metric',
    id: metric.id,
    attributes: pick(attributes, wantedFields(request, 'metric')),
    relationships: relationships(self, ['flow-triggers']),
    links: { self },
  };
}

/** Metrics: two hundred a page, in no order one may choose; several can share a name. */
export function addMetricRoutes(router: Router, accountOf: AccountOf): void {
  const metricOf = (request: SandboxRequest): Metric => {
    const metric = accountOf(request).events.metrics.get(request.params['id'] ?? '');
    if (metric === undefined) throw new Refusal(notFound('metric', request.params['id'] ?? ''));
    return metric;
  };
  router.add('GET', '/api/metrics', 'metrics.list', (request) => {
    const clauses = clausesOf(request, {
      'integration.name': 'string equals',
      // Accepted, and ignored.
      'integration.category': 'string equals',
    });
    const metrics = [...accountOf(request).events.metrics.values()].filter((metric) =>
      clauses.every((clause) => clause.field !== 'integration.name' || isAmong(clause, metric.integration)),
    );
    return sortedPage(request, metrics, {
      size: 200,
      keys: { id: ({ id }) => id },
      json: (one) => metricJson(request, one),
    });
  });
  router.add('GET', '/api/metrics/:id', 'metrics.get', (request) =>
    oneAnswer(request, metricJson(request, metricOf(request))),
  );
  router.add('GET', '/api/metrics/:id/metric-properties', 'metrics.properties', (request) => {
    const [{ events }, metric] = [accountOf(request), metricOf(request)];
    const newest = events.order(metric.id, null).page({ size: 20, descending: true }).ids;
    const found = new Map<string, unknown>();
    for (const id of newest) {
      for (const [name, value] of Object.entries(events.get(id)?.properties ?? {}))
        if (!found.has(name)) found.set(name, value);
    }
    const data = [...found].map(([property, value], index) => {
      const self = `${request.url.origin}/api/metric-properties/${metric.id}${index}/`;
      return {
        type: 'metric-property',
        id: `${metric.id}${index}`,
        attributes: { label: property, property, inferred_type: inferred(value) },
        relationships: relationships(self, ['metric']),
        links: { self },
      };
    });
    return pageAnswer(request, data, null);
  });
}

function inferred(value: unknown): string {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return 'numeric';
  return Array.isArray(value) ? 'list' : 'string';
}

import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What operators watch, under names that stay; what stands in the database: `metrics-of-database.ts`. */
export interface Metrics {
  registry: Registry;
  vendorCalls: Histogram<'vendor' | 'operation' | 'status'>;
  limiterWait: Histogram<'vendor'>;
  webhookEvents: Counter<'vendor' | 'outcome'>;
  refusals: Counter<'reason'>;
  drift: Counter;
  tokenRefreshes: Counter<'vendor' | 'outcome'>;
}

/** Makes the metrics of one process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    vendorCalls: new Histogram({
      name: 'tandem_vendor_call_seconds',
      help: 'Calls to vendors, by operation and status',
      labelNames: ['vendor', 'operation', 'status'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    limiterWait: new Histogram({
      name: 'tandem_limiter_wait_seconds',
      help: 'Time spent waiting for a vendor limit',
      labelNames: ['vendor'],
      buckets: [0.01, 0.1, 0.5, 1, 5, 30],
      registers,
    }),
    webhookEvents: new Counter({
      name: 'tandem_webhook_events_total',
      help: 'Webhook events, by what became of them',
      labelNames: ['vendor', 'outcome'],
      registers,
    }),
    refusals: new Counter({
      name: 'tandem_refusals_total',
      help: 'Requests refused at the door, by reason',
      labelNames: ['reason'],
      registers,
    }),
    drift: new Counter({
      name: 'tandem_drift_values_total',
      help: 'Mapped values that an audit found different and nobody had noticed',
      registers,
    }),
    tokenRefreshes: new Counter({
      name: 'tandem_token_refreshes_total',
      help: 'Token refreshes, by outcome',
      labelNames: ['vendor', 'outcome'],
      registers,
    }),
  };
}

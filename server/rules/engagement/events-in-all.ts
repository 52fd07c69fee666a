import type { ActivityKind } from './activity-kind.js';

/**
 * How many events of each kind there are to one receipt, roughly, as senders of marketing email see them. Only for telling
 * how far a run is: Klaviyo tells no numbers beforehand, and metrics are not read equally far.
 */
const toOneReceipt: Record<ActivityKind, number> = {
  received: 1,
  opened: 0.6,
  clicked: 0.1,
  bounced: 0.02,
  unsubscribed: 0.01,
  preferences: 0.005,
  spam: 0.002,
};

/** One metric of a run over the past, and which share of its time was read: 0 to 1. */
export interface ReadShare {
  kind: ActivityKind;
  share: number;
}

/**
 * How many events a run will have read in the end, from those it has read: exactly those once all is read, null while
 * nothing can be told.
 */
export function eventsInAll(done: number, metrics: readonly ReadShare[]): number | null {
  const weight = (of: (metric: ReadShare) => number): number =>
    metrics.reduce((sum, metric) => sum + toOneReceipt[metric.kind] * of(metric), 0);
  const [read, all] = [weight(({ share }) => Math.min(1, Math.max(0, share))), weight(() => 1)];
  if (metrics.every(({ share }) => share >= 1)) return done;
  return done === 0 || read <= 0 ? null : Math.max(done, Math.round((done * all) / read));
}

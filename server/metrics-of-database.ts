import { Gauge, type Registry } from 'prom-client';
import type { Logger } from 'pino';
import type { Gauges } from './store/gauges.js';

export interface DatabaseFigures {
  read(): Promise<Gauges>;
  /** Jobs waiting, by queue. */
  depths(): Promise<Record<string, number>>;
  log: Logger;
  now: () => number;
}

/** Milliseconds for which figures are good: several gauges, and several scrapers, are one look. */
const keptMs = 5000;

/**
 * Gauges of what stands in the database: read when Prometheus asks, so that every process shows the same. While the
 * database is away they show nothing, and the rest of the metrics stays readable.
 */
export function watchDatabase(registry: Registry, { read, depths, log, now }: DatabaseFigures): void {
  let last: { at: number; figures: Promise<(Gauges & { depths: Record<string, number> }) | null> } | null = null;
  const figures = (): Promise<(Gauges & { depths: Record<string, number> }) | null> => {
    if (last === null || now() - last.at > keptMs)
      last = {
        at: now(),
        figures: Promise.all([read(), depths()]).then(
          ([gauges, waiting]) => ({ ...gauges, depths: waiting }),
          (error: unknown) => {
            log.warn({ err: error }, 'the figures of the database could not be read');
            return null;
          },
        ),
      };
    return last.figures;
  };
  const gauge = <L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    values: (
      all: Gauges & { depths: Record<string, number> },
    ) => { labels: Partial<Record<L, string>>; value: number }[],
  ): void => {
    new Gauge<L>({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const all = await figures();
        this.reset();
        if (all !== null) for (const { labels, value } of values(all)) this.set(labels, value);
      },
    });
  };
  gauge('tandem_changes_waiting', 'Records that may differ and were not looked at yet', [], ({ changesWaiting }) => [
    { labels: {}, value: changesWaiting },
  ]);
  gauge('tandem_queue_depth', 'Jobs waiting, by queue', ['queue'], (all) =>
    Object.entries(all.depths).map(([queue, value]) => ({ labels: { queue }, value })),
  );
  gauge('tandem_lag_seconds', 'How far the furthest connection is behind, by kind', ['type'], ({ lag }) =>
    lag.map(({ type, seconds }) => ({ labels: { type }, value: seconds })),
  );
  gauge('tandem_issues_open', 'Open issues, by code', ['code'], ({ issues }) =>
    issues.map(({ code, n }) => ({ labels: { code }, value: n })),
  );
  gauge('tandem_connections', 'Connections, by kind and state', ['type', 'state'], ({ connections }) =>
    connections.map(({ type, state, n }) => ({ labels: { type, state }, value: n })),
  );
}

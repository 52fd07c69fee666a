import { RecordRefused } from '../errors.js';
import type { EngagementConnection } from '../rules/engagement/engagement-config.js';
import { eventsInAll } from '../rules/engagement/events-in-all.js';
import { engagementAccount } from '../store/engagement-accounts.js';
import { eventStreams, type EventStream } from '../store/event-streams.js';
import { assertLease, type Lease } from '../store/lease.js';
import { advanceRun, finishRun, startRun, type Run } from '../store/runs.js';
import type { KlaviyoEventPage } from '../vendors/klaviyo/events.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';
import { notYetMs, readEventPage, storePage } from './read-stream.js';
import { refreshMetrics } from './refresh-metrics.js';

/** Where a run over past events stands: which metric, and how far in its time. */
export interface EngagementCursor {
  metricIds: string[];
  index: number;
  sinceMs: number;
  untilMs: number;
  /** Up to here the metric was read; a page is asked for by Klaviyo's cursor, and by this time should that be refused. */
  atMs: number;
  after: string | null;
  /** Edit of the connection that this pass works under. */
  version: number;
}

/** "Sync now" reads so much of the past again. */
const manualMs = 7 * 86_400_000;

/**
 * Reads the next page of a run over past events (E7) and moves its cursor in the transaction that keeps them: after a
 * kill the page is read again and finds its events there. What a run finds waits behind what is live.
 */
export async function runPage(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  run: Run<EngagementCursor>,
): Promise<void> {
  const connection = scope.connections.find(({ id }) => id === run.connectionId);
  if (connection === undefined) return finishRun(ctx.db, run.id, 'cancelled', 'The connection no longer syncs.');
  if (run.state === 'queued') await startRun(ctx.db, run.id, null);
  // Edited meanwhile: what was left aside under the old rules is put before the new ones.
  const under = run.cursor?.version === connection.configVersion ? run.cursor : null;
  const cursor = under ?? (await firstCursor(ctx, scope, run, connection));
  const metricId = cursor.metricIds[cursor.index];
  if (metricId === undefined) {
    await finishRun(ctx.db, run.id, 'finished');
    ctx.log.info(
      { portalId: run.portalId, connectionId: run.connectionId, runId: run.id, done: run.done },
      'run finished',
    );
    return;
  }
  const streams = await eventStreams(ctx.db, scope.klaviyoAccountId);
  const stream = streams.find((one) => one.metricId === metricId);
  const page = stream === undefined ? { events: [], next: null } : await readPage(ctx, stream, cursor);
  const atMs = Math.max(cursor.atMs, page.events.at(-1)?.at.getTime() ?? 0);
  const next: EngagementCursor =
    page.next === null
      ? { ...cursor, index: cursor.index + 1, atMs: cursor.sinceMs, after: null }
      : { ...cursor, atMs, after: page.next };
  const progress = {
    cursor: next,
    done: page.events.length,
    total: totalOf(run.done + page.events.length, streams, next),
    counts: {},
  };
  if (stream === undefined) return ctx.db.transaction((tx) => advanceRun(tx, run.id, progress));
  // A run that follows an edit puts again before the rules what the rules before it had left aside.
  await storePage(ctx, stream, page.events, { historical: true, redecide: true }, async (tx, fresh) => {
    await assertLease(tx, lease);
    await advanceRun(tx, run.id, { ...progress, counts: { fresh } });
  });
}

async function firstCursor(
  ctx: EngagementContext,
  scope: EngagementScope,
  run: Run<EngagementCursor>,
  { startMs, configVersion }: EngagementConnection,
): Promise<EngagementCursor> {
  const account = await engagementAccount(ctx.db, scope.klaviyoAccountId);
  const streams = account === null ? [] : await refreshMetrics(ctx, account);
  const untilMs = ctx.clock().getTime() - notYetMs;
  const sinceMs = run.kind === 'manual' ? Math.max(startMs, untilMs - manualMs) : startMs;
  // Nothing to read when it starts with the activation: live readings see to that.
  const metricIds = sinceMs < untilMs ? order(streams).map(({ metricId }) => metricId) : [];
  return { metricIds, index: 0, sinceMs, untilMs, atMs: sinceMs, after: null, version: configVersion };
}

/** Receipts first: they name whom an email targeted, and tell machines that open before the delivery. */
const order = (streams: readonly EventStream[]): EventStream[] =>
  [...streams].sort((a, b) => Number(b.kind === 'received') - Number(a.kind === 'received'));

async function readPage(
  ctx: EngagementContext,
  stream: EventStream,
  cursor: EngagementCursor,
): Promise<KlaviyoEventPage> {
  const ask = (sinceMs: number, after: string | null): Promise<KlaviyoEventPage> =>
    readEventPage(ctx, stream, {
      since: new Date(sinceMs),
      until: new Date(cursor.untilMs),
      ...(after === null ? {} : { cursor: after }),
    });
  try {
    return await ask(cursor.sinceMs, cursor.after);
  } catch (error) {
    // Klaviyo promises no lifetime of its cursors.
    if (!(error instanceof RecordRefused) || cursor.after === null) throw error;
    return ask(cursor.atMs, null);
  }
}

/** Events in all, as far as can be told from what was read. */
function totalOf(done: number, streams: readonly EventStream[], cursor: EngagementCursor): number | null {
  const { metricIds, index, sinceMs, untilMs, atMs } = cursor;
  const within = (atMs - sinceMs) / Math.max(1, untilMs - sinceMs);
  const metrics = metricIds.flatMap((metricId, n) => {
    const kind = streams.find((stream) => stream.metricId === metricId)?.kind;
    return kind === undefined ? [] : [{ kind, share: n < index ? 1 : n === index ? within : 0 }];
  });
  return eventsInAll(done, metrics);
}

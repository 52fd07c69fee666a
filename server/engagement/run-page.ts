import { isDeepStrictEqual } from 'node:util';
import { RecordRefused } from '../errors.js';
import type { EngagementConnection } from '../rules/engagement/engagement-config.js';
import { eventsInAll } from '../rules/engagement/events-in-all.js';
import { nextPage, type WaitingPage } from '../rules/engagement/next-page.js';
import type { NewActivity } from '../store/activities.js';
import { engagementAccount } from '../store/engagement-accounts.js';
import { eventStreams, type EventStream } from '../store/event-streams.js';
import { assertLease, type Lease } from '../store/lease.js';
import { advanceRun, finishRun, startRun, type Run } from '../store/runs.js';
import { mapLimited } from '../vendors/call.js';
import type { KlaviyoEventPage } from '../vendors/klaviyo/events.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';
import { newActivity } from './new-activity.js';
import { notYetMs, readEventPage } from './read-stream.js';
import { refreshMetrics } from './refresh-metrics.js';
import { storeDecided } from './store-decided.js';

/** How far a run has read one metric. */
interface MetricCursor {
  metricId: string;
  /** Up to here it was read; the next page is asked for by Klaviyo's cursor, and by this time should that be refused. */
  atMs: number;
  after: string | null;
  through: boolean;
}

/** Where a run over past events stands. */
export interface EngagementCursor {
  metrics: readonly MetricCursor[];
  sinceMs: number;
  untilMs: number;
  /** Edit of the connection that this pass works under. */
  under: number;
}

/** The next page of a metric as Klaviyo lists it, read and not kept yet. */
interface PastPage extends WaitingPage {
  from: MetricCursor;
  to: MetricCursor;
  events: readonly NewActivity[];
}

/** The next page of each metric that a run is not through with. */
export interface PastPages {
  runId: string;
  pages: readonly PastPage[];
}

/** "Sync now" reads so much of the past again. */
const manualMs = 7 * 86_400_000;

/** Metrics of which a page is read at a time. */
const metricsAtOnce = 3;

/**
 * Keeps the next page of a run over past events (E7), decided, and then moves its cursor: after a kill between the two it is
 * read again and finds its events there. The page that comes after it is read meanwhile: that waits for
 * Klaviyo, this for the database. What a run finds waits behind what is live.
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
  const under = run.cursor?.under === connection.configVersion ? run.cursor : null;
  const cursor = under ?? (await firstCursor(ctx, scope, run, connection));
  if (cursor.metrics.every(({ through }) => through)) {
    await finishRun(ctx.db, run.id, 'finished');
    ctx.log.info(
      { portalId: run.portalId, connectionId: run.connectionId, runId: run.id, done: run.done },
      'run finished',
    );
    return;
  }
  const streams = await eventStreams(ctx.db, scope.klaviyoAccountId);
  const held = scope.memory.ahead?.runId === run.id ? scope.memory.ahead.pages : [];
  scope.memory.ahead = null;
  const pages = await readMissing(ctx, streams, cursor, held);
  const first = nextPage(pages);
  if (first === null) return;
  const next: EngagementCursor = {
    ...cursor,
    metrics: cursor.metrics.map((metric) => (metric.metricId === first.metricId ? first.to : metric)),
  };
  const [kept, ahead] = await Promise.allSettled([
    keepPage(ctx, scope, lease, run, first, next, streams),
    readMissing(ctx, streams, next, pages),
  ]);
  if (kept.status === 'rejected') throw kept.reason;
  if (ahead.status === 'rejected') throw ahead.reason;
  scope.memory.ahead = { runId: run.id, pages: ahead.value };
}

async function keepPage(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  run: Run<EngagementCursor>,
  { events }: PastPage,
  cursor: EngagementCursor,
  streams: readonly EventStream[],
): Promise<void> {
  const done = events.length;
  const progress = { cursor, done, total: totalOf(run.done + done, streams, cursor) };
  const fresh = await storeDecided(ctx, scope, lease, events);
  await ctx.db.transaction(async (tx) => {
    await assertLease(tx, lease);
    await advanceRun(tx, run.id, { ...progress, counts: { fresh } });
  });
}

/** The next page of each metric that is not through; read where it is not held from before. */
async function readMissing(
  ctx: EngagementContext,
  streams: readonly EventStream[],
  cursor: EngagementCursor,
  held: readonly PastPage[],
): Promise<PastPage[]> {
  const open = cursor.metrics.filter(({ through }) => !through);
  return mapLimited(open, metricsAtOnce, async (from) => {
    // As kept, a cursor has its names in another order.
    const before = held.find((page) => isDeepStrictEqual(page.from, from));
    if (before !== undefined) return before;
    const { metricId } = from;
    const stream = streams.find((one) => one.metricId === metricId);
    if (stream === undefined) {
      const to = { ...from, through: true };
      return { metricId, kind: 'received', startMs: from.atMs, endMs: -Infinity, from, to, events: [] };
    }
    const { events, next } = await readPage(ctx, stream, from, cursor);
    const endMs = events.at(-1)?.at.getTime() ?? -Infinity;
    const to = { metricId, atMs: Math.max(from.atMs, endMs), after: next, through: next === null };
    const told = events.map((event) => newActivity(event, stream.kind));
    return { metricId, kind: stream.kind, startMs: from.atMs, endMs, from, to, events: told };
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
  const metrics =
    sinceMs < untilMs ? streams.map(({ metricId }) => ({ metricId, atMs: sinceMs, after: null, through: false })) : [];
  return { metrics, sinceMs, untilMs, under: configVersion };
}

async function readPage(
  ctx: EngagementContext,
  stream: EventStream,
  { after, atMs }: MetricCursor,
  { sinceMs, untilMs }: EngagementCursor,
): Promise<KlaviyoEventPage> {
  const ask = (fromMs: number, cursor: string | null): Promise<KlaviyoEventPage> =>
    readEventPage(ctx, stream, {
      since: new Date(fromMs),
      until: new Date(untilMs),
      ...(cursor === null ? {} : { cursor }),
    });
  try {
    return await ask(sinceMs, after);
  } catch (error) {
    // Klaviyo promises no lifetime of its cursors.
    if (!(error instanceof RecordRefused) || after === null) throw error;
    return ask(atMs, null);
  }
}

/** Events in all, as far as can be told from what was read. */
function totalOf(done: number, streams: readonly EventStream[], cursor: EngagementCursor): number | null {
  const { sinceMs, untilMs } = cursor;
  const metrics = cursor.metrics.flatMap(({ metricId, atMs, through }) => {
    const kind = streams.find((stream) => stream.metricId === metricId)?.kind;
    return kind === undefined ? [] : [{ kind, share: through ? 1 : (atMs - sinceMs) / Math.max(1, untilMs - sinceMs) }];
  });
  return eventsInAll(done, metrics);
}

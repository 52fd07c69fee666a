import { isDeepStrictEqual } from 'node:util';
import { RecordRefused } from '../errors.js';
import type { EngagementConnection } from '../rules/engagement/engagement-config.js';
import { eventsInAll } from '../rules/engagement/events-in-all.js';
import type { NewActivity } from '../store/activities.js';
import { engagementAccount } from '../store/engagement-accounts.js';
import { eventStreams, type EventStream } from '../store/event-streams.js';
import type { Lease } from '../store/lease.js';
import { advanceRun, finishRun, startRun, type Run } from '../store/runs.js';
import type { KlaviyoEventPage } from '../vendors/klaviyo/events.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';
import { newActivity } from './new-activity.js';
import { notYetMs, readEventPage } from './read-stream.js';
import { refreshMetrics } from './refresh-metrics.js';
import { storeDecided } from './store-decided.js';

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

/** Pages of the past as Klaviyo lists them, which are not kept yet. */
export interface PastPages {
  runId: string;
  /** Where the run stood when they were read, and where it stands with them. */
  from: EngagementCursor;
  to: EngagementCursor;
  events: readonly NewActivity[];
  streams: readonly EventStream[];
}

/** Pages that are kept at a time: their events fill the vendors' batches. */
const pagesAtOnce = 2;

/**
 * Keeps the next pages of a run over past events (E7), decided, and moves its cursor in the transaction that keeps them:
 * after a kill they are read again and find their events there. The pages after them are read meanwhile: they wait for
 * Klaviyo, these for the database. What a run finds waits behind what is live.
 */
export async function runPages(
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
  if (isThrough(cursor)) {
    await finishRun(ctx.db, run.id, 'finished');
    ctx.log.info(
      { portalId: run.portalId, connectionId: run.connectionId, runId: run.id, done: run.done },
      'run finished',
    );
    return;
  }
  const { ahead } = scope.memory;
  scope.memory.ahead = null;
  const isNext = ahead !== null && ahead.runId === run.id && isDeepStrictEqual(ahead.from, cursor);
  const pages = isNext ? ahead : await readPages(ctx, scope, run.id, cursor);
  const [kept, next] = await Promise.allSettled([
    keepPages(ctx, scope, lease, run, pages),
    isThrough(pages.to) ? null : readPages(ctx, scope, run.id, pages.to),
  ]);
  if (kept.status === 'rejected') throw kept.reason;
  if (next.status === 'rejected') throw next.reason;
  scope.memory.ahead = next.value;
}

const isThrough = ({ metricIds, index }: EngagementCursor): boolean => index >= metricIds.length;

async function keepPages(
  ctx: EngagementContext,
  scope: EngagementScope,
  lease: Lease,
  run: Run<EngagementCursor>,
  { to, events, streams }: PastPages,
): Promise<void> {
  const done = events.length;
  const progress = { cursor: to, done, total: totalOf(run.done + done, streams, to) };
  await storeDecided(ctx, scope, lease, events, (tx, fresh) =>
    advanceRun(tx, run.id, { ...progress, counts: { fresh } }),
  );
}

async function readPages(
  ctx: EngagementContext,
  scope: EngagementScope,
  runId: string,
  from: EngagementCursor,
): Promise<PastPages> {
  const streams = await eventStreams(ctx.db, scope.klaviyoAccountId);
  const events: NewActivity[] = [];
  let to = from;
  for (let pages = 0; pages < pagesAtOnce && !isThrough(to); pages += 1) {
    const stream = streams.find(({ metricId }) => metricId === to.metricIds[to.index]);
    const page = stream === undefined ? null : await readPage(ctx, stream, to);
    for (const event of page?.events ?? []) if (stream !== undefined) events.push(newActivity(event, stream.kind));
    to =
      page === null || page.next === null
        ? { ...to, index: to.index + 1, atMs: to.sinceMs, after: null }
        : { ...to, atMs: Math.max(to.atMs, page.events.at(-1)?.at.getTime() ?? 0), after: page.next };
  }
  return { runId, from, to, events, streams };
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

import { againDue } from '../rules/engagement/read-again.js';
import { storeActivities } from '../store/activities.js';
import { moveAgain, moveStream, type EventStream } from '../store/event-streams.js';
import { readEvents, type EventPage, type KlaviyoEvent, type KlaviyoEventPage } from '../vendors/klaviyo/events.js';
import type { EngagementContext } from './engagement-context.js';
import { newActivity } from './new-activity.js';
import { withoutErased } from './without-erased.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** An hour that took more pages than this is read again every ten minutes only, and a few minutes of it each time. */
const cheapPages = 20;
const shortOverlapMs = 3 * minuteMs;
const hourEveryMs = 10 * minuteMs;

/** Klaviyo refuses times within some seconds of its own now; what is newer belongs to the reading of what is new. */
export const notYetMs = minuteMs;

/** Reads a page of events. One that cannot be kept is left out and said so: the others do not wait for it. */
export async function readEventPage(
  ctx: EngagementContext,
  { klaviyoAccountId, metricId, kind }: EventStream,
  page: Omit<EventPage, 'metricId'>,
): Promise<KlaviyoEventPage> {
  const read = await readEvents(ctx.klaviyo(klaviyoAccountId, 'sweep'), { ...page, metricId });
  if (read.unreadable > 0)
    ctx.log.warn({ klaviyoAccountId, kind, events: read.unreadable }, 'events that cannot be kept were left out');
  return read;
}

/** Stores a page of what is new, to be decided; answers how many events were not known. */
export async function storePage(
  ctx: EngagementContext,
  stream: EventStream,
  events: readonly KlaviyoEvent[],
  alongside: (tx: EngagementContext['db'], fresh: number) => Promise<void>,
): Promise<number> {
  const told = events.map((event) => newActivity(event, stream.kind));
  return ctx.db.transaction(async (tx) => {
    const kept = await withoutErased(ctx, tx, stream.portalId, told);
    const fresh = await storeActivities(tx, stream, kept, { historical: false, redecide: false });
    await alongside(tx, fresh);
    return fresh;
  });
}

/**
 * Reads what one metric has since the last time, and the hour before that once more: events appear late and out of
 * order. The watermark moves with each page and never beyond now, because some events are dated in the future.
 * Answers how many events were new.
 */
export async function readStream(ctx: EngagementContext, stream: EventStream): Promise<number> {
  const nowMs = ctx.clock().getTime();
  const hourDue = stream.hourAt === null || nowMs - stream.hourAt.getTime() >= hourEveryMs;
  const wholeHour = stream.hourPages <= cheapPages || hourDue;
  const from = Math.min(stream.watermark.getTime(), nowMs) - (wholeHour ? hourMs : shortOverlapMs);
  let cursor: string | null = null;
  let found = 0;
  let pages = 0;
  do {
    const page: KlaviyoEventPage = await readEventPage(ctx, stream, {
      since: new Date(from),
      ...(cursor === null ? {} : { cursor }),
    });
    pages += 1;
    cursor = page.next;
    const last = page.events.at(-1)?.at.getTime() ?? 0;
    const watermark = new Date(Math.min(last, nowMs));
    const hour = cursor === null && wholeHour ? { hourPages: pages } : {};
    found += await storePage(ctx, stream, page.events, (tx) => moveStream(tx, stream, { watermark, ...hour }));
  } while (cursor !== null);
  return found;
}

/** Pages of a day or week that are read again between two readings of what is new. */
const pagesAtOnce = 20;

/**
 * Reads again every day what may be listed up to a day late, every week what up to a week late: Klaviyo has listed events
 * hours and days after they happened. A few pages at a time, so that what is new never waits; goes on where it stood. Answers how many events
 * were new and whether there is more to read.
 */
export async function readAgain(
  ctx: EngagementContext,
  stream: EventStream,
): Promise<{ found: number; more: boolean }> {
  const nowMs = ctx.clock().getTime();
  const last = { dayMs: stream.dayAt.getTime(), weekMs: stream.weekAt.getTime() };
  const again = stream.again ?? againDue(last, nowMs, nowMs - notYetMs);
  if (again === null) return { found: 0, more: false };
  let cursor: string | null = null;
  let found = 0;
  let { sinceMs } = again;
  for (let pages = 0; pages < pagesAtOnce || sinceMs === again.sinceMs; pages += 1) {
    const page: KlaviyoEventPage = await readEventPage(ctx, stream, {
      since: new Date(again.sinceMs),
      until: new Date(again.untilMs),
      ...(cursor === null ? {} : { cursor }),
    });
    cursor = page.next;
    sinceMs = Math.max(sinceMs, page.events.at(-1)?.at.getTime() ?? 0);
    const next = cursor === null ? null : { ...again, sinceMs };
    found += await storePage(ctx, stream, page.events, (tx) => moveAgain(tx, { ...stream, again }, next));
    if (next === null) return { found, more: false };
  }
  return { found, more: true };
}

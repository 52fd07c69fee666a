import { z } from 'zod';
import { RecordRefused } from '../../errors.js';
import { nextCursor } from './paging.js';
import type { KlaviyoSession } from './session.js';

export interface KlaviyoEvent {
  id: string;
  uuid: string | null;
  metricId: string;
  profileId: string | null;
  /** Of the profile as it is now; null when it is gone. */
  email: string | null;
  at: Date;
  properties: Record<string, unknown>;
}

const relation = z.object({ data: z.object({ id: z.string() }).nullish() }).nullish();
/** What stands in an event is as the sender made it: only that it has names is looked at, and it is not copied. */
const named = z.custom<Record<string, unknown>>(
  (told) => typeof told === 'object' && told !== null && !Array.isArray(told),
);
export const eventSchema = z.object({
  id: z.string(),
  attributes: z.object({ datetime: z.string(), uuid: z.string().nullish(), event_properties: named.nullish() }),
  relationships: z.object({ profile: relation, metric: relation }),
});
const pageSchema = z.object({
  data: z.array(eventSchema),
  included: z
    .array(z.object({ type: z.string(), id: z.string(), attributes: z.object({ email: z.string().nullish() }) }))
    .nullish(),
  links: z.object({ next: z.string().nullish() }).nullish(),
});

/** Klaviyo's schema allows a thousand events a page, its text says two hundred: the larger one is tried first. */
const pageSizes = [1000, 200] as const;

export interface KlaviyoEventPage {
  events: KlaviyoEvent[];
  /** Events that were listed and cannot be kept. */
  unreadable: number;
  next: string | null;
}

export interface EventPage {
  metricId: string;
  since: Date;
  /** Exclusive. */
  until?: Date;
  cursor?: string;
}

/**
 * One page of the events of one metric, oldest first, with the email of their profile. Klaviyo takes one metric a call.
 * https://developers.klaviyo.com/en/reference/get_events
 */
export async function readEvents(session: KlaviyoSession, page: EventPage): Promise<KlaviyoEventPage> {
  const filter = [
    `equals(metric_id,"${page.metricId}")`,
    `greater-or-equal(datetime,${page.since.toISOString()})`,
    ...(page.until === undefined ? [] : [`less-than(datetime,${page.until.toISOString()})`]),
  ].join(',');
  for (const [index, size] of pageSizes.entries()) {
    try {
      const { data } = await session.request({
        method: 'GET',
        path: '/api/events',
        query: {
          filter,
          include: 'profile',
          'fields[event]': 'datetime,event_properties,uuid',
          'fields[profile]': 'email',
          sort: 'datetime',
          'page[size]': size,
          'page[cursor]': page.cursor,
        },
        schema: pageSchema,
      });
      const emails = new Map(
        (data.included ?? []).flatMap(({ type, id, attributes }) =>
          type === 'profile' ? [[id, attributes.email ?? null] as const] : [],
        ),
      );
      const events = data.data.map((row) => eventOf(row, page.metricId, emails)).filter(isKeepable);
      return { events, unreadable: data.data.length - events.length, next: nextCursor(data.links) };
    } catch (error) {
      const tooLarge = error instanceof RecordRefused && error.detail.status === 400 && /page/i.test(error.message);
      if (!tooLarge || index === pageSizes.length - 1) throw error;
    }
  }
  return { events: [], unreadable: 0, next: null };
}

/** Before there was email to track, and beyond what a calendar holds. */
const [earliest, latest] = [Date.UTC(1990, 0), Date.UTC(9999, 0)] as const;

/** Whether an event names itself and its time in a way that can be kept: one that does not must not hold up the others. */
export function isKeepable({ id, profileId, email, at }: KlaviyoEvent): boolean {
  const texts = [id, profileId ?? '', email ?? ''];
  return (
    id !== '' &&
    at.getTime() > earliest &&
    at.getTime() < latest &&
    !texts.some((one) => /[\0\p{Surrogate}]/u.test(one))
  );
}

/** Reads one event resource; in webhooks too, which carry the same. */
export function eventOf(
  row: z.infer<typeof eventSchema>,
  metricId: string,
  emails: ReadonlyMap<string, string | null>,
): KlaviyoEvent {
  const profileId = row.relationships.profile?.data?.id ?? null;
  return {
    id: row.id,
    uuid: row.attributes.uuid ?? null,
    metricId: row.relationships.metric?.data?.id ?? metricId,
    profileId,
    email: profileId === null ? null : (emails.get(profileId) ?? null),
    // Some samples have a blank instead of the T.
    at: new Date(row.attributes.datetime.replace(' ', 'T')),
    properties: row.attributes.event_properties ?? {},
  };
}

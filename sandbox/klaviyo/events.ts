import type { Router, SandboxAnswer, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalid, invalidParameter, notFound, shownTime } from './answers.js';
import type { StoredEvent } from './event-store.js';
import { clausesOf, stretchOf, type Filterable } from './filter.js';
import { metricJson } from './metrics.js';
import { oneAnswer, pageAnswer, pageSize, positionOf, sortOf } from './paging.js';
import { matchOf, writeProfile, type ProfileResource } from './profile-write.js';
import type { AccountOf } from './profiles.js';
import { pick, profileJson, profileView, wantedFields } from './serialise.js';
import type { Account } from './store.js';

type Json = Record<string, unknown>;

const ranges = 'greater-than greater-or-equal less-than less-or-equal';
const filters: Filterable = {
  metric_id: 'string equals',
  profile_id: 'string equals',
  profile: 'none has',
  metric: 'none has',
  datetime: `datetime ${ranges}`,
  timestamp: `number ${ranges}`,
};

/** An event as Klaviyo sends it; in webhooks too. */
export function eventJson(origin: string, event: StoredEvent, wanted: string[] | null = null): Json {
  const self = `${origin}/api/events/${event.id}/`;
  const relation = (name: string, data: unknown): Json => ({
    data,
    links: { self: `${self}relationships/${name}/`, related: `${self}${name}/` },
  });
  const attributes = {
    timestamp: Math.floor(event.at / 1000),
    event_properties: event.properties,
    datetime: shownTime(event.at),
    uuid: event.uuid,
  };
  return {
    type: 'event',
    id: event.id,
    attributes: pick(attributes, wanted),
    relationships: {
      // An erased person's events, where any are left, name nobody.
      ...(event.profileId === null ? {} : { profile: relation('profile', { type: 'profile', id: event.profileId }) }),
      metric: relation('metric', { type: 'metric', id: event.metricId }),
      attributions: relation('attributions', []),
    },
    links: { self },
  };
}

interface EventBody {
  data?: {
    type?: string;
    attributes?: {
      properties?: Json;
      time?: string | null;
      unique_id?: string | null;
      metric?: { data?: { attributes?: { name?: string; service?: string } } };
      profile?: { data?: ProfileResource };
    };
  };
}

/** Events: paged by their own time, listed with a lag, some of them late. */
export function addEventRoutes(router: Router, accountOf: AccountOf): void {
  const included = (request: SandboxRequest, account: Account, events: readonly StoredEvent[]): Json[] | undefined => {
    const asked = (request.query.get('include') ?? '').split(',').filter((name) => name !== '');
    if (asked.length === 0) return undefined;
    const wrong = asked.find((name) => !['metric', 'profile', 'attributions'].includes(name));
    if (wrong !== undefined) throw new Refusal(invalidParameter('include', `'${wrong}' cannot be included.`));
    const metrics = asked.includes('metric') ? new Set(events.map(({ metricId }) => metricId)) : [];
    const people = asked.includes('profile') ? new Set(events.map(({ profileId }) => profileId ?? '')) : [];
    const view = profileView(request);
    return [
      ...[...metrics]
        .flatMap((id) => account.events.metrics.get(id) ?? [])
        .map((metric) => metricJson(request, metric)),
      ...[...people].flatMap((id) => account.profiles.get(id) ?? []).map((profile) => profileJson(view, profile)),
    ];
  };
  const eventOf = (request: SandboxRequest): StoredEvent => {
    const event = accountOf(request).events.get(request.params['id'] ?? '');
    if (event === undefined) throw new Refusal(notFound('event', request.params['id'] ?? ''));
    return event;
  };

  router.add('GET', '/api/events', 'events.list', (request) => {
    const account = accountOf(request);
    const clauses = clausesOf(request, filters);
    const metricIds = clauses.filter(({ field }) => field === 'metric_id').flatMap(({ values }) => values);
    const profileIds = clauses.filter(({ field }) => field === 'profile_id').flatMap(({ values }) => values);
    const size = pageSize(request, 200, 1000);
    const { descending } = sortOf(request, ['datetime', 'timestamp']);
    const [byDate, bySeconds] = [stretchOf(clauses, 'datetime'), stretchOf(clauses, 'timestamp', 'seconds')];
    const from = Math.max(byDate.from ?? -Infinity, bySeconds.from ?? -Infinity);
    const to = Math.min(byDate.to ?? Infinity, bySeconds.to ?? Infinity);
    const now = Date.now();
    const profileId = profileIds[0] === undefined ? null : (account.find(profileIds[0])?.id ?? profileIds[0]);
    const order = account.events.order(metricIds.length === 1 ? (metricIds[0] ?? null) : null, profileId);
    const { ids, next } = order.page({
      from,
      to,
      size,
      descending,
      after: positionOf(request),
      keep: (id) => {
        const event = account.events.get(id);
        return (
          event !== undefined &&
          event.listedAt <= now &&
          (metricIds.length === 0 || metricIds.includes(event.metricId)) &&
          (profileId === null || event.profileId === profileId)
        );
      },
    });
    const events = ids.flatMap((id) => account.events.get(id) ?? []);
    const wanted = wantedFields(request, 'event');
    const data = events.map((event) => eventJson(request.url.origin, event, wanted));
    return pageAnswer(request, data, next, included(request, account, events));
  });
  router.add('GET', '/api/events/:id', 'events.get', (request) => {
    const [account, event] = [accountOf(request), eventOf(request)];
    const answer = oneAnswer(request, eventJson(request.url.origin, event, wantedFields(request, 'event')));
    const more = included(request, account, [event]);
    return more === undefined ? answer : { ...answer, json: { ...(answer.json as Json), included: more } };
  });
  router.add('GET', '/api/events/:id/metric', 'events.metric', (request) => {
    const metric = accountOf(request).events.metrics.get(eventOf(request).metricId);
    if (metric === undefined) throw new Refusal(notFound('metric', ''));
    return oneAnswer(request, metricJson(request, metric));
  });
  router.add('GET', '/api/events/:id/profile', 'events.profile', (request) => {
    const { profileId } = eventOf(request);
    const profile = accountOf(request).find(profileId ?? '');
    if (profile === undefined) throw new Refusal(notFound('profile', profileId ?? ''));
    return oneAnswer(request, profileJson(profileView(request), profile));
  });
  router.add('POST', '/api/events', 'events.create', (request) => createEvent(request, accountOf(request)), true);
}

function createEvent(request: SandboxRequest, account: Account): SandboxAnswer {
  const { data } = (request.json ?? {}) as EventBody;
  const given = data?.attributes;
  const [metric, person] = [given?.metric?.data?.attributes, given?.profile?.data];
  if (data?.type !== 'event') return invalid("The payload must have a 'data' of type 'event'.", '/data/type');
  if (!metric?.name) return invalid('A metric name is required.', '/data/attributes/metric/data/attributes/name');
  if (person === undefined) return invalid('A profile is required.', '/data/attributes/profile');
  const time = given?.time ?? null;
  const at = time === null ? account.now() : Date.parse(time);
  if (Number.isNaN(at)) return invalid(`'${time ?? ''}' is not a valid time.`, '/data/attributes/time');
  const written = writeProfile(account, matchOf(account, person), person, '/data/attributes/profile/data/attributes');
  account.emit(written.profile, {
    metric: metric.name,
    integration: metric.service ?? 'API',
    at,
    properties: { ...given?.properties, ...(given?.unique_id ? { $event_id: given.unique_id } : {}) },
    ...(given?.unique_id ? { uniqueId: given.unique_id } : {}),
  });
  return { status: 202, ...(written.phoneIgnored ? { headers: { 'x-klaviyo-partial-failure': 'phone_number' } } : {}) };
}

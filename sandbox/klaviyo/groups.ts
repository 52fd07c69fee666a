import type { Router, SandboxAnswer, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalid, klaviyoError } from './answers.js';
import { clausesOf, pageSize, wantsSubscriptions } from './profiles.js';
import { makeCursor, pageLinks, profileJson, readCursor } from './serialise.js';
import type { Account, List, Profile, Segment } from './store.js';

const time = (ms: number): string => new Date(ms).toISOString();

function listJson(origin: string, list: List, withCount: boolean): Record<string, unknown> {
  return {
    type: 'list',
    id: list.id,
    attributes: {
      name: list.name,
      created: time(list.created),
      updated: time(list.updated),
      opt_in_process: list.optIn,
      ...(withCount ? { profile_count: list.members.size } : {}),
    },
    relationships: {},
    links: { self: `${origin}/api/lists/${list.id}/` },
  };
}

function segmentJson(origin: string, segment: Segment): Record<string, unknown> {
  return {
    type: 'segment',
    id: segment.id,
    attributes: {
      name: segment.name,
      created: time(segment.created),
      updated: time(segment.created),
      is_active: true,
      is_processing: false,
      is_starred: false,
    },
    relationships: {},
    links: { self: `${origin}/api/segments/${segment.id}/` },
  };
}

/** Lists and segments with their members. */
export function addGroupRoutes(router: Router, accountOf: (request: SandboxRequest) => Account): void {
  const listOf = (request: SandboxRequest): List => {
    const list = accountOf(request).lists.get(request.params['id'] ?? '');
    if (list === undefined)
      throw new Refusal(
        klaviyoError(404, 'not_found', 'Not found.', `A list with id ${request.params['id'] ?? ''} does not exist.`),
      );
    return list;
  };
  const segmentOf = (request: SandboxRequest): Segment => {
    const segment = accountOf(request).segments.get(request.params['id'] ?? '');
    if (segment === undefined)
      throw new Refusal(
        klaviyoError(404, 'not_found', 'Not found.', `A segment with id ${request.params['id'] ?? ''} does not exist.`),
      );
    return segment;
  };
  const paged = <T extends { id: string; name: string }>(
    request: SandboxRequest,
    items: T[],
    json: (item: T) => unknown,
  ): SandboxAnswer => {
    const size = pageSize(request, 10, 10);
    const clauses = clausesOf(request, {
      name: ['any', 'equals'],
      id: ['any', 'equals'],
      created: ['greater-than'],
      updated: ['greater-than'],
      is_active: ['equals'],
    });
    const found = items.filter((item) =>
      clauses.every(
        (clause) =>
          !['name', 'id'].includes(clause.field) || clause.values.includes(clause.field === 'id' ? item.id : item.name),
      ),
    );
    const start = Number(readCursor(request.query.get('page[cursor]'))?.[0] ?? 0);
    return {
      status: 200,
      json: {
        data: found.slice(start, start + size).map(json),
        links: pageLinks(request.url, start + size < found.length ? makeCursor([start + size, 0]) : null),
      },
    };
  };

  router.add('GET', '/api/lists', 'lists.list', (request) =>
    paged(request, [...accountOf(request).lists.values()], (list) => listJson(request.url.origin, list, false)),
  );
  router.add('GET', '/api/lists/:id', 'lists.get', (request) => ({
    status: 200,
    json: {
      data: listJson(
        request.url.origin,
        listOf(request),
        request.query.get('additional-fields[list]') === 'profile_count',
      ),
    },
  }));
  router.add('GET', '/api/segments', 'segments.list', (request) =>
    paged(request, [...accountOf(request).segments.values()], (segment) => segmentJson(request.url.origin, segment)),
  );
  router.add('GET', '/api/segments/:id', 'segments.get', (request) => ({
    status: 200,
    json: { data: segmentJson(request.url.origin, segmentOf(request)) },
  }));

  const memberFilters = {
    email: ['any', 'equals'],
    phone_number: ['any', 'equals'],
    joined_group_at: ['greater-than', 'greater-or-equal', 'less-than', 'less-or-equal'],
  };
  const members = (
    request: SandboxRequest,
    joined: [Profile, number][],
  ): { page: [Profile, number][]; next: string | null } => {
    const size = pageSize(request, 20, 100);
    const clauses = clausesOf(request, memberFilters);
    let found = joined;
    for (const { operator, field, values } of clauses) {
      if (field === 'joined_group_at') {
        const bound = Date.parse(values[0] ?? '');
        found = found.filter(([, at]) =>
          operator === 'greater-than'
            ? at > bound
            : operator === 'greater-or-equal'
              ? at >= bound
              : operator === 'less-than'
                ? at < bound
                : at <= bound,
        );
      } else {
        const wanted = new Set(values.map((value) => value.trim().toLowerCase()));
        found = found.filter(([profile]) =>
          wanted.has((field === 'email' ? profile.email : profile.phone_number)?.trim().toLowerCase() ?? ''),
        );
      }
    }
    const direction = (request.query.get('sort') ?? 'joined_group_at').startsWith('-') ? -1 : 1;
    const order = (a: readonly [number, string], b: readonly [number, string]): number =>
      direction * (a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0));
    found = [...found].sort((a, b) => order([a[1], a[0].id], [b[1], b[0].id]));
    const cursor = readCursor(request.query.get('page[cursor]'));
    const start =
      cursor === null
        ? 0
        : found.findIndex(([profile, at]) => order([at, profile.id], [Number(cursor[0]), String(cursor[1])]) > 0);
    const page = start < 0 ? [] : found.slice(start, start + size);
    const last = page.at(-1);
    const more = start >= 0 && start + size < found.length && last !== undefined;
    return { page, next: more ? makeCursor([last[1], last[0].id]) : null };
  };
  const ofList = (request: SandboxRequest): [Profile, number][] => {
    const account = accountOf(request);
    return [...listOf(request).members].flatMap(([id, at]): [Profile, number][] => {
      const profile = account.profiles.get(id);
      return profile === undefined ? [] : [[profile, at]];
    });
  };
  const ofSegment = (request: SandboxRequest): [Profile, number][] => {
    const segment = segmentOf(request);
    return [...accountOf(request).profiles.values()]
      .filter((profile) => segment.matches(profile))
      .map((profile) => [profile, profile.created]);
  };
  for (const [kind, source] of [
    ['lists', ofList],
    ['segments', ofSegment],
  ] as const) {
    router.add('GET', `/api/${kind}/:id/profiles`, `${kind}.profiles`, (request) => {
      const { page, next } = members(request, source(request));
      return {
        status: 200,
        json: {
          data: page.map(([profile, joinedAt]) =>
            profileJson(request.url.origin, profile, { subscriptions: wantsSubscriptions(request), joinedAt }),
          ),
          links: pageLinks(request.url, next),
        },
      };
    });
    router.add('GET', `/api/${kind}/:id/relationships/profiles`, `${kind}.profileIds`, (request) => {
      const { page, next } = members(request, source(request));
      return {
        status: 200,
        json: {
          data: page.map(([profile]) => ({ type: 'profile', id: profile.id })),
          links: pageLinks(request.url, next),
        },
      };
    });
  }
  const change = (request: SandboxRequest, add: boolean): SandboxAnswer => {
    const [account, list] = [accountOf(request), listOf(request)];
    const { data = [] } = (request.json ?? {}) as { data?: { id: string }[] };
    if (data.length > 1000) return invalid('At most 1000 profiles are allowed.');
    for (const { id } of data) {
      const profile = account.find(id);
      if (profile === undefined)
        return klaviyoError(404, 'not_found', 'Not found.', `A profile with id ${id} does not exist.`);
      if (!add) list.members.delete(profile.id);
      else if (!list.members.has(profile.id)) list.members.set(profile.id, account.now());
    }
    return { status: 204 };
  };
  router.add('POST', '/api/lists/:id/relationships/profiles', 'lists.add', (request) => change(request, true), true);
  router.add(
    'DELETE',
    '/api/lists/:id/relationships/profiles',
    'lists.remove',
    (request) => change(request, false),
    true,
  );
}

import type { Router, SandboxAnswer, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalid, klaviyoError, notFound } from './answers.js';
import { clausesOf, isAmong, stretchOf, within, type Clause, type Filterable } from './filter.js';
import { oneAnswer, pageAnswer, pageSize, positionOf, sortedPage, sortOf } from './paging.js';
import { matchOf, writeProfile, type ProfileResource } from './profile-write.js';
import { listJson, profileJson, profileView, segmentJson } from './serialise.js';
import type { Account, List, Profile, Segment } from './store.js';
import type { Timeline } from './timeline.js';

export type AccountOf = (request: SandboxRequest) => Account;

const suppression = 'subscriptions.email.marketing.suppression';
const listSuppressions = 'subscriptions.email.marketing.list_suppressions';
const ranges = 'greater-than greater-or-equal less-than less-or-equal';
const filters: Filterable = {
  id: 'string any equals',
  email: 'string any equals',
  phone_number: 'string any equals',
  external_id: 'string any equals',
  created: 'datetime greater-than less-than',
  updated: 'datetime greater-than less-than',
  [`${suppression}.reason`]: 'string equals',
  [`${suppression}.timestamp`]: `datetime ${ranges}`,
  [`${listSuppressions}.reason`]: 'string equals',
  [`${listSuppressions}.list_id`]: 'string equals',
  [`${listSuppressions}.timestamp`]: `datetime ${ranges}`,
};
const identities = ['id', 'email', 'phone_number', 'external_id'];
const largestProfile = 102_400;

/** The profile of the path; an id of the wrong make is a bad request, not an unknown one. */
export function profileOf(account: Account, id: string): Profile {
  const profile = account.find(id);
  if (profile !== undefined) return profile;
  if (!/^[0-9A-Z]{26}$/.test(id)) throw new Refusal(invalid(`'${id}' is not a valid profile id.`, '/data/id'));
  throw new Refusal(notFound('profile', id));
}

export function addProfileRoutes(router: Router, accountOf: AccountOf): void {
  router.add('GET', '/api/profiles', 'profiles.list', (request) => listProfiles(request, accountOf(request)));

  const one = (request: SandboxRequest): Profile => profileOf(accountOf(request), request.params['id'] ?? '');
  const answer = (
    request: SandboxRequest,
    status: number,
    written: { profile: Profile; phoneIgnored: boolean },
  ): SandboxAnswer =>
    oneAnswer(request, profileJson(profileView(request), written.profile), {
      status,
      ...(written.phoneIgnored ? { headers: { 'x-klaviyo-partial-failure': 'phone_number' } } : {}),
    });
  const resourceOf = (request: SandboxRequest): ProfileResource => {
    if (request.rawBody.length > largestProfile) {
      throw new Refusal(
        klaviyoError(413, 'payload_too_large', 'Payload too large.', 'The payload is larger than 100KB.'),
      );
    }
    const data = (request.json as { data?: ProfileResource } | undefined)?.data;
    if (data?.type !== 'profile')
      throw new Refusal(invalid("The payload must have a 'data' of type 'profile'.", '/data/type'));
    return data;
  };

  router.add('GET', '/api/profiles/:id', 'profiles.get', (request) => {
    const [account, profile] = [accountOf(request), one(request)];
    const included = (request.query.get('include') ?? '').split(',');
    const lists = included.includes('lists') ? listsOf(account, profile).map((list) => listJson(request, list)) : [];
    const segments = included.includes('segments')
      ? segmentsOf(account, profile).map((segment) => segmentJson(request, segment))
      : [];
    const found = oneAnswer(request, profileJson(profileView(request), profile));
    if (lists.length + segments.length === 0) return found;
    return { ...found, json: { ...(found.json as object), included: [...lists, ...segments] } };
  });
  router.add(
    'POST',
    '/api/profiles',
    'profiles.create',
    (request) => answer(request, 201, writeProfile(accountOf(request), null, resourceOf(request))),
    true,
  );
  router.add(
    'PATCH',
    '/api/profiles/:id',
    'profiles.update',
    (request) => {
      const resource = resourceOf(request);
      const profile = one(request);
      if (resource.id !== request.params['id'])
        return invalid('The id of the payload must be that of the path.', '/data/id');
      return answer(request, 200, writeProfile(accountOf(request), profile, resource));
    },
    true,
  );
  router.add(
    'POST',
    '/api/profile-import',
    'profiles.upsert',
    (request) => {
      const account = accountOf(request);
      const resource = resourceOf(request);
      const existing = matchOf(account, resource);
      return answer(request, existing === null ? 201 : 200, writeProfile(account, existing, resource));
    },
    true,
  );
  addGroupsOfProfile(router, accountOf, one);
}

const listsOf = (account: Account, profile: Profile): List[] =>
  [...account.lists.values()].filter(({ members }) => members.has(profile.id));

const segmentsOf = (account: Account, profile: Profile): Segment[] => {
  account.settleSegments();
  return [...account.segments.values()].filter(({ members }) => members.has(profile.id));
};

function addGroupsOfProfile(router: Router, accountOf: AccountOf, one: (request: SandboxRequest) => Profile): void {
  const ids = (type: string, groups: { id: string }[]): unknown[] => groups.map(({ id }) => ({ type, id }));
  router.add('GET', '/api/profiles/:id/lists', 'profiles.lists', (request) =>
    pageAnswer(
      request,
      listsOf(accountOf(request), one(request)).map((list) => listJson(request, list)),
      null,
    ),
  );
  router.add('GET', '/api/profiles/:id/relationships/lists', 'profiles.listIds', (request) =>
    pageAnswer(request, ids('list', listsOf(accountOf(request), one(request))), null),
  );
  router.add('GET', '/api/profiles/:id/segments', 'profiles.segments', (request) =>
    pageAnswer(
      request,
      segmentsOf(accountOf(request), one(request)).map((segment) => segmentJson(request, segment)),
      null,
    ),
  );
  router.add('GET', '/api/profiles/:id/relationships/segments', 'profiles.segmentIds', (request) =>
    pageAnswer(request, ids('segment', segmentsOf(accountOf(request), one(request))), null),
  );
}

function listProfiles(request: SandboxRequest, account: Account): SandboxAnswer {
  const clauses = clausesOf(request, filters);
  const size = pageSize(request, 20, 100);
  const sort = sortOf(request, [
    'id',
    'created',
    'updated',
    'email',
    `${suppression}.timestamp`,
    `${listSuppressions}.timestamp`,
  ]);
  const view = profileView(request);
  const keep = keeper(clauses);
  if (
    sort.key === 'email' ||
    clauses.some(({ field }) => identities.includes(field)) ||
    sort.key.startsWith(listSuppressions)
  ) {
    return sortedPage(request, candidates(account, clauses).filter(keep), {
      size,
      keys: {
        id: (profile) => profile.id,
        created: (profile) => profile.created,
        updated: (profile) => profile.updated,
        email: (profile) => profile.email ?? '',
        [`${suppression}.timestamp`]: (profile) => account.suppressed.get(profile.id) ?? 0,
        [`${listSuppressions}.timestamp`]: (profile) => Math.max(0, ...profile.listSuppressions.map(({ at }) => at)),
      },
      json: (profile) => profileJson(view, profile),
    });
  }
  const orders: Record<string, Timeline> = { id: account.made, created: account.created, updated: account.updated };
  const stretch = sort.key === 'id' ? {} : stretchOf(clauses, sort.key);
  const { ids, next } = (orders[sort.key] ?? account.suppressed).page({
    ...stretch,
    size,
    after: positionOf(request),
    descending: sort.descending,
    ...(clauses.length === 0 ? {} : { keep: (id: string) => keep(account.profiles.get(id)) }),
  });
  const data = ids.flatMap((id) => account.profiles.get(id) ?? []).map((profile) => profileJson(view, profile));
  return pageAnswer(request, data, next);
}

/** Whoever the clauses on identities can mean; everybody when there are none. */
function candidates(account: Account, clauses: readonly Clause[]): Profile[] {
  const clause = clauses.find(({ field }) => identities.includes(field));
  if (clause === undefined) return [...account.profiles.values()];
  const found =
    clause.field === 'id'
      ? clause.values.flatMap((id) => account.profiles.get(id) ?? [])
      : clause.values.flatMap((value) => account.holder({ [clause.field]: value }));
  return [...new Set(found)];
}

/** Whether a profile fits all clauses. */
function keeper(clauses: readonly Clause[]): (profile: Profile | undefined) => boolean {
  const created = stretchOf(clauses, 'created');
  const updated = stretchOf(clauses, 'updated');
  const suppressedAt = stretchOf(clauses, `${suppression}.timestamp`);
  const listSuppressedAt = stretchOf(clauses, `${listSuppressions}.timestamp`);
  const bySuppression = clauses.filter(({ field }) => field.startsWith(`${suppression}.`));
  const byListSuppression = clauses.filter(({ field }) => field.startsWith(`${listSuppressions}.`));
  const identity = clauses.filter(({ field }) => identities.includes(field));
  const reasonFits = (among: readonly Clause[], reason: string): boolean =>
    among.every((clause) => !clause.field.endsWith('.reason') || isAmong(clause, reason));
  return (profile) => {
    if (profile === undefined) return false;
    if (!within(created, profile.created) || !within(updated, profile.updated)) return false;
    if (!identity.every((clause) => identityFits(clause, profile))) return false;
    if (
      bySuppression.length > 0 &&
      !profile.suppressions.some(({ reason, at }) => reasonFits(bySuppression, reason) && within(suppressedAt, at))
    )
      return false;
    if (byListSuppression.length === 0) return true;
    return profile.listSuppressions.some(
      ({ listId, reason, at }) =>
        reasonFits(byListSuppression, reason) &&
        within(listSuppressedAt, at) &&
        byListSuppression.every((clause) => !clause.field.endsWith('.list_id') || isAmong(clause, listId)),
    );
  };
}

function identityFits(clause: Clause, profile: Profile): boolean {
  if (clause.field === 'id') return clause.values.includes(profile.id);
  if (clause.field === 'phone_number') return clause.values.includes(profile.phone_number ?? '');
  if (clause.field === 'external_id') return clause.values.includes(profile.external_id ?? '');
  const email = profile.email?.trim().toLowerCase();
  return clause.values.some((value) => value.trim().toLowerCase() === email);
}

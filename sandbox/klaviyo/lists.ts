import type { Router, SandboxAnswer, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalid, notFound } from './answers.js';
import { clausesOf, isAmong, stretchOf, within } from './filter.js';
import { flowsTriggeredBy } from './flows.js';
import { addMemberRoutes } from './members.js';
import { oneAnswer, pageSize, sortedPage } from './paging.js';
import type { AccountOf } from './profiles.js';
import { listJson } from './serialise.js';
import type { List } from './store.js';

/** Lists and their members. Membership is not consent: nothing here changes anybody's. */
export function addListRoutes(router: Router, accountOf: AccountOf): void {
  const listOf = (request: SandboxRequest): List => {
    const list = accountOf(request).lists.get(request.params['id'] ?? '');
    if (list === undefined) throw new Refusal(notFound('list', request.params['id'] ?? ''));
    return list;
  };
  const attributesOf = (request: SandboxRequest): { name?: unknown; opt_in_process?: unknown } => {
    const data = (request.json as { data?: { type?: string; attributes?: object } } | undefined)?.data;
    if (data?.type !== 'list')
      throw new Refusal(invalid("The payload must have a 'data' of type 'list'.", '/data/type'));
    return data.attributes ?? {};
  };

  router.add('GET', '/api/lists', 'lists.list', (request) => {
    const size = pageSize(request, 10, 10);
    const clauses = clausesOf(request, {
      name: 'string any equals',
      id: 'string any equals',
      created: 'datetime greater-than',
      updated: 'datetime greater-than',
    });
    const [created, updated] = [stretchOf(clauses, 'created'), stretchOf(clauses, 'updated')];
    const found = [...accountOf(request).lists.values()].filter(
      (list) =>
        within(created, list.created) &&
        within(updated, list.updated) &&
        clauses.every(
          (clause) =>
            !['name', 'id'].includes(clause.field) || isAmong(clause, clause.field === 'id' ? list.id : list.name),
        ),
    );
    return sortedPage(request, found, {
      size,
      keys: {
        id: ({ id }) => id,
        name: ({ name }) => name,
        created: (list) => list.created,
        updated: (list) => list.updated,
      },
      json: (list) => listJson(request, list),
    });
  });
  router.add('GET', '/api/lists/:id', 'lists.get', (request) =>
    oneAnswer(
      request,
      listJson(request, listOf(request), request.query.get('additional-fields[list]') === 'profile_count'),
    ),
  );
  router.add(
    'POST',
    '/api/lists',
    'lists.create',
    (request) => {
      const account = accountOf(request);
      const { name, opt_in_process: optIn = 'single_opt_in' } = attributesOf(request);
      if (typeof name !== 'string' || name.trim() === '')
        return invalid('A list needs a name.', '/data/attributes/name');
      if (optIn !== 'single_opt_in' && optIn !== 'double_opt_in') {
        return invalid('opt_in_process must be single_opt_in or double_opt_in.', '/data/attributes/opt_in_process');
      }
      return oneAnswer(request, listJson(request, account.addList(account.newId(), name, optIn)), { status: 201 });
    },
    true,
  );
  router.add(
    'PATCH',
    '/api/lists/:id',
    'lists.update',
    (request) => {
      const [list, { name }] = [listOf(request), attributesOf(request)];
      if (typeof name !== 'string' || name.trim() === '')
        return invalid('A list needs a name.', '/data/attributes/name');
      list.name = name;
      list.updated = accountOf(request).now();
      return oneAnswer(request, listJson(request, list));
    },
    true,
  );
  router.add(
    'DELETE',
    '/api/lists/:id',
    'lists.delete',
    (request) => {
      accountOf(request).lists.delete(listOf(request).id);
      return { status: 204 };
    },
    true,
  );

  addMemberRoutes(router, accountOf, 'lists', listOf);
  router.add('POST', '/api/lists/:id/relationships/profiles', 'lists.add', (request) => change(request, true), true);
  router.add(
    'DELETE',
    '/api/lists/:id/relationships/profiles',
    'lists.remove',
    (request) => change(request, false),
    true,
  );
  const change = (request: SandboxRequest, add: boolean): SandboxAnswer => {
    const [account, list] = [accountOf(request), listOf(request)];
    const { data } = (request.json ?? {}) as { data?: { type?: string; id?: string }[] };
    if (!Array.isArray(data) || data.length === 0) return invalid("'data' must name profiles.", '/data');
    if (data.length > 1000) return invalid('At most 1000 profiles are allowed.', '/data');
    // All or nothing: one unknown profile refuses the call.
    const profiles = data.map(({ id = '' }, index) => {
      const profile = account.find(id);
      if (profile === undefined) throw new Refusal(notFound('profile', id, `/data/${index}/id`));
      return profile;
    });
    for (const profile of profiles) {
      if (!add) list.members.delete(profile.id);
      else if (!list.members.has(profile.id)) list.members.set(profile.id, account.now());
    }
    return { status: 204 };
  };
  flowsTriggeredBy(router, accountOf, 'list', listOf);
}

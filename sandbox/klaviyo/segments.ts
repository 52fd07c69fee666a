import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { notFound } from './answers.js';
import { clausesOf, isAmong, stretchOf, within } from './filter.js';
import { flowsTriggeredBy } from './flows.js';
import { addMemberRoutes } from './members.js';
import { oneAnswer, pageSize, sortedPage } from './paging.js';
import type { AccountOf } from './profiles.js';
import { segmentJson } from './serialise.js';
import type { Segment } from './store.js';

/** Segments: people get in and out by themselves, a little after they fit. */
export function addSegmentRoutes(router: Router, accountOf: AccountOf): void {
  const segmentOf = (request: SandboxRequest): Segment => {
    const account = accountOf(request);
    account.settleSegments();
    const segment = account.segments.get(request.params['id'] ?? '');
    if (segment === undefined) throw new Refusal(notFound('segment', request.params['id'] ?? ''));
    return segment;
  };

  router.add('GET', '/api/segments', 'segments.list', (request) => {
    const size = pageSize(request, 10, 10);
    const clauses = clausesOf(request, {
      name: 'string any equals',
      id: 'string any equals',
      created: 'datetime greater-than',
      updated: 'datetime greater-than',
      is_active: 'boolean any equals',
      // Accepted, and ignored.
      is_starred: 'boolean equals',
    });
    const [created, updated] = [stretchOf(clauses, 'created'), stretchOf(clauses, 'updated')];
    const fits = (segment: Segment): boolean =>
      within(created, segment.created) &&
      within(updated, segment.updated) &&
      clauses.every((clause) => {
        if (clause.field === 'id') return isAmong(clause, segment.id);
        if (clause.field === 'name') return isAmong(clause, segment.name);
        return clause.field !== 'is_active' || isAmong(clause, String(segment.active));
      });
    return sortedPage(request, [...accountOf(request).segments.values()].filter(fits), {
      size,
      keys: {
        id: ({ id }) => id,
        name: ({ name }) => name,
        created: (one) => one.created,
        updated: (one) => one.updated,
      },
      json: (segment) => segmentJson(request, segment),
    });
  });
  router.add('GET', '/api/segments/:id', 'segments.get', (request) =>
    oneAnswer(
      request,
      segmentJson(request, segmentOf(request), request.query.get('additional-fields[segment]') === 'profile_count'),
    ),
  );
  addMemberRoutes(router, accountOf, 'segments', segmentOf);
  flowsTriggeredBy(router, accountOf, 'segment', segmentOf);
}

import type { Router } from '../core/router.js';
import { invalid, notFound } from './answers.js';
import { later } from './later.js';
import { oneAnswer } from './paging.js';
import { profileOf, type AccountOf } from './profiles.js';

interface MergeBody {
  data?: { type?: string; id?: string; relationships?: { profiles?: { data?: { id?: string }[] } } };
}

/** Merging one profile into another: accepted at once, done a moment later. */
export function addMergeRoutes(router: Router, accountOf: AccountOf, delayMs: number): void {
  router.add(
    'POST',
    '/api/profile-merge',
    'profiles.merge',
    (request) => {
      const account = accountOf(request);
      const { data } = (request.json ?? {}) as MergeBody;
      if (data?.type !== 'profile-merge')
        return invalid("The payload must have a 'data' of type 'profile-merge'.", '/data/type');
      const sources = data.relationships?.profiles?.data ?? [];
      if (sources.length !== 1)
        return invalid('Exactly one source profile is required.', '/data/relationships/profiles');
      const destination = profileOf(account, data.id ?? '');
      const source = profileOf(account, sources[0]?.id ?? '');
      if (source === destination)
        return notFound('profile', sources[0]?.id ?? '', '/data/relationships/profiles/data/0/id');
      later(delayMs, () => {
        const stillThere = account.profiles.has(source.id) && account.profiles.has(destination.id);
        if (stillThere) account.merge(source, destination);
      });
      const self = `${request.url.origin}/api/profiles/${destination.id}/`;
      return oneAnswer(request, { type: 'profile', id: destination.id, links: { self } }, { status: 202 });
    },
    true,
  );
}

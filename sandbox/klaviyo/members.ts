import type { Router, SandboxAnswer, SandboxRequest } from '../core/router.js';
import { clausesOf, stretchOf, within, type Clause, type Filterable } from './filter.js';
import { pageAnswer, pageSize, positionOf, sortedPage, sortOf } from './paging.js';
import type { AccountOf } from './profiles.js';
import { profileJson, profileView } from './serialise.js';
import type { Account, Profile } from './store.js';
import type { Timeline } from './timeline.js';

interface Member {
  id: string;
  profile: Profile;
  joinedAt: number;
}

const filters: Filterable = {
  email: 'string any equals',
  phone_number: 'string any equals',
  joined_group_at: 'datetime greater-than greater-or-equal less-than less-or-equal',
};

/** The members of a list or segment, whole or by id alone, in the order in which they joined. */
export function addMemberRoutes(
  router: Router,
  accountOf: AccountOf,
  kind: 'lists' | 'segments',
  groupOf: (request: SandboxRequest) => { members: Timeline },
): void {
  const allowed = kind === 'segments' ? { ...filters, profile_id: 'string any equals' } : filters;
  const page = (request: SandboxRequest, json: (member: Member) => unknown): SandboxAnswer => {
    const account = accountOf(request);
    const { members } = groupOf(request);
    const clauses = clausesOf(request, allowed);
    const size = pageSize(request, 20, 100);
    const stretch = stretchOf(clauses, 'joined_group_at');
    const memberOf = (profile: Profile | undefined): Member[] => {
      const joinedAt = members.get(profile?.id ?? '');
      return profile === undefined || joinedAt === undefined ? [] : [{ id: profile.id, profile, joinedAt }];
    };
    const [identity, ...others] = clauses.filter(({ field }) => field !== 'joined_group_at');
    if (identity !== undefined) {
      const found = named(account, identity).flatMap(memberOf);
      return sortedPage(
        request,
        found.filter(
          ({ profile, joinedAt }) =>
            within(stretch, joinedAt) && others.every((clause) => named(account, clause).includes(profile)),
        ),
        { size, keys: { joined_group_at: ({ joinedAt }) => joinedAt }, json },
      );
    }
    const { descending } = sortOf(request, ['joined_group_at']);
    const { ids, next } = members.page({ ...stretch, size, after: positionOf(request), descending });
    return pageAnswer(request, ids.flatMap((id) => memberOf(account.profiles.get(id))).map(json), next);
  };
  router.add('GET', `/api/${kind}/:id/profiles`, `${kind}.profiles`, (request) => {
    const view = profileView(request);
    return page(request, ({ profile, joinedAt }) => profileJson(view, profile, joinedAt));
  });
  router.add('GET', `/api/${kind}/:id/relationships/profiles`, `${kind}.profileIds`, (request) =>
    page(request, ({ id }) => ({ type: 'profile', id })),
  );
}

/** The profiles that a clause on an identity names. */
function named(account: Account, { field, values }: Clause): Profile[] {
  const found =
    field === 'profile_id'
      ? values.flatMap((id) => account.profiles.get(id) ?? [])
      : values.flatMap((value) => account.holder({ [field]: value }));
  return [...new Set(found)];
}

import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalid, klaviyoError } from './answers.js';
import type { Account, List, Profile } from './store.js';

interface JobBody {
  data?: {
    attributes?: {
      historical_import?: boolean;
      profiles?: {
        data?: {
          id?: string;
          attributes?: { email?: string; subscriptions?: { email?: { marketing?: { consented_at?: string } } } };
        }[];
      };
    };
    relationships?: { list?: { data?: { id?: string } } };
  };
}

/** Subscribing, unsubscribing and suppressing, with the traps of the real ones. All done a moment later. */
export function addSubscriptionRoutes(
  router: Router,
  accountOf: (request: SandboxRequest) => Account,
  delayMs: number,
): void {
  const later = (work: () => void): void => void setTimeout(work, delayMs).unref();
  const parts = (
    request: SandboxRequest,
    most: number,
  ): {
    body: JobBody;
    profiles: NonNullable<NonNullable<NonNullable<JobBody['data']>['attributes']>['profiles']>['data'];
    list: List | null;
    account: Account;
  } => {
    const account = accountOf(request);
    const body = (request.json ?? {}) as JobBody;
    const profiles = body.data?.attributes?.profiles?.data ?? [];
    if (profiles.length > most)
      throw new Refusal(invalid(`At most ${most} profiles are allowed.`, '/data/attributes/profiles'));
    const listId = body.data?.relationships?.list?.data?.id;
    const list = listId === undefined ? null : account.lists.get(listId);
    if (list === undefined)
      throw new Refusal(klaviyoError(404, 'not_found', 'Not found.', `A list with id ${listId ?? ''} does not exist.`));
    return { body, profiles, list, account };
  };
  const profileOf = (account: Account, given: { id?: string; attributes?: { email?: string } }): Profile | undefined =>
    given.id === undefined ? account.holder({ email: given.attributes?.email })[0] : account.find(given.id);

  router.add(
    'POST',
    '/api/profile-subscription-bulk-create-jobs',
    'subscriptions.subscribe',
    (request) => {
      const { body, profiles = [], list, account } = parts(request, 1000);
      const historical = body.data?.attributes?.historical_import === true;
      for (const [index, given] of profiles.entries()) {
        const consentedAt = given.attributes?.subscriptions?.email?.marketing?.consented_at;
        const pointer = `/data/attributes/profiles/data/${index}/attributes/subscriptions/email/marketing/consented_at`;
        if (historical && consentedAt === undefined)
          return invalid('consented_at is required with historical_import.', pointer);
        if (!historical && consentedAt !== undefined)
          return invalid('consented_at is only allowed with historical_import.', pointer);
        if (consentedAt !== undefined && Date.parse(consentedAt) > Date.now())
          return invalid('consented_at must be in the past.', pointer);
      }
      later(() => {
        for (const given of profiles) {
          // On a double opt-in list nothing happens until the person confirms.
          if (list?.optIn === 'double_opt_in' && !historical) continue;
          let profile = profileOf(account, given);
          if (profile === undefined) {
            // Without a list and without historical_import a new address never becomes a profile.
            if (list === null && !historical) continue;
            profile = account.create();
            account.identify(profile, { email: given.attributes?.email ?? null });
          }
          account.subscribe(profile);
          if (list !== null && !list.members.has(profile.id)) list.members.set(profile.id, account.now());
        }
      });
      return { status: 202 };
    },
    true,
  );
  router.add(
    'POST',
    '/api/profile-subscription-bulk-delete-jobs',
    'subscriptions.unsubscribe',
    (request) => {
      const { profiles = [], list, account } = parts(request, 100);
      later(() => {
        for (const given of profiles) {
          const profile = profileOf(account, given);
          if (profile === undefined) continue;
          // With a list: whoever is not on it is unsubscribed everywhere.
          if (list !== null && list.members.delete(profile.id)) continue;
          account.unsubscribe(profile);
        }
      });
      return { status: 202 };
    },
    true,
  );
  for (const [path, operation, suppress] of [
    ['profile-suppression-bulk-create-jobs', 'subscriptions.suppress', true],
    ['profile-suppression-bulk-delete-jobs', 'subscriptions.unsuppress', false],
  ] as const) {
    router.add(
      'POST',
      `/api/${path}`,
      operation,
      (request) => {
        const { profiles = [], account } = parts(request, 100);
        later(() => {
          for (const given of profiles) {
            const profile = profileOf(account, given);
            if (profile === undefined) continue;
            profile.suppressions = profile.suppressions.filter((one) => one.reason !== 'USER_SUPPRESSED');
            if (suppress) profile.suppressions.push({ reason: 'USER_SUPPRESSED', at: account.now() });
          }
        });
        const id = `${account.id}-${Date.now()}`;
        return {
          status: 202,
          json: {
            data: {
              type: path.replace(/s$/, ''),
              id,
              attributes: {
                status: 'processing',
                created_at: new Date().toISOString(),
                total_count: profiles.length,
                completed_count: 0,
                skipped_count: 0,
              },
              links: { self: `${request.url.origin}/api/${path}/${id}/` },
            },
          },
        };
      },
      true,
    );
  }
}

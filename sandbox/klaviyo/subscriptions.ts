import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalid, notFound } from './answers.js';
import { leaveList, subscribePerson, withdrawConsent } from './consent.js';
import { later } from './later.js';
import type { AccountOf } from './profiles.js';
import type { Account, List, Profile } from './store.js';

interface Given {
  id?: string | null;
  attributes?: {
    email?: string | null;
    phone_number?: string | null;
    subscriptions?: { email?: { marketing?: { consent?: string; consented_at?: string } } };
  };
}

interface JobBody {
  data?: {
    type?: string;
    attributes?: { historical_import?: boolean; custom_source?: string; profiles?: { data?: Given[] } };
    relationships?: { list?: { data?: { id?: string } } };
  };
}

/**
 * Subscribing and unsubscribing, with the traps of the real ones. Both answer at once without a body, tell no job and
 * no outcome, and are done a moment later.
 */
export function addSubscriptionRoutes(router: Router, accountOf: AccountOf, delayMs: number): void {
  const jobOf = (request: SandboxRequest, type: string, most: number, consent: string) => {
    const account = accountOf(request);
    const data = ((request.json ?? {}) as JobBody).data ?? {};
    if (data.type !== type)
      throw new Refusal(invalid(`The payload must have a 'data' of type '${type}'.`, '/data/type'));
    const profiles = data.attributes?.profiles?.data ?? [];
    const at = '/data/attributes/profiles/data';
    if (profiles.length === 0 || profiles.length > most) {
      throw new Refusal(invalid(`Between 1 and ${most} profiles are allowed.`, at));
    }
    const listId = data.relationships?.list?.data?.id;
    const list = listId === undefined ? null : account.lists.get(listId);
    if (list === undefined) throw new Refusal(notFound('list', listId ?? '', '/data/relationships/list/data/id'));
    for (const [index, { id, attributes }] of profiles.entries()) {
      if (!id && !attributes?.email && !attributes?.phone_number) {
        throw new Refusal(invalid('An email or phone number is required.', `${at}/${index}/attributes`));
      }
      const asked = attributes?.subscriptions?.email?.marketing?.consent;
      if (asked !== undefined && asked !== consent) {
        const pointer = `${at}/${index}/attributes/subscriptions/email/marketing/consent`;
        throw new Refusal(invalid(`'${asked}' is not a valid consent here.`, pointer));
      }
    }
    return { account, data, profiles, list };
  };

  router.add(
    'POST',
    '/api/profile-subscription-bulk-create-jobs',
    'subscriptions.subscribe',
    (request) => {
      const job = jobOf(request, 'profile-subscription-bulk-create-job', 1000, 'SUBSCRIBED');
      const historical = job.data.attributes?.historical_import === true;
      for (const [index, given] of job.profiles.entries()) checkConsentedAt(given, index, historical);
      const method = job.data.attributes?.custom_source ?? 'API';
      later(delayMs, () => {
        for (const given of job.profiles) subscribe(job.account, given, job.list, historical, method);
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
      const { account, profiles, list } = jobOf(request, 'profile-subscription-bulk-delete-job', 100, 'UNSUBSCRIBED');
      later(delayMs, () => {
        for (const given of profiles) {
          const profile = personOf(account, given);
          if (profile === undefined) continue;
          // With a list: whoever is not on it is unsubscribed everywhere.
          if (list?.members.has(profile.id) === true) leaveList(account, profile, list);
          else withdrawConsent(account, profile);
        }
      });
      return { status: 202 };
    },
    true,
  );
}

const personOf = (account: Account, { id, attributes }: Given): Profile | undefined =>
  id ? account.find(id) : account.holder({ email: attributes?.email, phone_number: attributes?.phone_number })[0];

function checkConsentedAt({ attributes }: Given, index: number, historical: boolean): void {
  const consentedAt = attributes?.subscriptions?.email?.marketing?.consented_at;
  const pointer = `/data/attributes/profiles/data/${index}/attributes/subscriptions/email/marketing/consented_at`;
  const refusal =
    historical && consentedAt === undefined
      ? 'consented_at is required with historical_import.'
      : !historical && consentedAt !== undefined
        ? 'consented_at is only allowed with historical_import.'
        : consentedAt !== undefined && !(Date.parse(consentedAt) <= Date.now())
          ? 'consented_at must be in the past.'
          : null;
  if (refusal !== null) throw new Refusal(invalid(refusal, pointer));
}

function subscribe(account: Account, given: Given, list: List | null, historical: boolean, method: string): void {
  const email = given.attributes?.email ?? null;
  let profile = personOf(account, given);
  if (list?.optIn === 'double_opt_in' && !historical) {
    // Nothing happens until the person follows the link in the email that Klaviyo now sends.
    const waiting = email ?? profile?.email ?? null;
    if (waiting !== null) {
      const key = waiting.trim().toLowerCase();
      account.unconfirmed.set(key, (account.unconfirmed.get(key) ?? new Set()).add(list.id));
    }
    return;
  }
  // Without a list and without historical_import a new address never becomes a profile.
  if (profile === undefined && list === null && !historical) return;
  if (profile === undefined) {
    profile = account.create();
    account.identify(profile, { email, phone_number: given.attributes?.phone_number ?? null });
    account.touch(profile);
  }
  const consentedAt = given.attributes?.subscriptions?.email?.marketing?.consented_at;
  subscribePerson(account, profile, list, {
    method,
    ...(consentedAt === undefined ? {} : { at: Date.parse(consentedAt) }),
  });
}

/** A person follows the link of a double opt-in email. Answers the lists that were waiting for it. */
export function confirmSubscription(account: Account, email: string): string[] {
  const key = email.trim().toLowerCase();
  const listIds = [...(account.unconfirmed.get(key) ?? [])];
  account.unconfirmed.delete(key);
  for (const listId of listIds) {
    const list = account.lists.get(listId);
    if (list === undefined) continue;
    let [profile] = account.holder({ email });
    if (profile === undefined) {
      profile = account.create();
      account.identify(profile, { email });
      account.touch(profile);
    }
    subscribePerson(account, profile, list, { method: 'DOUBLE_OPT_IN', doubleOptIn: true });
  }
  return listIds;
}

import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { makePeople, type Person } from '../seed/people.js';
import { addActivityControls } from './control-activity.js';
import { errorFor } from './answers.js';
import type { Tokens } from './oauth.js';
import { writeProfile, type ProfileResource } from './profile-write.js';
import { profileJson } from './serialise.js';
import type { Account, List, Profile } from './store.js';
import type { WebhookBehaviour, WebhookDelivery } from './webhook-delivery.js';

export interface Controls {
  accounts: Map<string, Account>;
  tokens: Tokens;
  webhooks: WebhookDelivery;
  seed: (account: Account, people: readonly Person[]) => void;
  setLimits: (enabled: boolean) => void;
  reset: () => void;
}

interface Addressed {
  /** Both names are understood. */
  account?: string;
  companyId?: string;
}

const whole = { origin: '', subscriptions: true, wanted: null };

/** A profile with its consent and its lists. */
const full = (account: Account, profile: Profile): Record<string, unknown> => ({
  ...profileJson(whole, profile),
  lists: [...account.lists.values()].filter(({ members }) => members.has(profile.id)).map(({ id }) => id),
});

/** What people do in Klaviyo, and switches for tests. None of it is limited, faulted, recorded or counted. */
export function addControlRoutes(router: Router, controls: Controls): void {
  const { accounts, tokens, webhooks } = controls;
  const accountCalled = (id: string | undefined): Account => {
    const account = accounts.get(id ?? '');
    if (account === undefined) throw new Refusal(errorFor(404, 'There is no such account.'));
    return account;
  };
  const accountOf = (request: SandboxRequest): Account => accountCalled(request.params['account']);
  const profileOf = (request: SandboxRequest): Profile => {
    const profile = accountOf(request).find(request.params['id'] ?? '');
    if (profile === undefined) throw new Refusal(errorFor(404, 'There is no such profile.'));
    return profile;
  };
  const listOf = (request: SandboxRequest): List => {
    const list = accountOf(request).lists.get(request.params['id'] ?? '');
    if (list === undefined) throw new Refusal(errorFor(404, 'There is no such list.'));
    return list;
  };

  router.add('GET', '/_sandbox/accounts', 'sandbox', () => ({
    status: 200,
    json: {
      accounts: [...accounts.values()].map(({ id, name, profiles, keys, events }) => ({
        id,
        name,
        profiles: profiles.size,
        events: events.size,
        key: [...keys.keys()][0],
      })),
    },
  }));

  const root = '/_sandbox/accounts/:account/profiles';
  router.add('GET', root, 'sandbox', (request) => {
    const account = accountOf(request);
    const email = request.query.get('email');
    const after = request.query.get('after') ?? '';
    const limit = Number(request.query.get('limit') ?? 1000);
    const found =
      email === null
        ? [...account.profiles.values()].filter(({ id }) => id > after).slice(0, limit)
        : account.holder({ email });
    return { status: 200, json: { results: found.map((profile) => full(account, profile)) } };
  });
  router.add('GET', `${root}/:id`, 'sandbox', (request) => ({
    status: 200,
    json: full(accountOf(request), profileOf(request)),
  }));
  router.add('POST', root, 'sandbox', (request) => {
    const account = accountOf(request);
    return { status: 201, json: full(account, writeProfile(account, null, request.json as ProfileResource).profile) };
  });
  router.add('PATCH', `${root}/:id`, 'sandbox', (request) => {
    const account = accountOf(request);
    return {
      status: 200,
      json: full(account, writeProfile(account, profileOf(request), request.json as ProfileResource).profile),
    };
  });
  router.add('DELETE', `${root}/:id`, 'sandbox', (request) => {
    accountOf(request).remove(profileOf(request));
    return { status: 204 };
  });

  for (const method of ['PUT', 'POST']) {
    router.add(method, '/_sandbox/accounts/:account/lists/:id/members', 'sandbox', (request) => {
      const [account, { members }] = [accountOf(request), listOf(request)];
      const { add = [], remove = [] } = request.json as { add?: string[]; remove?: string[] };
      for (const id of add) if (!members.has(id)) members.set(id, account.now());
      for (const id of remove) members.delete(id);
      return { status: 204 };
    });
  }
  addActivityControls(router, accountOf);

  router.add('POST', '/_sandbox/keys', 'sandbox', (request) => {
    const { account, companyId, key, scopes } = request.json as Addressed & { key: string; scopes: string[] | null };
    accountCalled(account ?? companyId).keys.set(key, scopes);
    return { status: 204 };
  });
  router.add('DELETE', '/_sandbox/keys', 'sandbox', (request) => {
    const { account, companyId, key } = request.json as Addressed & { key: string };
    accountCalled(account ?? companyId).keys.delete(key);
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/accounts/:account/expire-tokens', 'sandbox', (request) => {
    tokens.expire(accountOf(request).id);
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/accounts/:account/uninstall', 'sandbox', (request) => {
    tokens.uninstall(accountOf(request).id);
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/seed', 'sandbox', (request) => {
    const { account, companyId, people, seed } = request.json as Addressed & { people: number; seed: number };
    controls.seed(accountCalled(account ?? companyId), makePeople(people, seed));
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/reset', 'sandbox', () => {
    controls.reset();
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/limits', 'sandbox', (request) => {
    controls.setLimits((request.json as { enabled: boolean }).enabled);
    return { status: 204 };
  });
  router.add('GET', '/_sandbox/webhooks', 'sandbox', () => ({
    status: 200,
    json: { behaviour: webhooks.behaviour, deliveries: webhooks.deliveries },
  }));
  router.add('POST', '/_sandbox/webhooks', 'sandbox', (request) => {
    webhooks.behaviour = { ...webhooks.behaviour, ...(request.json as Partial<WebhookBehaviour>) };
    return { status: 200, json: { behaviour: webhooks.behaviour } };
  });
}

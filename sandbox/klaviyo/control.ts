import type { CallLog } from '../core/calls.js';
import { form, link, page, table } from '../core/html.js';
import type { Router, SandboxAnswer, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { makePeople } from '../seed/people.js';
import { errorFor } from './answers.js';
import { writeProfile, type ProfileResource } from './profiles.js';
import { profileJson } from './serialise.js';
import type { Account, Profile } from './store.js';

/** What people do in Klaviyo, switches for tests, and pages to look around. None of it is limited or counted. */
export function addControlRoutes(
  router: Router,
  controls: { accounts: Map<string, Account>; calls: () => CallLog; setLimits: (enabled: boolean) => void },
): void {
  const { accounts } = controls;
  const accountOf = (request: SandboxRequest): Account => {
    const account = accounts.get(request.params['account'] ?? '');
    if (account === undefined) throw new Refusal(errorFor(404, 'There is no such account.'));
    return account;
  };
  const profileOf = (request: SandboxRequest): Profile => {
    const profile = accountOf(request).find(request.params['id'] ?? '');
    if (profile === undefined) throw new Refusal(errorFor(404, 'There is no such profile.'));
    return profile;
  };
  const full = (account: Account, profile: Profile): Record<string, unknown> => ({
    ...profileJson('', profile, { subscriptions: true }),
    lists: [...account.lists.values()].filter((list) => list.members.has(profile.id)).map((list) => list.id),
  });
  const root = '/_sandbox/accounts/:account/profiles';

  router.add('GET', '/_sandbox/accounts', 'sandbox', () => ({
    status: 200,
    json: {
      accounts: [...accounts.values()].map((account) => ({
        id: account.id,
        name: account.name,
        profiles: account.profiles.size,
        key: [...account.keys.keys()][0],
      })),
    },
  }));
  router.add('GET', root, 'sandbox', (request) => {
    const account = accountOf(request);
    const email = request.query.get('email');
    const after = request.query.get('after') ?? '';
    const limit = Number(request.query.get('limit') ?? 1000);
    const found =
      email === null
        ? [...account.profiles.values()]
            .filter((profile) => profile.id > after)
            .sort((a, b) => (a.id < b.id ? -1 : 1))
            .slice(0, limit)
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
  router.add('POST', '/_sandbox/accounts/:account/merge', 'sandbox', (request) => {
    const account = accountOf(request);
    const { source, destination } = request.json as { source: string; destination: string };
    const [from, into] = [account.find(source), account.find(destination)];
    if (from !== undefined && into !== undefined && from !== into) account.merge(from, into);
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/accounts/:account/unsubscribe', 'sandbox', (request) => {
    const account = accountOf(request);
    const [profile] = account.holder({ email: (request.json as { email: string }).email });
    if (profile !== undefined) account.unsubscribe(profile);
    return { status: 204 };
  });
  router.add('PUT', '/_sandbox/accounts/:account/lists/:id/members', 'sandbox', (request) => {
    const account = accountOf(request);
    const list = account.lists.get(request.params['id'] ?? '');
    const { add = [], remove = [] } = request.json as { add?: string[]; remove?: string[] };
    for (const id of add) list?.members.set(id, account.now());
    for (const id of remove) list?.members.delete(id);
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/keys', 'sandbox', (request) => {
    const { account, key, scopes } = request.json as { account: string; key: string; scopes: string[] | null };
    accounts.get(account)?.keys.set(key, scopes);
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/seed', 'sandbox', (request) => {
    const { account, people, seed } = request.json as { account: string; people: number; seed: number };
    accounts.get(account)?.seed(makePeople(people, seed));
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/limits', 'sandbox', (request) => {
    controls.setLimits((request.json as { enabled: boolean }).enabled);
    return { status: 204 };
  });
  addPages(router, controls, accountOf, profileOf);
}

const shown = ['email', 'first_name', 'last_name', 'phone_number', 'organization', 'title'] as const;

function addPages(
  router: Router,
  { accounts, calls }: { accounts: Map<string, Account>; calls: () => CallLog },
  accountOf: (request: SandboxRequest) => Account,
  profileOf: (request: SandboxRequest) => Profile,
): void {
  const html = (title: string, body: string): SandboxAnswer => ({
    status: 200,
    html: page(
      `Klaviyo stand-in: ${title}`,
      [
        ['/', 'Accounts'],
        ['/_sandbox/inspect/calls', 'Calls'],
      ],
      body,
    ),
  });
  router.add('GET', '/', 'page', () =>
    html(
      'accounts',
      table(
        ['Account', 'Name', 'Profiles', 'Private key'],
        [...accounts.values()].map((account) => [
          link(`/_sandbox/inspect/${account.id}`, account.id),
          account.name,
          account.profiles.size,
          [...account.keys.keys()][0],
        ]),
      ),
    ),
  );
  router.add('GET', '/_sandbox/inspect/calls', 'page', () => {
    const summary = calls().summary();
    return html(
      'calls',
      `<p>${summary.total} calls, ${summary.writes} of them writes.</p>${table(
        ['Operation', 'Calls', 'Statuses'],
        Object.entries(summary.byOperation).map(([name, { count, statuses }]) => [
          name,
          count,
          JSON.stringify(statuses),
        ]),
      )}`,
    );
  });
  router.add('GET', '/_sandbox/inspect/:account', 'page', (request) => {
    const account = accountOf(request);
    const query = (request.query.get('q') ?? '').toLowerCase();
    const rows: unknown[][] = [];
    for (const profile of account.profiles.values()) {
      const values = shown.map((name) => profile[name] ?? '');
      if (query !== '' && !values.some((value) => value.toLowerCase().includes(query))) continue;
      rows.push([
        link(`/_sandbox/inspect/${account.id}/profiles/${profile.id}`, profile.id.slice(-8)),
        ...values,
        profile.consent,
        profile.suppressions.map((one) => one.reason).join(', '),
      ]);
      if (rows.length === 100) break;
    }
    const lists = table(
      ['List', 'Name', 'Opt-in', 'Members'],
      [...account.lists.values()].map((list) => [list.id, list.name, list.optIn, list.members.size]),
    );
    return html(
      `account ${account.id}`,
      `<form><label>Search profiles<input name="q" value="${query.replace(/[^\p{L}\p{N}@. ]/gu, '')}"></label></form>${table(['Id', ...shown, 'Consent', 'Suppressed'], rows)}<h2>Lists</h2>${lists}`,
    );
  });
  router.add('GET', '/_sandbox/inspect/:account/profiles/:id', 'page', (request) => {
    const profile = profileOf(request);
    const fields = [
      ...shown.map((name) => ({ name: String(name), label: String(name), value: profile[name] })),
      { name: 'location.city', label: 'city', value: String(profile.location['city'] ?? '') },
    ];
    const properties = table(
      ['Property', 'Value'],
      Object.entries(profile.properties).map(([name, value]) => [name, JSON.stringify(value)]),
    );
    return html(
      `profile ${profile.id}`,
      `<p>Updated ${new Date(profile.updated).toISOString()} · ${profile.consent}</p>${form(request.path, fields, 'Save as a person in Klaviyo')}${properties}`,
    );
  });
  router.add('POST', '/_sandbox/inspect/:account/profiles/:id', 'page', (request) => {
    const profile = profileOf(request);
    const attributes: Record<string, unknown> = {};
    for (const name of shown) {
      const value = request.form.get(name) ?? '';
      if (value !== (profile[name] ?? '')) attributes[name] = value === '' ? null : value;
    }
    const city = request.form.get('location.city') ?? '';
    if (city !== String(profile.location['city'] ?? '')) attributes['location'] = { city: city === '' ? null : city };
    if (Object.keys(attributes).length > 0) writeProfile(accountOf(request), profile, { attributes });
    return { status: 303, headers: { location: request.path } };
  });
}

import { form, link, page, table } from '../core/html.js';
import type { Router, SandboxAnswer, SandboxRequest } from '../core/router.js';
import { Refusal, type Sandbox } from '../core/server.js';
import { errorFor, shownTime } from './answers.js';
import { writeProfile } from './profile-write.js';
import type { Account, Profile } from './store.js';
import type { WebhookDelivery } from './webhook-delivery.js';

const shown = ['email', 'first_name', 'last_name', 'phone_number', 'organization', 'title'] as const;
const most = 100;

/** Pages to look around in, and to edit a profile as a person in Klaviyo would. */
export function addInspectorPages(
  router: Router,
  {
    accounts,
    webhooks,
    sandbox,
  }: { accounts: Map<string, Account>; webhooks: WebhookDelivery; sandbox: () => Sandbox },
): void {
  const root = '/_sandbox/inspect';
  const html = (title: string, body: string, account?: Account): SandboxAnswer => {
    const ofAccount: [string, string][] =
      account === undefined
        ? []
        : [
            [`${root}/${account.id}`, 'Profiles'],
            [`${root}/${account.id}/lists`, 'Lists and segments'],
            [`${root}/${account.id}/events`, 'Events'],
            [`${root}/${account.id}/jobs`, 'Jobs'],
          ];
    return {
      status: 200,
      html: page(
        `Klaviyo stand-in: ${title}`,
        [['/', 'Accounts'], ...ofAccount, [`${root}/calls`, 'Calls and faults']],
        body,
      ),
    };
  };
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
  const profileRows = (account: Account, profiles: Iterable<Profile>, query = ''): unknown[][] => {
    const rows: unknown[][] = [];
    for (const profile of profiles) {
      const values = shown.map((name) => profile[name] ?? '');
      if (query !== '' && !values.some((value) => value.toLowerCase().includes(query))) continue;
      const address = `${root}/${account.id}/profiles/${profile.id}`;
      rows.push([
        link(address, profile.id.slice(-8)),
        ...values,
        profile.consent,
        profile.suppressions.map(({ reason }) => reason).join(', '),
      ]);
      if (rows.length === most) break;
    }
    return rows;
  };
  const head = ['Id', ...shown, 'Consent', 'Suppressed'];
  const eventRows = (account: Account, profileId: string | null): unknown[][] =>
    account.events
      .order(null, profileId)
      .page({ size: most, descending: true })
      .ids.map((id) => {
        const event = account.events.get(id);
        if (event === undefined) return [];
        const late = event.listedAt > Date.now() ? ` (listed from ${shownTime(event.listedAt)})` : '';
        const person = account.profiles.get(event.profileId ?? '');
        return [
          `${shownTime(event.at)}${late}`,
          account.events.metrics.get(event.metricId)?.name,
          person === undefined ? '' : link(`${root}/${account.id}/profiles/${person.id}`, person.email ?? person.id),
          event.properties['Campaign Name'] ?? '',
          JSON.stringify(event.properties),
        ];
      });
  const eventHead = ['When', 'Metric', 'Profile', 'Message', 'Properties'];

  const front = (): SandboxAnswer =>
    html(
      'accounts',
      table(
        ['Account', 'Name', 'Profiles', 'Events', 'Private key'],
        [...accounts.values()].map((account) => [
          link(`${root}/${account.id}`, account.id),
          account.name,
          account.profiles.size,
          account.events.size,
          [...account.keys.keys()][0],
        ]),
      ),
    );
  router.add('GET', '/', 'page', front);
  router.add('GET', root, 'page', front);
  router.add('GET', `${root}/calls`, 'page', () => {
    const { calls, faults } = sandbox();
    const summary = calls.summary();
    const operations = Object.entries(summary.byOperation).map(([name, { count, statuses }]) => [
      name,
      count,
      JSON.stringify(statuses),
    ]);
    const recent = calls.recent.slice(-most).reverse();
    return html(
      'calls and faults',
      `<p>${summary.total} calls, ${summary.writes} of them writes.</p>${table(['Operation', 'Calls', 'Statuses'], operations)}
<h2>Faults that wait</h2>${table(
        ['Fault'],
        faults.waiting().map((fault) => [JSON.stringify(fault)]),
      )}
<h2>Webhook deliveries</h2>${table(
        ['When', 'Webhook', 'Events', 'Attempt', 'Answer'],
        webhooks.deliveries
          .slice(-most)
          .reverse()
          .map((one) => [one.at, one.webhookId, one.events, one.attempt, one.status]),
      )}
<h2>Latest calls</h2>${table(
        ['When', 'Call', 'Operation', 'Status'],
        recent.map((one) => [one.at, `${one.method} ${one.path}`, one.operation, one.status]),
      )}`,
    );
  });
  router.add('GET', `${root}/:account`, 'page', (request) => {
    const account = accountOf(request);
    const query = request.query.get('q') ?? '';
    const search = form('', [{ name: 'q', label: 'Search profiles', value: query }], 'Search').replace(
      'method="post"',
      'method="get"',
    );
    return html(
      `account ${account.id}`,
      `${search}${table(head, profileRows(account, account.profiles.values(), query.toLowerCase()))}`,
      account,
    );
  });
  router.add('GET', `${root}/:account/lists`, 'page', (request) => {
    const account = accountOf(request);
    account.settleSegments();
    const rows = [
      ...[...account.lists.values()].map((list) => [
        link(`${root}/${account.id}/groups/${list.id}`, list.id),
        list.name,
        list.optIn,
        list.members.size,
      ]),
      ...[...account.segments.values()].map((segment) => [
        link(`${root}/${account.id}/groups/${segment.id}`, segment.id),
        segment.name,
        'segment',
        segment.members.size,
      ]),
    ];
    return html('lists and segments', table(['Id', 'Name', 'Kind', 'Members'], rows), account);
  });
  router.add('GET', `${root}/:account/groups/:id`, 'page', (request) => {
    const account = accountOf(request);
    const group = account.lists.get(request.params['id'] ?? '') ?? account.segments.get(request.params['id'] ?? '');
    if (group === undefined) throw new Refusal(errorFor(404, 'There is no such list or segment.'));
    const newest = group.members
      .page({ size: most, descending: true })
      .ids.flatMap((id) => account.profiles.get(id) ?? []);
    return html(group.name, table(head, profileRows(account, newest)), account);
  });
  router.add('GET', `${root}/:account/events`, 'page', (request) => {
    const account = accountOf(request);
    return html('events', table(eventHead, eventRows(account, null)), account);
  });
  router.add('GET', `${root}/:account/jobs`, 'page', (request) => {
    const account = accountOf(request);
    const imports = [...account.imports.values()]
      .slice(-most)
      .map((job) => [
        shownTime(job.createdAt),
        job.finishedAt === null ? 'processing' : 'complete',
        job.total,
        job.completed,
        job.errors.length,
      ]);
    const suppressions = [...account.suppressionJobs.values()]
      .slice(-most)
      .map((job) => [shownTime(job.createdAt), job.kind, job.total, job.completed, job.skipped]);
    return html(
      'jobs',
      `<h2>Imports</h2>${table(['When', 'Status', 'Profiles', 'Done', 'Failed'], imports)}<h2>Suppressions</h2>${table(['When', 'Kind', 'Profiles', 'Done', 'Skipped'], suppressions)}`,
      account,
    );
  });
  const editor = `${root}/:account/profiles/:id`;
  router.add('GET', editor, 'page', (request) => {
    const [account, profile] = [accountOf(request), profileOf(request)];
    const fields = [
      ...shown.map((name) => ({ name, label: name, value: profile[name] })),
      { name: 'location.city', label: 'city', value: String(profile.location['city'] ?? '') },
    ];
    const properties = Object.entries(profile.properties).map(([name, value]) => [name, JSON.stringify(value)]);
    const lists = [...account.lists.values()].filter(({ members }) => members.has(profile.id)).map(({ name }) => name);
    return html(
      `profile ${profile.id}`,
      `${table(['Updated', 'Consent', 'Suppressed', 'Lists'], [[shownTime(profile.updated), profile.consent, profile.suppressions.map(({ reason }) => reason).join(', '), lists.join(', ')]])}
${form(request.path, fields, 'Save as a person in Klaviyo')}${table(['Property', 'Value'], properties)}<h2>Events</h2>${table(eventHead, eventRows(account, profile.id))}`,
      account,
    );
  });
  router.add('POST', editor, 'page', (request) => {
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

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { installApp } from '../../../sandbox/hubspot/fetch-proxy.js';
import { activateEngagement, activity, connectByOauth } from '../../helpers/engagement.js';
import { leaksIn, secretsOf } from '../../helpers/leaks.js';
import { openWorld, settled, syncEverybody, until, type World } from '../../helpers/service.js';

// Words that stand nowhere else: whoever finds one in a log or an error knows where it came from.
const person = {
  email: 'zorblattina.quux@secret-place.example.org',
  firstname: 'Zorblattina',
  lastname: 'Quuxington',
  phone: '+4930777001122',
  city: 'Frobnizheim',
};
const national = '030 777001177';
const wrongKey = 'pk_0123456789abcdefabadcafe';

let world: World;
/** What was answered with an error, and what Prometheus reads. */
const answered: string[] = [];
beforeAll(async () => {
  world = await openWorld({ environment: { LOG_LEVEL: 'trace' }, klaviyo: { activity: 0, jobMs: 20 } });
}, 60_000);
afterAll(() => world.close());

async function keep(answer: Response | { status: number; text: string }): Promise<void> {
  const text = typeof answer.text === 'function' ? await answer.text() : answer.text;
  if (answer.status >= 400) answered.push(`${answer.status} ${text}`);
}
const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;
const faults = (kind: 'half_answer' | 'reset' | 'lost_answer', operation: string): void => {
  for (const side of ['hubspot', 'klaviyo'] as const) world[side].faults.add({ kind, operation });
};

test('A4: logs, errors and figures hold no secret and nobody’s address, number or name', async () => {
  const klaviyoAccountId = await connectByOauth(world);
  const options = { subscribe: true, carryOptOuts: 'both', defaultRegion: 'DE' };
  const id = await syncEverybody(world, { klaviyoAccountId, options });
  const engagementId = await activateEngagement(world, { klaviyoAccountId, options: { since: 'last_30_days' } });

  // Vendors that fail in every way while this person is on the way.
  for (const operation of ['contacts.', 'profiles.', 'lists.', 'subscriptions.', 'timeline.', 'oauth.'])
    for (const kind of ['half_answer', 'reset', 'lost_answer'] as const) faults(kind, operation);
  world.hubspot.faults.add({ kind: 'expired_token' });
  const first = portal().create('contacts', person, 'CRM_UI');
  // What vendors refuse, with the value in their answer: a number that another profile has, a number that is none.
  const refused: readonly (readonly [string, string])[] = [
    ['other.zorblattina@secret-place.example.org', person.phone],
    ['third.zorblattina@secret-place.example.org', national],
    ['fourth.zorblattina@secret-place.example.org', '+49 nonsense 77700'],
  ];
  for (const [email, phone] of refused) portal().create('contacts', { ...person, email, phone }, 'CRM_UI');
  const profile = account().create();
  account().identify(profile, { email: 'fifth.zorblattina@secret-place.example.org' });
  account().touch(profile);
  await settled(world, id);
  await until('the person to be there', () => (account().holder({ email: person.email }).length === 1 ? true : null));
  await activity(world, { email: person.email, type: 'clicked', url: 'https://shop.example.com/z' });
  // The address of one is given to another: both sides refuse.
  account().identify(profile, { email: person.email.replace('zor', 'ZOR') });
  portal().update('contacts', first, { lastname: 'Quuxington-Two' }, 'CRM_UI');

  // What people and strangers ask for in a wrong way.
  const email = encodeURIComponent(person.email);
  await keep(await world.call('POST', '/klaviyo-accounts', { apiKey: wrongKey }));
  await keep(await world.call('POST', '/connections', { type: 'contact', name: person.email, rules: person }));
  await keep(await world.call('PATCH', `/connections/${id}`, { mappings: [person] }));
  await keep(await world.call('GET', `/explain?email=${email}`));
  await keep(await world.call('GET', `/contacts/${email}`));
  await keep(await world.call('GET', `/nothing/${email}?apiKey=${wrongKey}`));
  const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${world.backend}${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
  await keep(await post('/api/v1/connections', `${person.firstname} ${person.email}`));
  await keep(await post('/webhooks/hubspot', `${person.firstname} ${person.email}`));
  await keep(await post('/webhooks/klaviyo/abc', JSON.stringify(person)));
  const body = JSON.stringify([{ portalId: 1, propertyValue: person.email, surprise: person }]);
  const stamp = String(Date.now());
  const signature = createHmac('sha256', world.hubspot.clientSecret)
    .update(`POST${world.backend}/webhooks/hubspot${body}${stamp}`)
    .digest('base64');
  await keep(
    await post('/webhooks/hubspot', body, {
      'x-hubspot-signature-v3': signature,
      'x-hubspot-request-timestamp': stamp,
    }),
  );
  for (const path of ['hubspot', 'klaviyo'])
    await keep(await fetch(`${world.backend}/oauth/${path}/callback?code=code-zorblattina&state=${email}`));

  // The database goes away under all of it, and so does the access to both vendors.
  await world.database.db.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name <> 'tandem-test'`,
  );
  for (const path of [`/contacts/${first.id}`, `/connections/${id}/status`, `/connections/${id}/issues`])
    await keep(await world.call('GET', path));
  const steer = (url: string, what: object): Promise<Response> =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(what) });
  await steer(`${world.klaviyo.url}/_sandbox/accounts/TANDM1/uninstall`, {});
  await steer(`${world.hubspot.url}/_sandbox/uninstall`, { portalId: world.portalId });
  portal().update('contacts', first, { firstname: 'Zorblattina the Second' }, 'CRM_UI');
  // Either vendor may be the first to refuse, and then the other is not asked any more.
  await until('somebody to be needed', async () => {
    const [lost] = await world.database.db.query(
      `select 1 from portal where state <> 'installed' union all select 1 from klaviyo_account where state <> 'connected'`,
    );
    return lost === undefined ? null : true;
  });
  await keep(await world.call('POST', `/contacts/${first.id}/sync`));
  world.hubspot.faults.clear();
  world.klaviyo.faults.clear();
  await installApp(world.backend, world.portalId);
  await connectByOauth(world);
  await world.call('POST', `/connections/${engagementId}/sync`);
  await fetch(`${world.hubspot.url}/_sandbox/portals/${world.portalId}/contacts/${first.id}?privacy=true`, {
    method: 'DELETE',
  });
  await until('the erasure', () => (world.output().includes('a person was erased') ? true : null));

  const figures = await (await fetch(`${world.backend}/metrics`)).text();
  const printed = world.output();
  expect(printed).toMatch(/"level":"debug"|"level":"trace"|"level":"warn"/);
  expect(answered.length).toBeGreaterThan(8);
  const secrets: readonly (readonly [string, RegExp])[] = [
    ...secretsOf(world),
    ['a code', /code-zorblattina/],
    ['an address', /@secret-place/i],
    ['a name', /zorblattin|quuxington|frobnizheim/i],
    ['a number', /777001122|777001177|77700\b/],
  ];
  const leaks = [printed, figures, ...answered].flatMap((text) => leaksIn(text, secrets));
  expect(leaks).toEqual([]);
  // The search finds what it is there to find.
  for (const leak of [
    '{"to":"ada@example.com"}',
    '/contacts/ada%40example.com',
    'Bearer access-1-0a1b2c3d',
    'pk_abcdef012',
  ])
    expect(leaksIn(`fine\n${leak}`, secrets)).toHaveLength(1);
}, 90_000);

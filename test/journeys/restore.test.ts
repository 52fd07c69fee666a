import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { differences } from '../../sandbox/agreement.js';
import { writeProfile } from '../../sandbox/klaviyo/profile-write.js';
import { makePeople } from '../../sandbox/seed/people.js';
import { activateEngagement, activity, appEventsOf, connectByOauth, sharedEmails } from '../helpers/engagement.js';
import { openWorld, settled, syncEverybody, until, type World } from '../helpers/service.js';

let world: World;
let ids: [contacts: string, activity: string];
const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;
const contactOf = (email: string) => portal().contacts.get(portal().emails.get(email.toLowerCase()) ?? '')!;
const profileOf = (email: string) => account().holder({ email })[0]!;

beforeAll(async () => {
  world = await openWorld({ people: makePeople(60, 17), klaviyo: { activity: 0, jobMs: 20 } });
  const [first = ''] = sharedEmails(world);
  for (const type of ['received', 'clicked']) await activity(world, { email: first, type });
  const klaviyoAccountId = await connectByOauth(world);
  const options = { subscribe: true, carryOptOuts: 'both', defaultRegion: 'DE' };
  ids = [
    await syncEverybody(world, { klaviyoAccountId, options }),
    await activateEngagement(world, { klaviyoAccountId, options: { since: 'last_30_days' } }),
  ];
  await settled(world, ids[1]);
}, 60_000);
afterAll(() => world.close());

/** Puts a copy of one database in the place of another, while nobody is connected to either. */
async function copyDatabase(from: string, to: string): Promise<void> {
  const admin = new pg.Client({ connectionString: process.env['TANDEM_TEST_DATABASE'] ?? '' });
  await admin.connect();
  try {
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = any ($1)', [[from, to]]);
    await admin.query(`drop database if exists ${to} with (force)`);
    await admin.query(`create database ${to} template ${from}`);
  } finally {
    await admin.end();
  }
}

test('G1: restored to an earlier state, the service finds what it has forgotten and doubles nothing', async () => {
  const name = new URL(world.database.url).pathname.slice(1);
  const backup = `${name}_backup`;
  await world.kill('SIGTERM');
  await copyDatabase(name, backup);
  await world.start();

  // An hour of work that the backup knows nothing of.
  const emails = sharedEmails(world);
  const [edited, editedThere, clicker, leaver, gone] = emails as [string, string, string, string, string];
  portal().update('contacts', contactOf(edited), { firstname: 'Since' }, 'CRM_UI');
  writeProfile(account(), profileOf(editedThere), { type: 'profile', attributes: { organization: 'Since Ltd' } });
  for (let n = 0; n < 10; n += 1) {
    portal().create('contacts', { email: `since${n}@example.org`, firstname: `New ${n}` }, 'CRM_UI');
    writeProfile(account(), null, { type: 'profile', attributes: { email: `other${n}@example.org`, title: `T${n}` } });
  }
  await activity(world, { email: clicker, type: 'clicked', url: 'https://shop.example.com/since' });
  await activity(world, { email: leaver, type: 'unsubscribed' });
  portal().archive('contacts', contactOf(gone), 'CRM_UI');
  const remains = profileOf(gone).id;
  const clicksShown = async (): Promise<number> =>
    (await appEventsOf(world)).filter(
      ({ eventTypeName, properties }) =>
        eventTypeName === 'email_clicked-contact' && properties['link'] === 'https://shop.example.com/since',
    ).length;
  const timelineCounts = (): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { eventTypeName } of portal().timeline.values())
      counts[eventTypeName] = (counts[eventTypeName] ?? 0) + 1;
    return counts;
  };
  const inStep = (): boolean =>
    Array.from({ length: 10 }, (_, n) => n).every(
      (n) =>
        profileOf(`since${n}@example.org`)?.first_name === `New ${n}` &&
        contactOf(`other${n}@example.org`) !== undefined,
    ) &&
    contactOf(editedThere).properties['company'] === 'Since Ltd' &&
    profileOf(edited).first_name === 'Since' &&
    contactOf(leaver).properties['hs_email_optout'] === 'true';
  await until('the work of an hour', async () => (inStep() && (await clicksShown()) === 1 ? true : null), 30_000);
  await until('the unsubscribe on the timeline', async () =>
    (await appEventsOf(world)).some(({ eventTypeName }) => eventTypeName === 'email_unsubscribed-contact')
      ? true
      : null,
  );
  for (const id of ids) await settled(world, id);
  const size = {
    contacts: portal().contacts.size,
    profiles: account().profiles.size,
    timeline: timelineCounts(),
  };

  await world.kill('SIGKILL');
  await copyDatabase(backup, name);
  await world.start();
  const links = async (): Promise<string[]> =>
    (await world.database.db.query<{ email: string }>('select email from link order by email')).map(
      ({ email }) => email,
    );
  await until(
    'everybody to be known again',
    async () => {
      const known = await links();
      const fresh = known.filter((email) => /^(since|other)\d@/.test(email));
      return fresh.length === 20 && !known.includes(gone.toLowerCase()) ? true : null;
    },
    40_000,
  );
  for (const id of ids) {
    await world.call('POST', `/connections/${id}/sync`);
    await settled(world, id);
  }
  expect({
    contacts: portal().contacts.size,
    profiles: account().profiles.size,
    timeline: timelineCounts(),
  }).toEqual(size);
  expect(inStep()).toBe(true);
  expect(await clicksShown()).toBe(1);
  expect(profileOf(leaver).consent).toBe('UNSUBSCRIBED');
  // Nobody takes the deleted contact for one that has yet to be created.
  expect(differences(portal(), account()).filter(({ who }) => who !== remains)).toEqual([]);
  expect(new Set(await links()).size).toBe((await links()).length);

  const admin = new pg.Client({ connectionString: process.env['TANDEM_TEST_DATABASE'] ?? '' });
  await admin.connect();
  await admin.query(`drop database ${backup} with (force)`);
  await admin.end();
}, 120_000);

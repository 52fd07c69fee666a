import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeProfile } from '../../sandbox/klaviyo/profile-write.js';
import { makePeople } from '../../sandbox/seed/people.js';
import { activateEngagement, activity, connectByOauth } from '../helpers/engagement.js';
import { openWorld, settled, syncEverybody, until, type World } from '../helpers/service.js';

const person = {
  email: 'forgotten.soul@secret-place.example.org',
  firstname: 'Zebulonia',
  lastname: 'Quuxberger',
  phone: '+4930777003344',
  city: 'Frobnizheim',
  company: 'Zebulonia Works',
};

let world: World;
let ids: [contacts: string, activity: string];
const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;

beforeAll(async () => {
  world = await openWorld({ people: makePeople(20, 8), klaviyo: { activity: 0, jobMs: 20 } });
  const klaviyoAccountId = await connectByOauth(world);
  const options = { carryOptOuts: 'both', defaultRegion: 'DE', erasePrivacyDeletionsInKlaviyo: true };
  ids = [
    await syncEverybody(world, { klaviyoAccountId, options }),
    await activateEngagement(world, { klaviyoAccountId, options: { since: 'last_30_days', rollups: true } }),
  ];
}, 60_000);
afterAll(() => world.close());

/** Tables of the service and of its queue that hold a text anywhere. */
async function tablesWith(text: string): Promise<string[]> {
  const { db } = world.database;
  const tables = await db.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema in ('public', 'pgboss') and table_type = 'BASE TABLE'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await db.query(`select from ${name} t where position(lower($1) in lower(t::text)) > 0 limit 1`, [
      text,
    ]);
    if (rows.length > 0) found.push(name);
  }
  return found;
}

/** Columns that name this record of HubSpot; its number alone stands in many a timestamp. */
async function columnsNaming(hubspotId: string): Promise<string[]> {
  const { db } = world.database;
  const columns = await db.query<{ table: string; column: string }>(
    `select table_name as table, column_name as column from information_schema.columns
     where table_schema = 'public' and column_name in ('hubspot_id', 'contact_id', 'record_id', 'object_id')`,
  );
  const found: string[] = [];
  for (const { table, column } of columns) {
    const rows = await db.query(`select from "${table}" where "${column}"::text = $1 limit 1`, [hubspotId]);
    if (rows.length > 0) found.push(`${table}.${column}`);
  }
  return found;
}

test('B11: after a privacy deletion no table of the service or its queue holds anything of the person', async () => {
  const contact = portal().create('contacts', { ...person }, 'CRM_UI');
  const profile = await until('the profile', () => account().holder({ email: person.email })[0] ?? null);
  // Changes with values in the history, an issue that quotes them, a look ahead, activity, and figures of it.
  for (const type of ['received', 'opened', 'clicked'])
    await activity(world, { email: person.email, type, url: `https://shop.example.com/${person.firstname}` });
  writeProfile(account(), profile, { type: 'profile', attributes: { title: `${person.firstname} the Great` } });
  portal().update('contacts', contact, { lastname: `${person.lastname}-Two` }, 'CRM_UI');
  const other = portal().create('contacts', { email: 'other.soul@example.org', phone: person.phone }, 'CRM_UI');
  await until('an issue that quotes the address', async () =>
    (await world.database.db.query(`select from issue where detail like '%' || $1 || '%'`, [person.email])).length > 0
      ? true
      : null,
  );
  portal().update('contacts', contact, { phone: '+49 nonsense Zebulonia' }, 'CRM_UI');
  const preview = await world.call('POST', `/connections/${ids[0]}/preview`);
  await until('the activity and the changes to be through', async () =>
    portal().contacts.get(contact.id)?.properties['jobtitle'] === `${person.firstname} the Great` &&
    (await world.database.db.query(`select from activity where contact_id = $1 and decision is not null`, [contact.id]))
      .length >= 3 &&
    (await world.database.db.query('select from app_event_due')).length === 0
      ? true
      : null,
  );
  for (const id of ids) await settled(world, id);
  await until('the preview', async () =>
    (await tablesWith(person.email)).includes('public.preview_person') ? true : null,
  );
  expect(preview.status).toBeLessThan(300);
  expect((await tablesWith(person.email)).length).toBeGreaterThan(3);
  expect((await columnsNaming(contact.id)).length).toBeGreaterThan(2);

  portal().erase(contact);
  await until('the erasure', async () =>
    (await world.database.db.query('select from erased')).length === 1 ? true : null,
  );
  // Klaviyo deletes the profile a moment later; what notices that is looked at and gone.
  await until('the profile to be gone', () => (account().profiles.has(profile.id) ? null : true));
  await until('the end of it to be seen', async () => ((await tablesWith(profile.id)).length === 0 ? true : null));
  for (const id of ids) await settled(world, id);
  const needles = [person.email, person.firstname, person.lastname, person.city, profile.id];
  for (const needle of needles) expect([needle, await tablesWith(needle)]).toEqual([needle, []]);
  expect(await columnsNaming(contact.id)).toEqual([]);
  expect(world.output()).not.toMatch(/Zebulonia|secret-place/);
  // And nobody else is.
  expect((await columnsNaming(other.id)).length).toBeGreaterThan(0);
}, 60_000);

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import { connectKlaviyo, openWorld, settled, syncEverybody, until, type World } from '../helpers/service.js';

let world: World;
let connectionId = '';
const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;
const profileOf = (email: string) => account().holder({ email })[0];
const contactOf = (email: string) => [...portal().contacts.values()].find((one) => one.properties['email'] === email);
const create = (email: string, more: Record<string, string> = {}) =>
  portal().create('contacts', { email, ...more }, 'CRM_UI');
const cardOf = async (hubspotId: string): Promise<{ state: string; reason: { code: string } | null }> =>
  ((await world.call('GET', `/contacts/${hubspotId}`)).json as { sync: { state: string; reason: { code: string } } })
    .sync;
const linksOf = (hubspotId: string) =>
  world.database.db.query<{ klaviyo_id: string; email: string }>(
    'select klaviyo_id, email from link where hubspot_id = $1',
    [hubspotId],
  );
async function pair(email: string, more: Record<string, string> = {}) {
  const contact = create(email, more);
  const profile = await until(`${email} in Klaviyo`, () => profileOf(email) ?? null);
  await until(`the link of ${email}`, async () => ((await linksOf(contact.id)).length === 1 ? true : null));
  return { contact, profile };
}

beforeAll(async () => {
  world = await openWorld({ people: makePeople(60, 21), klaviyo: { mergedIdsMs: 60_000 } });
  connectionId = await syncEverybody(world, {
    name: 'Everybody',
    klaviyoAccountId: await connectKlaviyo(world),
    options: { erasePrivacyDeletionsInKlaviyo: true },
  });
}, 60_000);
afterAll(() => world.close());

test('B6: a changed email goes across, the link survives', async () => {
  const { contact, profile } = await pair('before@example.org');
  portal().update('contacts', contact, { email: 'after@example.org' }, 'CRM_UI');
  await until('the new email', () => (profile.email === 'after@example.org' ? true : null));
  account().identify(profile, { email: 'third@example.org' });
  account().touch(profile);
  await until('the email in HubSpot', () => (contact.properties['email'] === 'third@example.org' ? true : null));
  await settled(world, connectionId);
  expect(await linksOf(contact.id)).toEqual([{ klaviyo_id: profile.id, email: 'third@example.org' }]);
});

test('B6: an email that belongs to another record is an issue with a fix; the other fields keep syncing', async () => {
  const { contact, profile } = await pair('mine@example.org');
  const other = account().create();
  account().identify(other, { email: 'taken@example.org' });
  account().touch(other);
  await until('the other person', () => contactOf('taken@example.org') ?? null);
  // HubSpot itself allows the email only once: the taken one is Klaviyo's, whose contact gives it up.
  portal().update('contacts', contactOf('taken@example.org')!, { email: 'moved@example.org' }, 'CRM_UI');
  await until('the way to be free', () => (profileOf('moved@example.org') === undefined ? null : true));
  const holder = account().create();
  account().identify(holder, { email: 'held@example.org' });
  portal().update('contacts', contact, { email: 'held@example.org', firstname: 'Still' }, 'CRM_UI');
  await until('the other field', () => (profile.first_name === 'Still' ? true : null));
  const issue = await until('the issue', async () => {
    const answer = await world.call('GET', '/issues?code=email_taken_in_klaviyo');
    return (
      (answer.json as { results: { contact: { hubspotId: string }; fix: string; detail: string }[] }).results[0] ?? null
    );
  });
  expect(issue.contact.hubspotId).toBe(contact.id);
  expect(issue.fix).toMatch(/merge/i);
  expect(profile.email).toBe('mine@example.org');
  expect(holder.email).toBe('held@example.org');
  // Once the holder is gone the issue goes by itself.
  account().remove(holder);
  portal().update('contacts', contact, { firstname: 'Free' }, 'CRM_UI');
  await until('the email', () => (profile.email === 'held@example.org' ? true : null));
  await until('the issue to be gone', async () =>
    ((await world.call('GET', '/issues?code=email_taken_in_klaviyo')).json as { results: unknown[] }).results.length ===
    0
      ? true
      : null,
  );
});

test('B6: a button makes the holder of the email the partner; the former one is left as it is', async () => {
  const { contact, profile } = await pair('former@example.org', { firstname: 'Same' });
  const holder = account().create();
  account().identify(holder, { email: 'wanted@example.org' });
  portal().update('contacts', contact, { email: 'wanted@example.org', lastname: 'Person' }, 'CRM_UI');
  const issue = await until('the issue', async () => {
    const { results } = (await world.call('GET', '/issues?code=email_taken_in_klaviyo')).json as {
      results: { id: string; repair: { kind: string; label: string } }[];
    };
    return results[0] ?? null;
  });
  expect(issue.repair).toMatchObject({ kind: 'adopt_holder', label: expect.stringContaining('wanted@example.org') });
  expect((await world.call('POST', `/issues/${issue.id}/repair`)).status).toBe(202);
  await until('the holder to be the partner', () => (holder.last_name === 'Person' ? true : null));
  await settled(world, connectionId);
  expect(await linksOf(contact.id)).toEqual([{ klaviyo_id: holder.id, email: 'wanted@example.org' }]);
  expect([profile.email, profile.first_name]).toEqual(['former@example.org', 'Same']);
  expect(
    ((await world.call('GET', '/issues?code=email_taken_in_klaviyo')).json as { results: unknown[] }).results,
  ).toEqual([]);
});

test('B7: contacts merged in HubSpot: the survivor takes the link, the loser’s profile is released and leaves the list', async () => {
  const one = await pair('keep@example.org', { firstname: 'Keep' });
  const two = await pair('lose@example.org', { firstname: 'Lose' });
  const list = account().lists.get('CstHub')!;
  await until('both on the list', () =>
    list.members.has(two.profile.id) && list.members.has(one.profile.id) ? true : null,
  );
  const survivor = portal().merge(one.contact, two.contact, 'CRM_UI');
  await until('the survivor to have the link', async () => {
    const [link] = await linksOf(survivor.id);
    return link?.klaviyo_id === one.profile.id ? true : null;
  });
  await until('the loser’s profile off the list', () => (list.members.has(two.profile.id) ? null : true));
  await settled(world, connectionId);
  expect(await linksOf(one.contact.id)).toEqual([]);
  expect(await linksOf(two.contact.id)).toEqual([]);
  expect([two.profile.email, two.profile.first_name, two.profile.consent]).toEqual([
    'lose@example.org',
    'Lose',
    'NEVER_SUBSCRIBED',
  ]);
  expect(list.members.has(one.profile.id)).toBe(true);
  // What the survivor changes from now on reaches its own profile, and what the released one changes reaches nobody.
  two.profile.first_name = 'Nobody';
  account().touch(two.profile);
  portal().update('contacts', survivor, { firstname: 'Survivor' }, 'CRM_UI');
  await until('the change', () => (one.profile.first_name === 'Survivor' ? true : null));
  await settled(world, connectionId);
  expect(survivor.properties['firstname']).toBe('Survivor');
  expect([...portal().contacts.values()].filter((each) => each.properties['email'] === 'lose@example.org')).toEqual([]);
});

test('B7: profiles merged in Klaviyo: the pair follows to the profile that is left', async () => {
  const { contact, profile } = await pair('merging@example.org', { firstname: 'Was' });
  const target = account().create();
  account().identify(target, { phone_number: '+4915112345678' });
  account().merge(profile, target);
  account().touch(target);
  portal().update('contacts', contact, { firstname: 'Follows' }, 'CRM_UI');
  await until('the change on the other profile', () => (target.first_name === 'Follows' ? true : null));
  await until('the link', async () => ((await linksOf(contact.id))[0]?.klaviyo_id === target.id ? true : null));
});

test('B7: a profile merged into one that is linked already ends its pair; it is not created again', async () => {
  const kept = await pair('stays@example.org');
  const lost = await pair('goes@example.org', { firstname: 'Gone' });
  account().merge(lost.profile, kept.profile);
  portal().update('contacts', lost.contact, { hs_language: 'de' }, 'CRM_UI');
  await world.call('POST', `/contacts/${lost.contact.id}/sync`);
  await until('the reason', async () =>
    (await cardOf(lost.contact.id)).reason?.code === 'merged_in_klaviyo' ? true : null,
  );
  await settled(world, connectionId);
  expect(profileOf('goes@example.org')).toBeUndefined();
  expect((await linksOf(kept.contact.id))[0]?.klaviyo_id).toBe(kept.profile.id);
});

test('B11: a deleted profile is not created again until somebody edits the contact', async () => {
  const { contact, profile } = await pair('deleted@example.org', { firstname: 'First' });
  account().remove(profile);
  await world.call('POST', `/contacts/${contact.id}/sync`);
  await until('the reason', async () =>
    (await cardOf(contact.id)).reason?.code === 'deleted_in_klaviyo' ? true : null,
  );
  await world.call('POST', `/connections/${connectionId}/sync`);
  await settled(world, connectionId);
  expect(profileOf('deleted@example.org')).toBeUndefined();
  portal().update('contacts', contact, { firstname: 'Edited' }, 'CRM_UI');
  const again = await until('the profile', () => profileOf('deleted@example.org') ?? null);
  await until('the link', async () => ((await linksOf(contact.id)).length === 1 ? true : null));
  expect(again.first_name).toBe('Edited');
});

test('B11: a contact deleted in HubSpot: the link ends, the profile stays as it is and is not created there again', async () => {
  const { contact, profile } = await pair('left@example.org', { firstname: 'Left' });
  portal().archive('contacts', contact, 'CRM_UI');
  await until('the link to end', async () => ((await linksOf(contact.id)).length === 0 ? true : null));
  account().touch(profile);
  await world.call('POST', `/connections/${connectionId}/sync`);
  await settled(world, connectionId);
  expect(contactOf('left@example.org')).toBeUndefined();
  expect([profile.first_name, account().profiles.has(profile.id)]).toEqual(['Left', true]);
});

test('B11: deletions on either side that nothing told about are found by the round over all pairs', async () => {
  const one = await pair('silent1@example.org');
  const two = await pair('silent2@example.org');
  await settled(world, connectionId);
  world.hubspot.webhooks.behaviour.enabled = false;
  portal().archive('contacts', one.contact, 'CRM_UI');
  account().remove(two.profile);
  await until('both pairs to end', async () =>
    [...(await linksOf(one.contact.id)), ...(await linksOf(two.contact.id))].length === 0 ? true : null,
  );
  world.hubspot.webhooks.behaviour.enabled = true;
  expect([account().profiles.has(one.profile.id), portal().contacts.has(two.contact.id)]).toEqual([true, true]);
});

test('B11: a privacy deletion erases everything here, asks Klaviyo to delete, and nothing comes back', async () => {
  const { contact, profile } = await pair('forget@example.org', { firstname: 'Zebulon' });
  // While the deletion is on its way the profile still stands in Klaviyo.
  portal().erase(contact);
  await until('Klaviyo to be asked', () => (account().profiles.has(profile.id) ? null : true));
  await until('the erasure', async () =>
    (await world.database.db.query('select from erased')).length === 1 ? true : null,
  );
  const again = account().create();
  account().identify(again, { email: 'forget@example.org' });
  account().touch(again);
  // Everybody is looked at, whoever looks like the person again among them.
  await world.call('POST', `/connections/${connectionId}/sync`);
  await settled(world, connectionId);
  const explained = await world.call('GET', '/explain?email=forget@example.org');
  expect((explained.json as { steps: { decision: string }[] }).steps.map(({ decision }) => decision)).toContain(
    'erased',
  );
  expect(contactOf('forget@example.org')).toBeUndefined();
  const { results } = (await world.call('GET', '/erasures')).json as {
    results: { at: string; report: Record<string, number | boolean> }[];
  };
  expect(results).toMatchObject([{ report: { askedKlaviyo: true, history: expect.any(Number) } }]);
  // Nothing of the person is left in any table.
  const tables = await world.database.db.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  for (const { name } of tables) {
    // A sweep that lists the profile notes its id until it was looked at.
    await until(`nothing in ${name}`, async () => {
      const found = await world.database.db.query(
        `select from "${name}" t where t::text ilike '%forget@example.org%' or t::text ilike '%Zebulon%' or t::text like any ($1)`,
        [[profile.id, again.id].map((id) => `%${id}%`)],
      );
      return found.length === 0 ? true : null;
    });
  }
});

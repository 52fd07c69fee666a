import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectKlaviyo, openWorld, settled, syncEverybody, until, type World } from '../helpers/service.js';

// What random days found (test/random), each made as short as it gets.
let world: World;
let connectionId = '';
const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;
const fair = () => portal().lists.get('41')!.members;
const onList = (profileId: string): boolean => account().lists.get('CstHub')!.members.has(profileId);
const profileOf = (email: string) => account().holder({ email })[0];
const fetchOk = async (method: string, url: string, body?: unknown): Promise<void> => {
  const answer = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(await answer.text());
};

beforeAll(async () => {
  world = await openWorld({ klaviyo: { jobMs: 20 } });
  connectionId = await syncEverybody(world, {
    klaviyoAccountId: await connectKlaviyo(world),
    rules: {
      hubspotToKlaviyo: [{ source: { hubspotListIds: ['41'] }, klaviyoListId: 'CstHub' }],
      klaviyoToHubspot: [{ source: { klaviyoListIds: ['VipLst'] } }],
    },
    options: { subscribe: true, carryOptOuts: 'both' },
  });
}, 60_000);
afterAll(() => world.close());

/** A contact on the list, linked and through. */
async function pair(email: string) {
  const contact = portal().create('contacts', { email, firstname: 'Ada' }, 'CRM_UI');
  fair().add(contact.id);
  const profile = await until(`${email} in Klaviyo`, () => profileOf(email) ?? null);
  await until(`${email} on the list`, () => (onList(profile.id) ? true : null));
  await settled(world, connectionId);
  return { contact, profile };
}

test('C6: an opt-out belongs to the address that the same pass gives the contact', async () => {
  const { contact, profile } = await pair('old@example.org');
  await world.call('POST', `/connections/${connectionId}/pause`);
  account().identify(profile, { email: 'new@example.org' });
  account().touch(profile);
  account().unsubscribe(profile);
  await world.call('POST', `/connections/${connectionId}/resume`);
  await until('the address in HubSpot', () => (contact.properties['email'] === 'new@example.org' ? true : null));
  await until('the opt-out in HubSpot', () => (contact.properties['hs_email_optout'] === 'true' ? true : null));
  expect([...portal().optedOut]).toEqual(['new@example.org']);
});

test('C1/C6: a profile that comes back after it was deleted joins the list, and is opted out where its contact is', async () => {
  const { contact, profile } = await pair('back@example.org');
  await fetchOk('POST', `${world.hubspot.url}/_sandbox/portals/${world.portalId}/opt-out`, {
    email: 'back@example.org',
  });
  await until('the opt-out in Klaviyo', () => (profile.consent === 'UNSUBSCRIBED' ? true : null));
  account().remove(profile);
  await world.call('POST', `/contacts/${contact.id}/sync`);
  await until('the end of the pair', async () => {
    const card = (await world.call('GET', `/contacts/${contact.id}`)).json as { sync: { reason: { code: string } } };
    return card.sync.reason.code === 'deleted_in_klaviyo' ? true : null;
  });
  portal().update('contacts', contact, { firstname: 'Augusta' }, 'CRM_UI');
  const again = await until('the new profile', () => profileOf('back@example.org') ?? null);
  await until('it to be on the list', () => (onList(again.id) ? true : null));
  await until('its opt-out', () => (again.consent === 'UNSUBSCRIBED' ? true : null));
});

test('B8/C6: who joined while HubSpot gave no answer leaves the list again; no receipt tells of a subscription not made', async () => {
  const email = 'waits@example.org';
  const contact = portal().create('contacts', { email, firstname: 'Ada' }, 'CRM_UI');
  const profile = account().create();
  account().identify(profile, { email });
  account().touch(Object.assign(profile, { last_name: 'Lovelace' }));
  await fetchOk('POST', `${world.hubspot.url}/_sandbox/faults`, {
    kind: 'status',
    status: 503,
    operation: 'contacts.batchUpdate',
    times: 1000,
  });
  fair().add(contact.id);
  await until('the person to be on the list', () => (onList(profile.id) ? true : null));
  const receipts = () =>
    world.database.db.query<{ outcome: string }>(
      `select outcome from history where email = $1 and action = 'subscribe' and settled_at is not null`,
      [email],
    );
  await until('the first pass to be over', async () => ((await receipts()).length > 0 ? true : null));
  expect(profile.consent).toBe('NEVER_SUBSCRIBED');
  expect((await receipts()).map(({ outcome }) => outcome)).not.toContain('done');
  fair().delete(contact.id);
  await fetchOk('DELETE', `${world.hubspot.url}/_sandbox/faults`);
  await until('the person to be off the list', () => (onList(profile.id) ? null : true));
});

/** Does things at once, as far as the service can tell. */
async function unseen(things: () => void): Promise<void> {
  await world.call('POST', `/connections/${connectionId}/pause`);
  things();
  await world.call('POST', `/connections/${connectionId}/resume`);
}
const merge = (primary: string, other: string) =>
  portal().merge(portal().contacts.get(primary)!, portal().contacts.get(other)!, 'CRM_UI');

test('B8: the list of a rule that no longer matches is left, also while another rule still does', async () => {
  const { contact, profile } = await pair('both@example.org');
  await unseen(() => {
    account().lists.get('VipLst')!.members.set(profile.id, Date.now());
    fair().delete(contact.id);
  });
  await until('the person to be off the list', () => (onList(profile.id) ? null : true));
  portal().update('contacts', contact, { lastname: 'Synced' }, 'CRM_UI');
  await until('the other rule to go on', () => (profile.last_name === 'Synced' ? true : null));
});

test('B7/B8: the survivor of a merge that matches no rule leaves the list that its former self had joined', async () => {
  const { contact, profile } = await pair('former@example.org');
  const other = portal().create('contacts', { email: 'alias@example.org' }, 'CRM_UI');
  await unseen(() => fair().delete(merge(contact.id, other.id).id));
  await until('the person to be off the list', () => (onList(profile.id) ? null : true));
});

test('B7: a profile keeps its list when the pair of one that was merged into it is released', async () => {
  const [kept, swallowed, third] = [
    await pair('kept@example.org'),
    await pair('swallowed@example.org'),
    await pair('third@example.org'),
  ];
  await unseen(() => {
    account().merge(swallowed.profile, kept.profile);
    merge(third.contact.id, swallowed.contact.id);
  });
  await until('the end of the released pair', async () =>
    (await world.database.db.query(`select from link where email = 'swallowed@example.org'`)).length === 0
      ? true
      : null,
  );
  await settled(world, connectionId);
  expect(onList(kept.profile.id)).toBe(true);
  expect(onList(third.profile.id)).toBe(true);
});

test('C6: whoever opted out right before contacts were merged is opted out on both sides, also when HubSpot gives no answer', async () => {
  const [one, two] = [await pair('one@example.org'), await pair('two@example.org')];
  await fetchOk('POST', `${world.hubspot.url}/_sandbox/faults`, {
    kind: 'status',
    status: 503,
    operation: 'communicationPreferences',
    times: 4,
  });
  let survivor = one.contact;
  await unseen(() => {
    account().unsubscribe(two.profile);
    survivor = merge(one.contact.id, two.contact.id);
  });
  await until('the opt-out in Klaviyo', () => (one.profile.consent === 'UNSUBSCRIBED' ? true : null));
  await until('the opt-out in HubSpot', () => (survivor.properties['hs_email_optout'] === 'true' ? true : null));
});

test('C6: an opt-out reaches a profile whose address changes while the pass is under way', async () => {
  const { contact, profile } = await pair('moving@example.org');
  await fetchOk('POST', `${world.hubspot.url}/_sandbox/faults`, {
    kind: 'slow',
    delayMs: 600,
    operation: 'contacts.batchRead',
  });
  const reads = (): number => world.klaviyo.calls.summary().byOperation['profiles.list']?.count ?? 0;
  const before = reads();
  await fetchOk('POST', `${world.hubspot.url}/_sandbox/portals/${world.portalId}/opt-out`, {
    email: 'moving@example.org',
  });
  await until('the profile to be read', () => (reads() > before ? true : null));
  account().identify(profile, { email: 'moved@example.org' });
  account().touch(profile);
  await until('the opt-out in Klaviyo', () => (profile.consent === 'UNSUBSCRIBED' ? true : null));
  await until('the address in HubSpot', () => (contact.properties['email'] === 'moved@example.org' ? true : null));
});

test('B7: two pairs whose profiles went up in a third one: one follows, the other ends', async () => {
  const [one, two] = [await pair('first@example.org'), await pair('second@example.org')];
  const third = account().create();
  account().identify(third, { email: 'third-of-two@example.org' });
  await unseen(() => {
    account().merge(one.profile, third);
    account().merge(two.profile, third);
    for (const contact of [one.contact, two.contact]) portal().update('contacts', contact, { lastname: 'X' }, 'CRM_UI');
  });
  const links = () =>
    world.database.db.query<{ hubspot_id: string }>('select hubspot_id from link where klaviyo_id = $1', [third.id]);
  await until('the pair that follows', async () => ((await links()).length === 1 ? true : null));
  await settled(world, connectionId);
  expect((await links()).map(({ hubspot_id: id }) => id)).toEqual([one.contact.id]);
  expect(one.contact.properties['email']).toBe('third-of-two@example.org');
  expect(two.contact.properties['email']).toBe('second@example.org');
});

test('F5: an issue whose cause lies with somebody else is looked at again, and goes when the cause is gone', async () => {
  const holder = await pair('holder@example.org');
  account().identify(holder.profile, { phone_number: '+4930901820' });
  account().touch(holder.profile);
  await until('the number in HubSpot', () => (holder.contact.properties['phone'] === '+4930901820' ? true : null));
  const { contact, profile } = await pair('wants@example.org');
  portal().update('contacts', contact, { phone: '+49 30 901820' }, 'CRM_UI');
  const issues = () => world.database.db.query(`select from issue where code = 'phone_taken_in_klaviyo'`);
  await until('the issue', async () => ((await issues()).length === 1 ? true : null));
  // An hour later: no sweep has anything to do with the pair any more. (The last test: sweeps rest from here on.)
  await world.database.db.query(
    `update sweep set position = position || jsonb_build_object('sinceMs', (extract(epoch from now()) + 3600)::bigint * 1000)
     where position ? 'sinceMs'`,
  );
  await settled(world, connectionId);
  await world.database.db.query(
    `update issue set first_seen_at = now() - interval '1 hour', last_seen_at = now() - interval '1 hour'`,
  );
  portal().update('contacts', holder.contact, { phone: '+4930901821' }, 'CRM_UI');
  await until('the number with the other person', () => (profile.phone_number === '+4930901820' ? true : null));
  await until('the end of the issue', async () => ((await issues()).length === 0 ? true : null));
});

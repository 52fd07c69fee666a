import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectKlaviyo, openWorld, settled, syncEverybody, until, type World } from '../helpers/service.js';

let world: World;
let connectionId = '';
const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;
const profileOf = (email: string) => account().holder({ email })[0];
const contactOf = (email: string) => [...portal().contacts.values()].find((one) => one.properties['email'] === email);

interface Issue {
  id: string;
  code: string;
  detail: string;
  fix: string;
  contact: { email: string | null };
  repair: { kind: string; label: string } | null;
}
const issuesOf = async (email: string): Promise<Issue[]> =>
  ((await world.call('GET', '/issues?limit=200')).json as { results: Issue[] }).results.filter(
    (issue) => issue.contact.email === email,
  );
const issueOf = (email: string, code: string): Promise<Issue> =>
  until(
    `the issue ${code} of ${email}`,
    async () => (await issuesOf(email)).find((issue) => issue.code === code) ?? null,
  );
const noIssue = (email: string): Promise<true> =>
  until(`${email} to have no issue`, async () => ((await issuesOf(email)).length === 0 ? true : null));

const inHubspot = (email: string, properties: Record<string, string> = {}) =>
  portal().create('contacts', { email, ...properties }, 'CRM_UI');
const inKlaviyo = (email: string, properties: Record<string, unknown> = {}) => {
  const profile = account().create();
  account().identify(profile, { email });
  Object.assign(profile.properties, properties);
  account().touch(profile);
  return profile;
};
const arrived = (email: string) => until(`${email} in Klaviyo`, () => profileOf(email) ?? null);
const arrivedInHubspot = (email: string) => until(`${email} in HubSpot`, () => contactOf(email) ?? null);

const map = (property: string, klaviyo: string, more: Record<string, unknown> = {}) => ({
  hubspot: { object: 'contact', property },
  klaviyo: /^(first_name|last_name|phone_number|title|organization|location\.)/.test(klaviyo)
    ? { kind: 'attribute', name: klaviyo }
    : { kind: 'property', name: klaviyo },
  direction: 'both',
  winner: null,
  emptyToo: false,
  ...more,
});

beforeAll(async () => {
  world = await openWorld({ klaviyo: { unknownNumbers: /^\+1202555/ } });
  connectionId = await syncEverybody(world, {
    klaviyoAccountId: await connectKlaviyo(world),
    mappings: [
      map('firstname', 'first_name'),
      map('lastname', 'last_name', { emptyToo: true }),
      map('phone', 'phone_number'),
      map('city', 'location.city'),
      map('favourite_colour', 'Colour'),
      map('colours', 'Colours'),
      map('birthday', 'Birthday'),
      map('loyalty_points', 'Points'),
      map('newsletter', 'Newsletter'),
      map('last_order_at', 'Last order'),
      map('customer_value', 'Value', { direction: 'to_klaviyo' }),
      map('member_number', 'Member', { winner: 'klaviyo' }),
      map('klaviyo_consent', 'x', {
        klaviyo: { kind: 'attribute', name: 'subscriptions.email.marketing.consent' },
        direction: 'to_hubspot',
      }),
      { ...map('x', 'Employer', { direction: 'to_klaviyo' }), hubspot: { object: 'company', property: 'name' } },
    ],
  });
}, 60_000);
afterAll(() => world.close());

test('D7: every type arrives in Klaviyo as its own JSON type, and back', async () => {
  inHubspot('types@example.org', {
    favourite_colour: 'dark_violet',
    colours: 'red;blue',
    birthday: '1990-02-28',
    loyalty_points: '12.5',
    newsletter: 'false',
    last_order_at: '2026-01-31T12:00:00.000Z',
  });
  const profile = await arrived('types@example.org');
  expect(profile.properties).toMatchObject({
    Colour: 'dark_violet',
    Colours: ['blue', 'red'],
    Birthday: '1990-02-28',
    Points: 12.5,
    Newsletter: false,
    'Last order': '2026-01-31T12:00:00.000Z',
  });
  inKlaviyo('back@example.org', {
    Colour: 'Dark violet',
    Colours: ['Red', 'green'],
    Birthday: '1980-12-01 00:00:00',
    Points: 0,
    Newsletter: true,
    'Last order': '2026-02-01 08:30:00',
  });
  expect((await arrivedInHubspot('back@example.org')).properties).toMatchObject({
    favourite_colour: 'dark_violet',
    colours: 'green;red',
    birthday: '1980-12-01',
    loyalty_points: '0',
    newsletter: 'true',
    last_order_at: '2026-02-01T08:30:00.000Z',
  });
  expect(await issuesOf('types@example.org')).toEqual([]);
  expect(await issuesOf('back@example.org')).toEqual([]);
});

test('D7: `0`, `false`, empty text and blanks at the ends are values like any other', async () => {
  const profile = inKlaviyo('plain@example.org', { Points: 0, Newsletter: false });
  profile.first_name = '  Ada  ';
  account().touch(profile);
  const contact = await arrivedInHubspot('plain@example.org');
  expect(contact.properties).toMatchObject({ loyalty_points: '0', newsletter: 'false', firstname: 'Ada' });
  portal().update('contacts', contact, { loyalty_points: '7' }, 'CRM_UI');
  await until('the number', () => (profile.properties['Points'] === 7 ? true : null));
  await settled(world, connectionId);
  // What a side’s own spelling of an equal value is stays as it is.
  expect(profile.first_name).toBe('  Ada  ');
  profile.properties['Points'] = 0;
  account().touch(profile);
  await until('the nought', () => (contact.properties['loyalty_points'] === '0' ? true : null));
});

test('D6: emptying goes across where the mapping says so, both ways, and nowhere else', async () => {
  const contact = inHubspot('empty@example.org', { firstname: 'Ada', lastname: 'Lovelace' });
  const profile = await arrived('empty@example.org');
  portal().update('contacts', contact, { firstname: '', lastname: '', city: 'Here' }, 'CRM_UI');
  await until('the emptied field', () =>
    profile.location['city'] === 'Here' && profile.last_name === null ? true : null,
  );
  expect(profile.first_name).toBe('Ada');
  profile.last_name = 'Byron';
  account().touch(profile);
  await until('the new name', () => (contact.properties['lastname'] === 'Byron' ? true : null));
  profile.last_name = null;
  account().touch(profile);
  await until('the emptied name', () => ((contact.properties['lastname'] ?? '') === '' ? true : null));
});

test('D3: the mapping’s own winner stands, and the overruled value is kept', async () => {
  inKlaviyo('winner@example.org', { Member: 'K-1' });
  const contact = await arrivedInHubspot('winner@example.org');
  // What is written between our reading and our writing no vendor lets us see: the edits come when nothing is under way.
  await settled(world, connectionId);
  await world.call('POST', `/connections/${connectionId}/pause`);
  portal().update('contacts', contact, { member_number: 'H-2', firstname: 'Hub' }, 'CRM_UI');
  const profile = profileOf('winner@example.org')!;
  profile.properties['Member'] = 'K-2';
  profile.first_name = 'Kla';
  account().touch(profile);
  await world.call('POST', `/connections/${connectionId}/resume`);
  await until('the winners', () =>
    contact.properties['member_number'] === 'K-2' && profile.first_name === 'Hub' ? true : null,
  );
  await settled(world, connectionId);
  const kept = await world.database.db.query<{ overruled: string }>(
    `select f ->> 'overruled' as overruled from history, jsonb_array_elements(fields) as f where email = 'winner@example.org' and f ? 'overruled' order by 1`,
  );
  expect(kept.map(({ overruled }) => overruled)).toEqual(['H-2', 'Kla']);
});

test('D7: national numbers become E.164 by the contact’s country; what cannot be converted is an issue and the rest syncs', async () => {
  inHubspot('berlin@example.org', { phone: '030 901820', country: 'Germany' });
  expect((await arrived('berlin@example.org')).phone_number).toBe('+4930901820');
  const contact = inHubspot('garbage@example.org', { phone: 'call me', firstname: 'Still' });
  const profile = await arrived('garbage@example.org');
  expect([profile.first_name, profile.phone_number]).toEqual(['Still', null]);
  const issue = await issueOf('garbage@example.org', 'invalid_phone');
  expect([issue.detail, issue.fix]).toEqual([expect.stringContaining('call me'), expect.stringContaining('country')]);
  portal().update('contacts', contact, { phone: '+4930901821' }, 'CRM_UI');
  await until('the number', () => (profile.phone_number === '+4930901821' ? true : null));
  await noIssue('garbage@example.org');
});

test.each([1, 8])(
  'D7: a number that Klaviyo drops without a word becomes an issue, with %s written at once',
  async (many) => {
    const emails = Array.from({ length: many }, (_, n) => `dropped${many}-${n}@example.org`);
    for (const [n, email] of emails.entries()) inHubspot(email, { phone: `+1202555010${n}`, firstname: 'Dropped' });
    for (const email of emails) {
      expect((await arrived(email)).phone_number).toBe(null);
      expect((await issueOf(email, 'invalid_phone')).detail).toContain('+1202555010');
    }
  },
);

test.each([1, 8])(
  'D7: a number that belongs to another profile names its holder; the other fields sync (%s at once)',
  async (many) => {
    const people = Array.from({ length: many }, (_, n) => ({
      email: `phone${many}-${n}@example.org`,
      phone: `+49309018${many}${n}`,
    }));
    for (const { phone } of people) {
      const holder = account().create();
      account().identify(holder, { email: `holder${phone.slice(1)}@example.net`, phone_number: phone });
    }
    for (const { email, phone } of people) inHubspot(email, { phone, firstname: 'Other' });
    for (const { email, phone } of people) {
      const profile = await arrived(email);
      expect([profile.first_name, profile.phone_number]).toEqual(['Other', null]);
      const issue = await issueOf(email, 'phone_taken_in_klaviyo');
      expect(issue.detail).toContain(`holder${phone.slice(1)}@example.net`);
      expect(issue.fix).toMatch(/merge/i);
    }
  },
);

test('D7: two new contacts with one number stay two people: one has the number, the other an issue', async () => {
  const emails = ['pair1@example.org', 'pair2@example.org'];
  for (const email of emails) inHubspot(email, { phone: '+4930901899', firstname: email });
  const profiles = await Promise.all(emails.map(arrived));
  await settled(world, connectionId);
  expect(profiles.map(({ email, first_name }) => [email, first_name])).toEqual(emails.map((email) => [email, email]));
  expect(profiles.filter(({ phone_number }) => phone_number === '+4930901899')).toHaveLength(1);
  const issues = [...(await issuesOf('pair1@example.org')), ...(await issuesOf('pair2@example.org'))];
  expect(issues.map(({ code }) => code)).toEqual(['phone_taken_in_klaviyo']);
});

test('D8: a missing option is an issue that names the value; one click creates it and the value arrives', async () => {
  inKlaviyo('options@example.org', { Colour: 'Turquoise', Points: 3 });
  const contact = await arrivedInHubspot('options@example.org');
  expect(contact.properties).toMatchObject({ loyalty_points: '3' });
  const issue = await issueOf('options@example.org', 'option_missing');
  expect([issue.detail, issue.repair?.label]).toEqual([
    expect.stringContaining('Turquoise'),
    expect.stringContaining('Turquoise'),
  ]);
  expect((await world.call('POST', `/issues/${issue.id}/repair`)).status).toBe(202);
  await until('the value', () => (contact.properties['favourite_colour'] === 'Turquoise' ? true : null));
  await noIssue('options@example.org');
});

test('D8: for all of a cause at once each option is created once', async () => {
  for (const n of [1, 2, 3]) inKlaviyo(`many${n}@example.org`, { Colour: n === 3 ? 'Teal' : 'Amber' });
  for (const n of [1, 2, 3]) await issueOf(`many${n}@example.org`, 'option_missing');
  const answer = await world.call('POST', '/issues/repair', { code: 'option_missing' });
  expect([answer.status, answer.json]).toEqual([202, { repaired: 3 }]);
  for (const n of [1, 2, 3])
    await until('the values', () =>
      contactOf(`many${n}@example.org`)?.properties['favourite_colour'] !== undefined ? true : null,
    );
  const options = portal()
    .contactProperties.get('favourite_colour')!
    .options.map(({ value }) => value);
  expect(options.filter((value) => value === 'Amber' || value === 'Teal')).toHaveLength(2);
});

test('D2: a calculated field is only a source: what Klaviyo says is put right', async () => {
  const contact = inHubspot('source@example.org');
  contact.properties['customer_value'] = '99';
  portal().update('contacts', contact, { firstname: 'Go' }, 'CRM_UI');
  const profile = await arrived('source@example.org');
  await until('the value', () => (profile.properties['Value'] === 99 ? true : null));
  profile.properties['Value'] = 1;
  account().touch(profile);
  await until('the value again', () => (profile.properties['Value'] === 99 ? true : null));
  expect(contact.properties['customer_value']).toBe('99');
});

test('D10: a mapped field that vanished becomes an issue, the others go on; once it is back the issue goes', async () => {
  const gone = portal().contactProperties.get('loyalty_points')!;
  portal().contactProperties.delete('loyalty_points');
  const klaviyoAccountId = ((await world.call('GET', '/account')).json as { klaviyoAccounts: { id: string }[] })
    .klaviyoAccounts[0]!.id;
  expect((await world.call('POST', '/fields/refresh', { klaviyoAccountId })).status).toBe(200);
  const contact = inHubspot('vanish@example.org', { firstname: 'Goes', lastname: 'On' });
  expect((await arrived('vanish@example.org')).last_name).toBe('On');
  const missing = await until(
    'the issue',
    async () =>
      ((await world.call('GET', '/issues?code=field_missing')).json as { results: Issue[] }).results[0] ?? null,
  );
  expect([missing.detail, missing.repair?.kind]).toEqual([expect.stringContaining('loyalty_points'), 'refresh_fields']);
  portal().contactProperties.set('loyalty_points', gone);
  expect((await world.call('POST', `/issues/${missing.id}/repair`)).status).toBe(202);
  portal().update('contacts', contact, { loyalty_points: '5' }, 'CRM_UI');
  await until('the number', () => (profileOf('vanish@example.org')?.properties['Points'] === 5 ? true : null));
  await until('the issue to go', async () =>
    ((await world.call('GET', '/issues?code=field_missing')).json as { results: unknown[] }).results.length === 0
      ? true
      : null,
  );
});

test('D7/G4: a value that a validation rule of HubSpot refuses is found in its batch, named, and the rest is written', async () => {
  portal().contactProperties.get('city')!.rule = /^[A-Z]/;
  const profiles = Array.from({ length: 12 }, (_, n) => {
    const profile = inKlaviyo(`rule${n}@example.org`, { Points: n });
    profile.location['city'] = n === 5 ? 'nowhere' : 'Town';
    account().touch(profile);
    return profile;
  });
  for (const [n] of profiles.entries()) {
    const contact = await arrivedInHubspot(`rule${n}@example.org`);
    await until('its number', () => (contact.properties['loyalty_points'] === String(n) ? true : null));
    expect(contact.properties['city']).toBe(n === 5 ? undefined : 'Town');
  }
  expect((await issueOf('rule5@example.org', 'hubspot_validation_rule')).detail).toMatch(/city|nowhere/i);
  profiles[5]!.location['city'] = 'Somewhere';
  account().touch(profiles[5]!);
  await until('the city', () => (contactOf('rule5@example.org')?.properties['city'] === 'Somewhere' ? true : null));
  await noIssue('rule5@example.org');
});

test('C4: Klaviyo’s consent stands on the contact as one word, current although Klaviyo does not move `updated`', async () => {
  const contact = inHubspot('status@example.org');
  const profile = await arrived('status@example.org');
  await until('the first word', () => (contact.properties['klaviyo_consent'] === 'NEVER_SUBSCRIBED' ? true : null));
  account().subscribe(profile);
  account().emit(profile, { metric: 'Subscribed to Email Marketing', properties: {} });
  await until('SUBSCRIBED', () => (contact.properties['klaviyo_consent'] === 'SUBSCRIBED' ? true : null));
  account().suppress(profile, 'USER_SUPPRESSED');
  await until('SUPPRESSED', () => (contact.properties['klaviyo_consent'] === 'SUPPRESSED' ? true : null));
});

test('D1: a field of the primary company reaches the profile, also when only the company changes', async () => {
  const contact = inHubspot('employee@example.org');
  const company = portal().create('companies', { name: 'Lantern' }, 'CRM_UI');
  portal().companyOf.set(contact.id, company.id);
  portal().update('contacts', contact, { firstname: 'Emp' }, 'CRM_UI');
  const profile = await arrived('employee@example.org');
  await until('the name', () => (profile.properties['Employer'] === 'Lantern' ? true : null));
  portal().update('companies', company, { name: 'Lantern & Sons' }, 'CRM_UI');
  await until('the new name', () => (profile.properties['Employer'] === 'Lantern & Sons' ? true : null));
});

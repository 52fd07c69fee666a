import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import { connectKlaviyo, openWorld, settled, until, type World } from '../helpers/service.js';

let world: World;
let connectionId = '';
const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;
const list = () => account().lists.get('CstHub')!;
const profileOf = (hubspotId: string) =>
  account().holder({ email: portal().contacts.get(hubspotId)?.properties['email'] })[0];
const onList = (hubspotId: string): boolean => list().members.has(profileOf(hubspotId)?.id ?? '');
/** Contacts with an email that are (not) on the static list 41. */
const contacts = (member: boolean): string[] =>
  [...portal().contacts.values()]
    .filter(
      (contact) =>
        contact.properties['email'] !== undefined && portal().lists.get('41')!.members.has(contact.id) === member,
    )
    .map(({ id }) => id);

beforeAll(async () => {
  world = await openWorld({ people: makePeople(200, 6) });
  const klaviyoAccountId = await connectKlaviyo(world);
  const draft = await world.call('POST', '/connections', {
    type: 'contact',
    name: 'Trade fair',
    klaviyoAccountId,
    direction: 'hubspot_to_klaviyo',
    rules: {
      hubspotToKlaviyo: [{ source: { hubspotListIds: ['41'] }, klaviyoListId: 'CstHub' }],
      klaviyoToHubspot: [],
    },
  });
  connectionId = (draft.json as { id: string }).id;
  await world.call('POST', `/connections/${connectionId}/activate`);
  await settled(world, connectionId);
}, 60_000);
afterAll(() => world.close());

test('B2: only members of the chosen list are in sync and on the Klaviyo list', () => {
  expect(contacts(true).length).toBeGreaterThan(10);
  expect(contacts(true).every(onList)).toBe(true);
  expect(list().members.size).toBe(new Set(contacts(true).map((id) => profileOf(id)?.id)).size);
});

test('B1: one-way: nothing was written to HubSpot', () => {
  const { byOperation } = world.hubspot.calls.summary();
  expect([byOperation['contacts.batchUpdate'], byOperation['contacts.batchCreate']]).toEqual([undefined, undefined]);
});

test('B10: who enters the list is found by the sweep, created and added', async () => {
  const [newcomer] = contacts(false).filter((id) => profileOf(id) === undefined);
  portal().lists.get('41')!.members.add(newcomer!);
  await until('the newcomer on the Klaviyo list', () => (onList(newcomer!) ? true : null));
});

test('B8: who leaves the list leaves the Klaviyo list; nothing is deleted, and updates stop', async () => {
  const [leaver] = contacts(true);
  const profile = profileOf(leaver!)!;
  portal().lists.get('41')!.members.delete(leaver!);
  await until('the leaver off the Klaviyo list', () => (list().members.has(profile.id) ? null : true));
  expect(account().profiles.has(profile.id)).toBe(true);
  expect(profile.consent).not.toBe('UNSUBSCRIBED');
  await until('the card to say so', async () =>
    ((await world.call('GET', `/contacts/${leaver!}`)).json as { sync: { state: string } }).sync.state ===
    'not_in_scope'
      ? true
      : null,
  );
  portal().update('contacts', portal().contacts.get(leaver!)!, { firstname: 'Gone' }, 'CRM_UI');
  // Somebody in sync is changed after: when that has arrived, the leaver's change had its turn.
  const [member] = contacts(true);
  portal().update('contacts', portal().contacts.get(member!)!, { firstname: 'Still here' }, 'CRM_UI');
  await until('the member’s change', () => (profileOf(member!)?.first_name === 'Still here' ? true : null));
  await settled(world, connectionId);
  expect(profile.first_name).not.toBe('Gone');
});

test('B9: changing the rule’s list removes nobody; the new list’s members join', async () => {
  const before = [...list().members.keys()];
  const answer = await world.call('PATCH', `/connections/${connectionId}`, {
    rules: {
      hubspotToKlaviyo: [{ source: { hubspotListIds: ['45'] }, klaviyoListId: 'CstHub' }],
      klaviyoToHubspot: [],
    },
  });
  expect(answer.status).toBe(200);
  await settled(world, connectionId);
  const partners = [...portal().lists.get('45')!.members].filter(
    (id) => portal().contacts.get(id)?.properties['email'] !== undefined,
  );
  await until('the partners on the list', () => (partners.every(onList) ? true : null));
  expect(before.every((id) => list().members.has(id))).toBe(true);
});

test('B9: a source list that is deleted is an issue, and nobody leaves because of it', async () => {
  const before = [...list().members.keys()];
  const source = portal().lists.get('45')!;
  portal().lists.delete('45');
  const [member] = [...source.members].filter((id) => onList(id));
  portal().update('contacts', portal().contacts.get(member!)!, { lastname: 'Looked at' }, 'CRM_UI');
  await until('the issue', async () =>
    ((await world.call('GET', '/issues?code=list_missing')).json as { results: unknown[] }).results.length === 1
      ? true
      : null,
  );
  await until('the card to say so', async () =>
    ((await world.call('GET', `/contacts/${member!}`)).json as { sync: { reason: { code: string } | null } }).sync
      .reason?.code === 'list_missing'
      ? true
      : null,
  );
  expect([...list().members.keys()]).toEqual(before);
  portal().lists.set('45', source);
  await until('the issue to go', async () =>
    ((await world.call('GET', '/issues?code=list_missing')).json as { results: unknown[] }).results.length === 0
      ? true
      : null,
  );
  expect((await world.call('POST', `/connections/${connectionId}/sync`)).status).toBe(202);
  await settled(world, connectionId);
  expect([...list().members.keys()]).toEqual(before);
});

test('pause and resume lose nothing: what changed meanwhile arrives after', async () => {
  const [member] = [...portal().lists.get('45')!.members].filter((id) => onList(id));
  expect((await world.call('POST', `/connections/${connectionId}/pause`)).status).toBe(202);
  portal().update('contacts', portal().contacts.get(member!)!, { lastname: 'While paused' }, 'CRM_UI');
  await until('the webhook to be delivered', () =>
    world.hubspot.webhooks.deliveries.at(-1)?.status === 200 ? true : null,
  );
  expect(profileOf(member!)?.last_name).not.toBe('While paused');
  expect((await world.call('POST', `/connections/${connectionId}/resume`)).status).toBe(202);
  await until('the change', () => (profileOf(member!)?.last_name === 'While paused' ? true : null));
});

test('A5: the app removed from HubSpot: the sync stops and says so; reinstalled, it can be resumed', async () => {
  world.hubspot.portals.get(world.portalId)!.installed = false;
  await fetch(`${world.hubspot.url}/_sandbox/uninstall`, {
    method: 'POST',
    body: JSON.stringify({ portalId: world.portalId }),
  });
  await until('the service to notice', async () =>
    (await world.call('GET', '/account')).status === 403 ? true : null,
  );
  const { installApp } = await import('../../sandbox/hubspot/fetch-proxy.js');
  expect((await installApp(world.backend, world.portalId)).status).toBe(200);
  const back = (await world.call('GET', `/connections/${connectionId}`)).json as { state: string };
  expect(back.state).toBe('paused');
  expect((await world.call('POST', `/connections/${connectionId}/resume`)).status).toBe(202);
  await settled(world, connectionId);
});

test('B9: deleting the connection removes and unsubscribes nobody', async () => {
  const before = list().members.size;
  expect((await world.call('DELETE', `/connections/${connectionId}`)).status).toBe(204);
  expect((await world.call('GET', `/connections/${connectionId}`)).status).toBe(404);
  expect(list().members.size).toBe(before);
});

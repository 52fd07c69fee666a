import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import { openWorld, settled, syncEverybody, until, type World } from '../helpers/service.js';

let world: World;
let connectionId = '';
const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;
const profileOf = (email: string) => account().holder({ email })[0]!;
const contactOf = (email: string) => [...portal().contacts.values()].find((one) => one.properties['email'] === email)!;
const everyConsent = () => new Map([...account().profiles.values()].map((one) => [one.id, one.consent]));
const calls = (operation: string): number => world.klaviyo.calls.summary().byOperation[operation]?.count ?? 0;
/** A consent of before the sync, by profile. */
let before: Map<string, string>;
let suppressed: Set<string>;

const create = (email: string, more: Record<string, string> = {}) =>
  portal().create('contacts', { email, firstname: 'New', ...more }, 'CRM_UI');
const synced = (email: string) => until(`${email} in Klaviyo`, () => account().holder({ email })[0] ?? null);
/** Looks at a person once more and waits until that is done. */
async function lookAgain(email: string): Promise<void> {
  const answer = await world.call('POST', `/contacts/${contactOf(email).id}/sync`);
  expect(answer.status).toBe(202);
  await settled(world, connectionId);
}

beforeAll(async () => {
  world = await openWorld({ people: makePeople(150, 11), klaviyo: { jobMs: 20 } });
  before = everyConsent();
  suppressed = new Set(
    [...account().profiles.values()]
      .filter((one) => one.suppressions.some(({ reason }) => reason !== 'UNSUBSCRIBE'))
      .map(({ id }) => id),
  );
  connectionId = await syncEverybody(world, {
    name: 'Customers',
    options: { subscribe: true, carryOptOuts: 'both', unsubscribeOnExit: true },
  });
}, 60_000);
afterAll(() => world.close());

test('C2: with the switch on those who were never asked are subscribed, and nobody else is touched', async () => {
  const members = account().lists.get('CstHub')!.members;
  await until('everybody who may be to be subscribed', () =>
    [...account().profiles.values()].every((profile) => {
      const was = before.get(profile.id) ?? 'NEVER_SUBSCRIBED';
      const optedOut = contactOf(profile.email ?? '')?.properties['hs_email_optout'] === 'true';
      const may = was === 'NEVER_SUBSCRIBED' && !suppressed.has(profile.id) && members.has(profile.id) && !optedOut;
      return !may || profile.consent === 'SUBSCRIBED';
    })
      ? true
      : null,
  );
  for (const profile of account().profiles.values()) {
    const was = before.get(profile.id);
    if (was === 'UNSUBSCRIBED' || was === 'SUBSCRIBED') expect(profile.consent).toBe(was);
    if (suppressed.has(profile.id)) {
      expect(profile.suppressions.some(({ reason }) => reason !== 'UNSUBSCRIBE')).toBe(true);
      expect(profile.consent).toBe(was);
    }
  }
  expect([...suppressed].length).toBeGreaterThan(2);
  expect([...before.values()].filter((one) => one === 'UNSUBSCRIBED').length).toBeGreaterThan(2);
});

test('C6: who had opted out in Klaviyo is opted out in HubSpot, and nobody else', async () => {
  await settled(world, connectionId);
  const out = [...portal().contacts.values()].filter((one) => one.properties['hs_email_optout'] === 'true');
  expect(out.length).toBeGreaterThan(2);
  for (const contact of out) {
    const profile = profileOf(contact.properties['email'] ?? '');
    const gone = profile.suppressions.some(({ reason }) => reason === 'UNSUBSCRIBE' || reason === 'SPAM_COMPLAINT');
    expect(profile.consent === 'UNSUBSCRIBED' || gone).toBe(true);
  }
});

test('C6: an opt-out in HubSpot becomes one in Klaviyo, with a receipt', async () => {
  create('carries@example.org');
  await synced('carries@example.org');
  await until('the subscription', () => (profileOf('carries@example.org').consent === 'SUBSCRIBED' ? true : null));
  portal().update('contacts', contactOf('carries@example.org'), { hs_email_optout: 'true' }, 'CRM_UI');
  await until('the opt-out', () => (profileOf('carries@example.org').consent === 'UNSUBSCRIBED' ? true : null));
  // A receipt is written before the call and settled after its answer.
  const receipts = await until('the receipts to be settled', async () => {
    const rows = await world.database.db.query<{ outcome: string | null }>(
      `select action, side, fields, outcome from history where email = 'carries@example.org' and action in ('subscribe', 'unsubscribe') order by id`,
    );
    return rows.some(({ outcome }) => outcome === null) ? null : rows;
  });
  expect(receipts).toMatchObject([
    {
      action: 'subscribe',
      side: 'klaviyo',
      outcome: 'done',
      fields: [{ oldValue: 'NEVER_SUBSCRIBED', newValue: 'SUBSCRIBED' }],
    },
    { action: 'unsubscribe', side: 'klaviyo', outcome: 'done', fields: [{ oldValue: 'hs_email_optout is true' }] },
  ]);
});

test('C6: opt-ins never cross: taking the opt-out back in HubSpot subscribes nobody in Klaviyo', async () => {
  portal().update('contacts', contactOf('carries@example.org'), { hs_email_optout: '', lastname: 'Back' }, 'CRM_UI');
  await until('the pass', () => (profileOf('carries@example.org').last_name === 'Back' ? true : null));
  await settled(world, connectionId);
  expect(profileOf('carries@example.org').consent).toBe('UNSUBSCRIBED');
});

test('C5: who unsubscribes between the look and the write stays unsubscribed', async () => {
  // Joining the list takes its time, and the unsubscribe falls into it: after the first look, before the subscription.
  await fetch(`${world.klaviyo.url}/_sandbox/faults`, {
    method: 'POST',
    body: JSON.stringify({ operation: 'lists.add', kind: 'slow', delayMs: 400 }),
  });
  create('quick@example.org');
  const profile = await synced('quick@example.org');
  account().unsubscribe(profile);
  const members = account().lists.get('CstHub')!.members;
  await until('the list', () => (members.has(profileOf('quick@example.org').id) ? true : null));
  await settled(world, connectionId);
  await lookAgain('quick@example.org');
  expect(profileOf('quick@example.org').consent).toBe('UNSUBSCRIBED');
  const [receipt] = await world.database.db.query<{ outcome: string }>(
    `select outcome from history where email = 'quick@example.org' and action = 'subscribe'`,
  );
  expect(receipt?.outcome).toBe('refused');
});

test('C2: who was unsubscribed by hand stays so through edits and passes without end', async () => {
  create('firm@example.org');
  await synced('firm@example.org');
  await until('the subscription', () => (profileOf('firm@example.org').consent === 'SUBSCRIBED' ? true : null));
  account().unsubscribe(profileOf('firm@example.org'));
  for (const lastname of ['One', 'Two', 'Three']) {
    portal().update('contacts', contactOf('firm@example.org'), { lastname }, 'CRM_UI');
    await until(lastname, () => (profileOf('firm@example.org').last_name === lastname ? true : null));
  }
  await settled(world, connectionId);
  expect(profileOf('firm@example.org').consent).toBe('UNSUBSCRIBED');
});

test('C1: nobody is subscribed twice', async () => {
  const asked = calls('subscriptions.subscribe');
  await lookAgain('firm@example.org');
  expect(calls('subscriptions.subscribe')).toBe(asked);
});

test('C6: an unsubscribe outlives the profile: deleted in Klaviyo and made again by an edit, the person stays unsubscribed', async () => {
  // The opt-out of the address in HubSpot would keep the person out by itself: it is taken back.
  const contact = contactOf('firm@example.org');
  account().remove(profileOf('firm@example.org'));
  await lookAgain('firm@example.org');
  portal().update('contacts', contact, { hs_email_optout: '', lastname: 'Again' }, 'CRM_UI');
  const again = await until('the profile', () => account().holder({ email: 'firm@example.org' })[0] ?? null);
  await settled(world, connectionId);
  await lookAgain('firm@example.org');
  expect([again.last_name, again.consent]).toEqual(['Again', 'NEVER_SUBSCRIBED']);
});

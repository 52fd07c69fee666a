import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Profile } from '../../../sandbox/klaviyo/records.js';
import type { Account } from '../../../sandbox/klaviyo/store.js';
import { until } from '../../helpers/service.js';
import { openKlaviyo, type Answer, type Client } from './klaviyo-client.js';

let client: Client;
let account: Account;
let number = 0;
beforeAll(async () => {
  client = await openKlaviyo();
  const found = client.sandbox.accounts.get('TANDM1');
  if (found === undefined) throw new Error('no account');
  account = found;
});
afterAll(() => client.close());

/** Somebody new with the consent wanted. */
function person(consent: Profile['consent'] = 'NEVER_SUBSCRIBED'): Profile & { email: string } {
  number += 1;
  const profile = account.create();
  const email = `consent${number}@example.com`;
  account.identify(profile, { email });
  if (consent === 'SUBSCRIBED') account.subscribe(profile);
  if (consent === 'UNSUBSCRIBED') account.unsubscribe(profile);
  return Object.assign(profile, { email });
}

interface Wish {
  list?: string;
  historical?: boolean;
  consentedAt?: string;
  wrong?: boolean;
}

function subscribe(
  emails: readonly string[],
  { list, historical, consentedAt, wrong = false }: Wish = {},
): Promise<Answer> {
  const marketing = { consent: 'SUBSCRIBED', ...(consentedAt === undefined ? {} : { consented_at: consentedAt }) };
  return client.call('POST', '/api/profile-subscription-bulk-create-jobs', {
    body: {
      data: {
        type: 'profile-subscription-bulk-create-job',
        attributes: {
          ...(historical === undefined ? {} : { historical_import: historical }),
          profiles: {
            data: emails.map((email) => ({
              type: 'profile',
              attributes: { email, subscriptions: { email: { marketing } } },
            })),
          },
        },
        ...(list === undefined ? {} : { relationships: { list: { data: { type: 'list', id: list } } } }),
      },
    },
    wrong,
  });
}

function unsubscribe(emails: readonly string[], list?: string, wrong = false): Promise<Answer> {
  const subscriptions = { email: { marketing: { consent: 'UNSUBSCRIBED' } } };
  return client.call('POST', '/api/profile-subscription-bulk-delete-jobs', {
    body: {
      data: {
        type: 'profile-subscription-bulk-delete-job',
        attributes: {
          profiles: { data: emails.map((email) => ({ type: 'profile', attributes: { email, subscriptions } })) },
        },
        ...(list === undefined ? {} : { relationships: { list: { data: { type: 'list', id: list } } } }),
      },
    },
    wrong,
  });
}

function suppression(
  kind: 'create' | 'delete',
  emails: readonly string[],
  group?: { list?: string; segment?: string },
  wrong = false,
): Promise<Answer> {
  const type = `profile-suppression-bulk-${kind}-job`;
  const [named] = Object.entries(group ?? {});
  return client.call('POST', `/api/${type}s`, {
    body: {
      data: {
        type,
        attributes:
          emails.length === 0
            ? {}
            : { profiles: { data: emails.map((email) => ({ type: 'profile', attributes: { email } })) } },
        ...(named === undefined ? {} : { relationships: { [named[0]]: { data: { type: named[0], id: named[1] } } } }),
      },
    },
    wrong,
  });
}

const reasons = (profile: Profile): string[] => profile.suppressions.map(({ reason }) => reason);
const metricsOf = (profile: Profile): (string | undefined)[] =>
  account.events
    .order(null, profile.id)
    .page({ size: 100 })
    .ids.map((id) => account.events.metrics.get(account.events.get(id)?.metricId ?? '')?.name);
const settled = (profile: Profile, consent: Profile['consent']): Promise<true> =>
  until(`${consent}`, () => (profile.consent === consent ? true : null));
/** Whatever was asked for before this has been done once it answers. */
async function passed(): Promise<void> {
  const marker = person();
  await subscribe([marker.email]);
  await settled(marker, 'SUBSCRIBED');
}

test('subscribing answers without a body, is done later, and shows in the profile', async () => {
  const profile = person();
  const answer = await subscribe([profile.email.toUpperCase()], { list: 'CstHub' });
  expect([answer.status, answer.json]).toEqual([202, {}]);
  await settled(profile, 'SUBSCRIBED');
  expect(account.lists.get('CstHub')?.members.has(profile.id)).toBe(true);
  expect(metricsOf(profile)).toEqual(['Subscribed to Email Marketing', 'Subscribed to List']);
  const shown = await client.call('GET', `/api/profiles/${profile.id}`, {
    query: { 'additional-fields[profile]': 'subscriptions' },
  });
  expect(shown.one.attributes['subscriptions']).toMatchObject({
    email: { marketing: { consent: 'SUBSCRIBED', can_receive_email_marketing: true, suppression: [], method: 'API' } },
  });
});

test('C2: the trap: subscribing lifts unsubscribes, complaints and manual suppression, but not bounces', async () => {
  const profile = person('UNSUBSCRIBED');
  for (const reason of ['SPAM_COMPLAINT', 'USER_SUPPRESSED', 'HARD_BOUNCE', 'INVALID_EMAIL'] as const)
    account.suppress(profile, reason);
  await subscribe([profile.email]);
  await settled(profile, 'SUBSCRIBED');
  expect(reasons(profile)).toEqual(['HARD_BOUNCE', 'INVALID_EMAIL']);
});

test('C3: on a double opt-in list nothing happens until the person confirms', async () => {
  const [known, stranger] = [person(), 'stranger@example.com'];
  await subscribe([known.email, stranger], { list: 'NwsLtr' });
  await passed();
  expect(known.consent).toBe('NEVER_SUBSCRIBED');
  expect(account.holder({ email: stranger })).toEqual([]);
  expect(await client.steer('POST', '/accounts/TANDM1/confirm', { email: stranger })).toEqual({ lists: ['NwsLtr'] });
  const [confirmed] = account.holder({ email: stranger });
  expect(confirmed).toMatchObject({ consent: 'SUBSCRIBED', doubleOptIn: true });
  expect(account.lists.get('NwsLtr')?.members.has(confirmed?.id ?? '')).toBe(true);
});

test('a historical import skips the confirmation, and needs a moment in the past', async () => {
  const profile = person();
  const consentedAt = '2024-05-06T07:08:09Z';
  await subscribe([profile.email], { list: 'NwsLtr', historical: true, consentedAt });
  await settled(profile, 'SUBSCRIBED');
  expect(new Date(profile.consentAt ?? 0).toISOString()).toBe('2024-05-06T07:08:09.000Z');
  const future = new Date(Date.now() + 3_600_000).toISOString();
  for (const wish of [{ historical: true }, { historical: true, consentedAt: future }, { consentedAt }]) {
    const refused = await subscribe([profile.email], { ...wish, wrong: true });
    expect(refused.status).toBe(400);
    expect(refused.error.source.pointer).toMatch(/^\/data\/attributes\/profiles\/data\/0\/.*consented_at$/);
  }
});

test('a new address becomes a profile with a list or a historical import only', async () => {
  await subscribe(['new.with.list@example.com'], { list: 'CstHub' });
  await subscribe(['new.alone@example.com']);
  await until('the profile', () => account.holder({ email: 'new.with.list@example.com' })[0] ?? null);
  await passed();
  expect(account.holder({ email: 'new.alone@example.com' })).toEqual([]);
});

test('unsubscribing: everywhere without a list, from the list alone for its members, everywhere for others', async () => {
  const [everywhere, member, other] = [person('SUBSCRIBED'), person('SUBSCRIBED'), person('SUBSCRIBED')];
  account.lists.get('VipLst')?.members.set(member.id, Date.now());
  await unsubscribe([everywhere.email]);
  await unsubscribe([member.email, other.email], 'VipLst');
  await settled(everywhere, 'UNSUBSCRIBED');
  await settled(other, 'UNSUBSCRIBED');
  expect([reasons(everywhere), reasons(other)]).toEqual([['UNSUBSCRIBE'], ['UNSUBSCRIBE']]);
  expect(metricsOf(everywhere)).toContain('Unsubscribed from Email Marketing');
  expect(member.consent).toBe('SUBSCRIBED');
  expect(account.lists.get('VipLst')?.members.has(member.id)).toBe(false);
  expect(member.listSuppressions).toMatchObject([{ listId: 'VipLst', reason: 'UNSUBSCRIBE' }]);
  const query = { filter: 'equals(subscriptions.email.marketing.list_suppressions.list_id,"VipLst")' };
  expect((await client.all('/api/profiles', query)).map(({ id }) => id)).toEqual([member.id]);
});

test('calls with too many, with nobody, with the wrong consent or an unknown list are refused', async () => {
  const many = Array.from({ length: 1001 }, (_, n) => `m${n}@example.com`);
  expect((await subscribe(many, { wrong: true })).status).toBe(400);
  expect((await unsubscribe(many.slice(0, 101), undefined, true)).status).toBe(400);
  expect((await subscribe([], { wrong: true })).status).toBe(400);
  expect((await subscribe(['a@example.com'], { list: 'Nowhere' })).status).toBe(404);
  expect((await suppression('create', many.slice(0, 101), undefined, true)).status).toBe(400);
  expect((await suppression('create', ['a@example.com'], { list: 'VipLst' }, true)).status).toBe(400);
  expect((await suppression('create', [], {}, true)).status).toBe(400);
});

test.each(['create', 'delete'] as const)('suppression jobs (%s) tell their state', async (kind) => {
  const path = `/api/profile-suppression-bulk-${kind}-jobs`;
  const accepted = await suppression(kind, [person().email, 'nobody.at.all@example.com']);
  expect(accepted.one.attributes).toMatchObject({ status: 'processing', total_count: 2, completed_count: 0 });
  const done = await until('the job', async () => {
    const answer = await client.call('GET', `${path}/${accepted.one.id}`);
    return answer.one.attributes['status'] === 'complete' ? answer : null;
  });
  expect(done.one.attributes).toMatchObject({
    completed_count: kind === 'create' ? 1 : 0,
    skipped_count: kind === 'create' ? 1 : 2,
  });
  expect((await client.all(path)).map(({ id }) => id)).toContain(accepted.one.id);
  expect((await client.call('GET', `${path}/unknown`)).status).toBe(404);
});

test('C2: manual suppression leaves the consent as it is, and its undoing lifts nothing else', async () => {
  const profile = person('SUBSCRIBED');
  account.suppress(profile, 'HARD_BOUNCE');
  await suppression('create', [profile.email]);
  await until('the suppression', () => (reasons(profile).includes('USER_SUPPRESSED') ? true : null));
  expect(profile.consent).toBe('SUBSCRIBED');
  await suppression('delete', [profile.email]);
  await until('the undoing', () => (reasons(profile).includes('USER_SUPPRESSED') ? null : true));
  expect(reasons(profile)).toEqual(['HARD_BOUNCE']);
  expect(metricsOf(profile)).toEqual([
    'Manually Suppressed from Email Marketing',
    'Manually Unsuppressed from Email Marketing',
  ]);
});

test('a whole list or segment can be suppressed', async () => {
  const list = account.addList('Whole1', 'Whole', 'single_opt_in');
  const members = [person('SUBSCRIBED'), person('SUBSCRIBED')];
  for (const { id } of members) list.members.set(id, Date.now());
  const accepted = await suppression('create', [], { list: 'Whole1' });
  expect(accepted.one.attributes['total_count']).toBe(2);
  await until('the list', () => (members.every((one) => reasons(one).includes('USER_SUPPRESSED')) ? true : null));
  const jobs = await client.all('/api/profile-suppression-bulk-create-jobs', { filter: 'equals(list_id,"Whole1")' });
  expect(jobs.map(({ id }) => id)).toEqual([accepted.one.id]);
});

test('C4: suppressions are found by when and why, in their order, though `updated` stands still', async () => {
  const profile = person('SUBSCRIBED');
  const before = profile.updated;
  account.suppress(profile, 'SPAM_COMPLAINT');
  expect(profile.updated).toBe(before);
  const field = 'subscriptions.email.marketing.suppression';
  const found = await client.all('/api/profiles', {
    filter: `equals(${field}.reason,"SPAM_COMPLAINT"),greater-or-equal(${field}.timestamp,2023-01-01T00:00:00Z)`,
    sort: `-${field}.timestamp`,
  });
  expect(found[0]?.id).toBe(profile.id);
  const others = await client.all('/api/profiles', { filter: `equals(${field}.reason,"HARD_BOUNCE")` });
  expect(others.length).toBeGreaterThan(0);
  expect(others.map(({ id }) => id)).not.toContain(profile.id);
});

test('E11: a person who unsubscribes in an email leaves up to four events, staff fewer', async () => {
  const [reader, other] = [person('SUBSCRIBED'), person('SUBSCRIBED')];
  account.lists.get('VipLst')?.members.set(reader.id, Date.now());
  await client.steer('POST', '/accounts/TANDM1/unsubscribe', { email: reader.email });
  await client.steer('POST', '/accounts/TANDM1/unsubscribe', { email: other.email, byStaff: true });
  const four = [
    'Clicked Email to Unsubscribe',
    'Unsubscribed from Email Marketing',
    'Unsubscribed from List',
    'Updated Email Preferences',
  ];
  expect(
    metricsOf(reader)
      .filter((name) => four.includes(name ?? ''))
      .sort(),
  ).toEqual(four);
  expect(metricsOf(other).filter((name) => four.includes(name ?? ''))).toEqual(['Unsubscribed from Email Marketing']);
  expect([reader.consent, other.consent]).toEqual(['UNSUBSCRIBED', 'UNSUBSCRIBED']);
});

test('C6: of two merged people the strictest consent stays', async () => {
  const [stays, goes] = [person('SUBSCRIBED'), person('UNSUBSCRIBED')];
  await client.steer('POST', '/accounts/TANDM1/merge', { source: goes.id, destination: stays.id });
  expect([stays.consent, reasons(stays)]).toEqual(['UNSUBSCRIBED', ['UNSUBSCRIBE']]);
});

test('C4: whether a change of consent moves `updated` is not known, so both can be had', async () => {
  const moving = await openKlaviyo({ consentMovesUpdated: true, people: [] });
  try {
    const other = moving.sandbox.accounts.get('TANDM1');
    const profile = other?.create(Date.parse('2024-01-01T00:00:00Z'));
    if (other === undefined || profile === undefined) throw new Error('no account');
    other.unsubscribe(profile);
    expect(profile.updated).toBeGreaterThan(Date.parse('2026-01-01T00:00:00Z'));
  } finally {
    await moving.close();
  }
});

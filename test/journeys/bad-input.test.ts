import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePeople } from '../../sandbox/seed/people.js';
import { connectKlaviyo, openWorld, settled, syncEverybody, until, type World } from '../helpers/service.js';

let world: World;
let klaviyoAccountId = '';
beforeAll(async () => {
  world = await openWorld({ people: makePeople(60, 2) });
  klaviyoAccountId = await connectKlaviyo(world);
}, 60_000);
afterAll(() => world.close());

interface ErrorBody {
  error: { code: string; message: string; fix: string; field?: string };
}

async function webhook(
  body: string,
  more: { secret?: string; timestamp?: number; signature?: string } = {},
): Promise<number> {
  const timestamp = String(more.timestamp ?? Date.now());
  const url = `${world.backend}/webhooks/hubspot`;
  const signature =
    more.signature ??
    createHmac('sha256', more.secret ?? world.hubspot.clientSecret)
      .update(`POST${url}${body}${timestamp}`)
      .digest('base64');
  const answer = await fetch(url, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-hubspot-signature-v3': signature,
      'x-hubspot-request-timestamp': timestamp,
    },
  });
  return answer.status;
}

const hints = async (): Promise<number> =>
  Number((await world.database.db.query<{ n: string }>('select count(*) as n from hint_batch'))[0]?.n);
const event = (portalId: number): string =>
  JSON.stringify([
    {
      eventId: 1,
      portalId,
      subscriptionType: 'object.propertyChange',
      objectId: 1,
      objectTypeId: '0-1',
      occurredAt: 1,
    },
  ]);

describe('G3: bad input gets a clear refusal and changes nothing', () => {
  const refusals: [string, () => Promise<number>, number][] = [
    ['a forged signature', () => webhook(event(1), { secret: 'other' }), 401],
    ['no signature', () => webhook(event(1), { signature: '' }), 401],
    ['a signature of six minutes ago (replayed)', () => webhook(event(1), { timestamp: Date.now() - 360_000 }), 401],
    ['a signature of six minutes ahead', () => webhook(event(1), { timestamp: Date.now() + 360_000 }), 401],
    ['a body over a megabyte', () => webhook(JSON.stringify([{ text: 'x'.repeat(1_100_000) }])), 413],
    ['no JSON', () => webhook('nonsense'), 400],
    ['no list of events', () => webhook('{"a":1}'), 400],
  ];
  test.each(refusals)('webhook with %s', async (_name, send, status) => {
    expect(await send()).toBe(status);
    expect(await hints()).toBe(0);
  });

  test('a webhook of an unknown portal is dropped with 200', async () => {
    expect(await webhook(event(999))).toBe(200);
    expect(await hints()).toBe(0);
  });

  test('an unsigned API call is refused before anything is looked at', async () => {
    const answer = await fetch(`${world.backend}/api/v1/account?portalId=${world.portalId}`);
    expect(answer.status).toBe(401);
    expect(((await answer.json()) as ErrorBody).error.fix).toMatch(/HubSpot/);
  });

  test('A1: a portal that never installed the app is told so', async () => {
    const { hubspotFetch } = await import('../../sandbox/hubspot/fetch-proxy.js');
    const answer = await hubspotFetch({ ...world.user, portalId: '12345' }, 'GET', '/api/v1/account');
    expect([answer.status, (answer.json as ErrorBody).error.code]).toEqual([403, 'not_installed']);
  });

  test('A2: a wrong Klaviyo key: the reason in words', async () => {
    const answer = await world.call('POST', '/klaviyo-accounts', { apiKey: 'pk_sandbox_wrong' });
    expect(answer.status).toBe(422);
    expect((answer.json as ErrorBody).error).toMatchObject({
      code: 'invalid_api_key',
      message: expect.stringContaining('Klaviyo'),
    });
    expect(answer.text).not.toContain('pk_sandbox_wrong');
  });

  test('A2: a key without a scope: the scope is named', async () => {
    world.klaviyo.accounts.get('TANDM1')?.keys.set('pk_sandbox_narrow', ['accounts:read', 'profiles:read']);
    const answer = await world.call('POST', '/klaviyo-accounts', { apiKey: 'pk_sandbox_narrow' });
    expect(answer.status).toBe(422);
    expect((answer.json as ErrorBody).error).toMatchObject({
      code: 'missing_scope',
      message: expect.stringContaining('lists:read'),
    });
  });

  test('an unknown field is named', async () => {
    const answer = await world.call('POST', '/connections', {
      type: 'contact',
      klaviyoAccountId,
      options: { winer: 'hubspot' },
    });
    expect([answer.status, (answer.json as ErrorBody).error.field]).toEqual([400, 'options.winer']);
  });

  test('B3: mapping the email is refused with its reason', async () => {
    const mappings = [
      { hubspot: { object: 'contact', property: 'email' }, klaviyo: { kind: 'property', name: 'Mail' } },
    ];
    const answer = await world.call('POST', '/connections', { type: 'contact', klaviyoAccountId, mappings });
    expect([answer.status, (answer.json as ErrorBody).error.code]).toEqual([422, 'email_always_mapped']);
  });

  test('D2: writing a read-only property is refused with its reason', async () => {
    const mappings = [
      {
        hubspot: { object: 'contact', property: 'customer_value' },
        klaviyo: { kind: 'property', name: 'Value' },
        direction: 'both',
      },
    ];
    const answer = await world.call('POST', '/connections', { type: 'contact', klaviyoAccountId, mappings });
    expect((answer.json as ErrorBody).error).toMatchObject({
      code: 'field_read_only',
      message: expect.stringContaining('calculates'),
    });
  });

  test('activating without a rule is refused', async () => {
    const draft = await world.call('POST', '/connections', { type: 'contact', klaviyoAccountId, name: 'No rules' });
    const answer = await world.call('POST', `/connections/${(draft.json as { id: string }).id}/activate`);
    expect([answer.status, (answer.json as ErrorBody).error.code]).toEqual([422, 'rule_missing']);
  });

  test('the same draft twice within a minute is one (HubSpot repeats failed calls)', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => world.call('POST', '/connections', { type: 'contact', klaviyoAccountId, name: 'Twice' })),
    );
    expect((one?.json as { id: string }).id).toBe((two?.json as { id: string }).id);
  });

  test('an installation cannot be finished with a foreign or used state', async () => {
    const begin = await fetch(`${world.backend}/oauth/hubspot/install`, { redirect: 'manual' });
    const state = new URL(begin.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const foreign = await fetch(`${world.backend}/oauth/hubspot/callback?code=x&state=${state}`, {
      headers: { cookie: 'tandem_oauth=other' },
    });
    expect([foreign.status, await foreign.text()]).toEqual([400, expect.stringContaining('another browser')]);
    const invented = await fetch(`${world.backend}/oauth/hubspot/callback?code=x&state=invented`);
    expect([invented.status, await invented.text()]).toEqual([400, expect.stringContaining('not begun here')]);
  });

  test('a return address that is not HubSpot’s is refused', async () => {
    const answer = await fetch(
      `${world.backend}/oauth/hubspot/callback?step=authorize&returnUrl=${encodeURIComponent('https://app.hubspot.com.evil.example')}`,
      { redirect: 'manual' },
    );
    expect(answer.status).toBe(400);
  });
});

test('G4, D7: a record that a vendor refuses becomes an issue; the rest of its batch goes through, and the issue goes with its cause (F5)', async () => {
  const portal = world.hubspot.portals.get(world.portalId)!;
  const account = world.klaviyo.accounts.get('TANDM1')!;
  const [bad, good] = [...account.profiles.values()].filter(
    (profile) => !portal.emails.has(profile.email?.toLowerCase() ?? ''),
  );
  account.identify(bad!, { email: 'no-dot@localhost' });
  account.touch(bad!);
  portal.create('contacts', { email: 'phone@example.com', firstname: 'Phone', phone: 'ask my assistant' }, 'CRM_UI');
  // Where the quotation of it ends, a character of two halves stands.
  const cut = 'x'.repeat(59);
  portal.create('contacts', { email: 'cut@example.com', firstname: 'Cut', phone: `${cut}👍 call me` }, 'CRM_UI');
  const id = await syncEverybody(world, { klaviyoAccountId });
  expect(portal.emails.has(good!.email!.toLowerCase())).toBe(true);
  const issues = async (): Promise<{ id: string; code: string; detail: string; contact: { email: string } }[]> =>
    ((await world.call('GET', `/issues?connectionId=${id}`)).json as { results: never[] }).results;
  expect(await issues()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        code: 'invalid_email',
        contact: expect.objectContaining({ email: 'no-dot@localhost' }),
      }),
      expect.objectContaining({ code: 'invalid_phone', detail: expect.stringContaining('ask my assistant') }),
      expect.objectContaining({ code: 'invalid_phone', detail: expect.stringContaining(cut) }),
    ]),
  );
  const [profile] = account.holder({ email: 'phone@example.com' });
  expect(profile).toMatchObject({ first_name: 'Phone', phone_number: null });

  const record = portal.contacts.get(portal.emails.get('phone@example.com') ?? '')!;
  portal.update('contacts', record, { phone: '+49 30 901820' }, 'CRM_UI');
  await until('the number in Klaviyo', () => (profile?.phone_number === '+4930901820' ? true : null));
  await settled(world, id);
  await until('the issue to be gone', async () =>
    (await issues()).some((issue) => issue.detail.includes('ask my assistant')) ? null : true,
  );
}, 60_000);

test('a wrong environment: one message names every wrong variable, exit 1', async () => {
  const child = spawn(process.execPath, [join(process.cwd(), 'build/server/main.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: 'x',
      ROLE: 'boss',
      HUBSPOT_API_URL: 'http://example.com',
      ENCRYPTION_KEYS: 'k1:short',
      KLAVIYO_CLIENT_ID: 'only-one',
    },
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
  for (const name of [
    'PORT',
    'ROLE',
    'HUBSPOT_API_URL',
    'ENCRYPTION_KEYS',
    'HUBSPOT_APP_ID',
    'HUBSPOT_CLIENT_ID',
    'HUBSPOT_CLIENT_SECRET',
    'KLAVIYO_CLIENT_SECRET',
  ])
    expect(text).toContain(name);
});

test('a .env in the working folder is read, and variables that are set win', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-env-'));
  await writeFile(join(folder, '.env'), 'PORT=from-file\nROLE=from-file\n');
  const child = spawn(process.execPath, [join(process.cwd(), 'build/server/main.js')], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ROLE: 'web' },
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
  await rm(folder, { recursive: true });
  expect(text).toContain('PORT');
  expect(text).not.toContain('ROLE');
});

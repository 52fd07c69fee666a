import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { firstPortal, startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { NeedsPerson } from '../../../server/errors.js';
import { sendAppEvents, type AppEvent } from '../../../server/vendors/hubspot/app-events.js';
import { exchangeCode } from '../../../server/vendors/hubspot/oauth.js';
import { ensureGroup, ensureProperty } from '../../../server/vendors/hubspot/properties.js';
import { openHubspotSession, type HubspotSession } from '../../../server/vendors/hubspot/session.js';
import { watch } from '../vendors/scripted-vendor.js';

/** App events and property groups of the stand-in, driven by our adapters. */
let sandbox: HubspotSandbox;
let session: HubspotSession;
const portal = () => sandbox.portals.get(String(firstPortal))!;
const recordTo = process.env['TANDEM_TEST_TRAFFIC'];
beforeAll(async () => {
  sandbox = await startHubspot({ limits: false, ...(recordTo === undefined ? {} : { recordTo }) });
  const app = {
    clientId: sandbox.clientId,
    clientSecret: sandbox.clientSecret,
    apiUrl: sandbox.url,
    appUrl: sandbox.url,
  };
  const redirectUri = 'http://localhost/back';
  const approved = await fetch(`${sandbox.url}/oauth/authorize/approve`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ portalId: String(firstPortal), redirect_uri: redirectUri, scope: 'oauth', state: 's' }),
  });
  const code = new URL(approved.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const { accessToken } = await exchangeCode(app, code, redirectUri);
  session = openHubspotSession({
    ...watch(),
    portalId: String(firstPortal),
    apiUrl: sandbox.url,
    priority: 'person',
    token: async () => accessToken,
  });
});
afterAll(() => sandbox.close());

const event = (id: string, objectId: string, more: Partial<AppEvent> = {}): AppEvent => ({
  id,
  type: 'email_opened-contact',
  objectId,
  at: new Date('2026-11-01T12:00:00Z'),
  properties: { message: 'Spring sale', subject: 'It is spring' },
  ...more,
});

test('an occurrence stands on its record once; a batch with a known id is taken apart', async () => {
  const contact = portal().create('contacts', { email: 'a@example.org' }, 'CRM_UI').id;
  expect([...(await sendAppEvents(session, [event('one', contact)])).values()]).toEqual(['created']);
  const outcomes = await sendAppEvents(session, [
    event('one', contact),
    event('two', contact),
    event('three', contact),
  ]);
  expect([...outcomes]).toEqual([
    ['one', 'existed'],
    ['two', 'created'],
    ['three', 'created'],
  ]);
  const shown = await fetch(`${sandbox.url}/_sandbox/portals/${firstPortal}/app-events?objectId=${contact}`);
  expect(((await shown.json()) as { results: unknown[] }).results).toHaveLength(3);
});

test('an unknown record, type or property refuses the occurrence, and nothing else', async () => {
  const contact = portal().create('contacts', { email: 'b@example.org' }, 'CRM_UI').id;
  const outcomes = await sendAppEvents(session, [
    event('b1', contact),
    event('b2', '999999'),
    event('b3', contact, { type: 'email_read-contact' }),
    event('b4', contact, { properties: { colour: 'red' } }),
    event('b5', contact, { type: 'email_opened-company' }),
  ]);
  expect(outcomes.get('b1')).toBe('created');
  for (const id of ['b2', 'b3', 'b4', 'b5']) expect(outcomes.get(id)).toMatchObject({ name: 'RecordRefused' });
});

test('without HubSpot’s approval nothing is taken', async () => {
  const approve = (approved: boolean) =>
    fetch(`${sandbox.url}/_sandbox/portals/${firstPortal}/app-events`, {
      method: 'POST',
      body: JSON.stringify({ approved }),
    });
  await approve(false);
  const contact = portal().create('contacts', { email: 'c@example.org' }, 'CRM_UI').id;
  await expect(sendAppEvents(session, [event('c1', contact)])).rejects.toBeInstanceOf(NeedsPerson);
  await approve(true);
  expect([...(await sendAppEvents(session, [event('c1', contact)])).values()]).toEqual(['created']);
});

test('a group and its property come to be once', async () => {
  for (const _twice of [1, 2]) {
    await ensureGroup(session, { name: 'tandem_email', label: 'Klaviyo email' });
    await ensureProperty(session, {
      name: 'tandem_last_open',
      label: 'Last open',
      description: '',
      groupName: 'tandem_email',
      type: 'datetime',
      fieldType: 'date',
    });
  }
  expect([portal().propertyGroups.get('tandem_email'), portal().contactProperties.has('tandem_last_open')]).toEqual([
    'Klaviyo email',
    true,
  ]);
});

test('the project declares seven activities for three objects, all made from one table', () => {
  execFileSync(process.execPath, ['scripts/app-events.mjs', '--check']);
  expect(readdirSync('hubspot-app/app/app-events')).toHaveLength(21);
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { firstPortal } from '../../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { makePeople } from '../../../sandbox/seed/people.js';
import { NeedsPerson, RetryLater } from '../../../server/errors.js';
import { sendAppEvents, type AppEvent } from '../../../server/vendors/hubspot/app-events.js';
import { dealsOf } from '../../../server/vendors/hubspot/deals.js';
import { openHubspotSession, type HubspotSession } from '../../../server/vendors/hubspot/session.js';
import { readEvents, type KlaviyoEvent } from '../../../server/vendors/klaviyo/events.js';
import { readCampaignMessages, readFlowMessage } from '../../../server/vendors/klaviyo/messages.js';
import { readMetrics } from '../../../server/vendors/klaviyo/metrics.js';
import * as oauth from '../../../server/vendors/klaviyo/oauth.js';
import { KlaviyoSession, type KlaviyoCredential } from '../../../server/vendors/klaviyo/session.js';
import {
  createWebhook,
  deleteWebhook,
  readTopics,
  readWebhooks,
  updateWebhook,
} from '../../../server/vendors/klaviyo/webhooks.js';
import { scriptedVendor, watch, type ScriptedVendor } from './scripted-vendor.js';

/** The vendors' side of the engagement path: Klaviyo's stand-in, and a HubSpot that answers as scripted. */
let klaviyo: KlaviyoSandbox;
let vendor: ScriptedVendor;
let hubspot: HubspotSession;
const recordTo = process.env['TANDEM_TEST_TRAFFIC'];
const klaviyoSession = (credential: KlaviyoCredential): KlaviyoSession =>
  new KlaviyoSession({
    ...watch(),
    accountId: 'TANDM1',
    apiUrl: klaviyo.url,
    priority: 'person',
    credential: async () => credential,
  });
let session: KlaviyoSession;

beforeAll(async () => {
  [klaviyo, vendor] = await Promise.all([
    startKlaviyo({
      people: makePeople(120, 7),
      limits: false,
      activity: 60,
      lateMs: 0,
      ...(recordTo === undefined ? {} : { recordTo }),
    }),
    scriptedVendor(),
  ]);
  session = klaviyoSession({ kind: 'api_key', key: 'pk_sandbox_TANDM1' });
  hubspot = openHubspotSession({
    ...watch(),
    portalId: String(firstPortal),
    apiUrl: vendor.url,
    priority: 'person',
    token: async () => 'token',
  });
});
afterAll(() => Promise.all([klaviyo.close(), vendor.close()]));

const event = (n: number): AppEvent => ({
  id: `e${n}`,
  type: 'email_opened-contact',
  objectId: '101',
  at: new Date('2026-11-01T12:00:00Z'),
  properties: { message: 'Spring sale' },
});
interface Batch {
  inputs: { id: string; eventTypeName: string; timestamp: string; objectId: string; email?: string }[];
}

test('E9: a batch that HubSpot refuses because one id is known is halved until that one stands alone', async () => {
  const known = new Set(['e3', 'e700']);
  const stored = new Set<string>();
  vendor.answers(({ json }) => {
    const { inputs } = json as Batch;
    if (inputs.some(({ id }) => known.has(id) || stored.has(id)))
      return { status: 409, json: { status: 'error', message: 'exists', category: 'CONFLICT' } };
    for (const { id } of inputs) stored.add(id);
    return { json: { status: 'COMPLETE', results: inputs } };
  });
  const outcomes = await sendAppEvents(
    hubspot,
    Array.from({ length: 800 }, (_, n) => event(n)),
  );
  expect(outcomes.size).toBe(800);
  expect([...outcomes].filter(([, outcome]) => outcome === 'existed').map(([id]) => id)).toEqual(['e3', 'e700']);
  expect(stored.size).toBe(798);
  const { inputs } = vendor.seen[0]!.json as Batch;
  expect([vendor.seen[0]!.path, inputs.length]).toEqual(['/integrators/timeline/2026-03/events/batch', 500]);
  expect(inputs[0]).toEqual({
    id: 'e0',
    eventTypeName: 'email_opened-contact',
    objectId: '101',
    timestamp: '2026-11-01T12:00:00.000Z',
    properties: { message: 'Spring sale' },
  });
  // Sent again after a crash: every one of them is known, none is doubled.
  const again = await sendAppEvents(hubspot, [event(1), event(2), event(2)]);
  expect([...again.values()]).toEqual(['existed', 'existed']);
});

test('E9: a batch that is known already and halved is not asked for from the start when HubSpot asks to wait', async () => {
  const known = new Set(Array.from({ length: 40 }, (_, n) => `e${n}`));
  const all = [...known].map((_, n) => event(n));
  let patience = 0;
  vendor.answers(({ json }) => {
    patience -= 1;
    if (patience < 0)
      return { status: 429, headers: { 'retry-after': '3600' }, json: { status: 'error', message: 'slow' } };
    const { inputs } = json as Batch;
    const exists = inputs.some(({ id }) => known.has(id));
    return exists
      ? { status: 409, json: { status: 'error', message: 'exists', category: 'CONFLICT' } }
      : { json: { status: 'COMPLETE', results: inputs } };
  });
  patience = 20;
  const told = await sendAppEvents(hubspot, all);
  expect([...told.values()].every((outcome) => outcome === 'existed')).toBe(true);
  expect(told.size).toBeGreaterThan(0);
  expect(told.size).toBeLessThan(all.length);
  patience = 0;
  await expect(sendAppEvents(hubspot, all.slice(told.size))).rejects.toBeInstanceOf(RetryLater);
  patience = Infinity;
  expect((await sendAppEvents(hubspot, all.slice(told.size))).size).toBe(all.length - told.size);
});

test('an app that HubSpot has not approved is told what to do', async () => {
  vendor.answers(() => ({
    status: 403,
    json: { status: 'error', category: 'MISSING_SCOPES', message: 'This app is not approved.' },
  }));
  const refusal = await sendAppEvents(hubspot, [event(1)]).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(NeedsPerson);
  expect(refusal).toMatchObject({ code: 'app_events_not_approved', fix: expect.stringContaining('approve') });
});

test('E12: deals of contacts, with whether they are closed; a new deal has no word on it yet', async () => {
  vendor.answers(({ path, json }) => {
    if (path.includes('/associations/'))
      return {
        json: {
          results: (json as { inputs: { id: string; after?: string }[] }).inputs.map(({ id, after }) => ({
            from: { id },
            to: [{ toObjectId: after === undefined ? 900 : 901, associationTypes: [] }],
            ...(after === undefined ? { paging: { next: { after: 'more' } } } : {}),
          })),
        },
      };
    return {
      json: {
        results: [
          {
            id: '900',
            properties: {
              dealname: 'Old',
              hs_is_closed: 'true',
              createdate: '2026-01-01T00:00:00Z',
              pipeline: 'default',
              dealstage: 'closedwon',
            },
            createdAt: '2026-01-01',
            updatedAt: '2026-01-01',
          },
          {
            id: '901',
            properties: {
              dealname: 'New',
              hs_is_closed: null,
              createdate: '2026-02-01T00:00:00Z',
              pipeline: 'default',
              dealstage: 'new',
            },
            createdAt: '2026-02-01',
            updatedAt: '2026-02-01',
          },
        ],
      },
    };
  });
  const deals = await dealsOf(hubspot, ['101', '101']);
  expect(deals.get('101')?.map(({ id, closed }) => [id, closed])).toEqual([
    ['900', true],
    ['901', false],
  ]);
});

test('metrics are Klaviyo’s own; events come oldest first with the email of their profile, page by page', async () => {
  const metrics = await readMetrics(session);
  expect(metrics.every(({ integration }) => integration === 'Klaviyo')).toBe(true);
  const opened = metrics.find(({ name }) => name === 'Opened Email')!;
  const events: KlaviyoEvent[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof readEvents>> = await readEvents(session, {
      metricId: opened.id,
      since: new Date('2020-01-01T00:00:00Z'),
      ...(cursor === null ? {} : { cursor }),
    });
    events.push(...page.events);
    cursor = page.next;
  } while (cursor !== null);
  expect(events.length).toBeGreaterThan(20);
  expect(events.map(({ at }) => at.getTime())).toEqual(events.map(({ at }) => at.getTime()).sort((a, b) => a - b));
  expect(
    events.every(({ metricId, profileId, email }) => metricId === opened.id && profileId !== null && email !== null),
  ).toBe(true);
  expect(events[0]?.properties['$message']).toEqual(expect.any(String));
  const middle = events[Math.floor(events.length / 2)]!.at;
  const later = await readEvents(session, { metricId: opened.id, since: middle });
  const earlier = await readEvents(session, { metricId: opened.id, since: new Date('2020-01-01'), until: middle });
  expect(later.events.length + earlier.events.length).toBe(events.length);
});

test('G4: an event that cannot be kept is left out and counted, the others of its page are there', async () => {
  const told = (id: string, datetime: string): object => ({
    type: 'event',
    id,
    attributes: { datetime, event_properties: {} },
    relationships: { profile: { data: { id: 'P1' } } },
  });
  const day = '2026-11-20T10:00:00+00:00';
  const data = [told('a', day), told('b', '0000-01-01T00:00:00Z'), told('c\0', day), told('d', 'soon'), told('e', day)];
  vendor.answers(() => ({ json: { data, links: { next: null } } }));
  const { events, unreadable } = await readEvents(
    new KlaviyoSession({
      ...watch(),
      accountId: 'TANDM1',
      apiUrl: vendor.url,
      priority: 'sweep',
      credential: () => Promise.resolve({ kind: 'api_key', key: 'k' }),
    }),
    { metricId: 'M1', since: new Date('2026-11-20') },
  );
  expect([events.map(({ id }) => id), unreadable]).toEqual([['a', 'e'], 3]);
});

test('messages tell their campaign, subject and audience; a flow’s email tells what starts the flow', async () => {
  const messages = await readCampaignMessages(session);
  expect(messages.length).toBeGreaterThan(2);
  expect(
    messages.every(({ messageId, campaignId, subject }) => messageId !== '' && campaignId !== '' && subject !== null),
  ).toBe(true);
  expect(messages.some(({ included }) => included.length > 0)).toBe(true);
  const account = klaviyo.accounts.get('TANDM1')!;
  const flow = [...account.flows.values()].find(({ actions }) => actions.some(({ message }) => message !== null))!;
  const message = flow.actions.find((action) => action.message !== null)!.message!;
  expect(await readFlowMessage(session, message.id)).toEqual({
    name: message.name,
    subject: message.subject,
    flowId: flow.id,
    triggerGroupIds: flow.trigger !== null && /^(list|segment)$/.test(flow.trigger.type) ? [flow.trigger.id] : [],
  });
});

test('webhooks are not for private keys, and work for an app', async () => {
  expect(await readWebhooks(session)).toBe('not_available');
  const app = {
    clientId: klaviyo.clientId,
    clientSecret: klaviyo.clientSecret,
    apiUrl: klaviyo.url,
    appUrl: klaviyo.url,
  };
  const verifier = randomBytes(32).toString('base64url');
  const redirectUri = 'http://localhost/back';
  const scopes = ['accounts:read', 'webhooks:read', 'webhooks:write', 'events:read'];
  const consent = new URL(
    oauth.authorizeUrl(app, {
      redirectUri,
      scopes,
      state: 's',
      codeChallenge: createHash('sha256').update(verifier).digest('base64url'),
    }),
  );
  const approved = await fetch(`${consent.origin}/oauth/authorize/approve`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ ...Object.fromEntries(consent.searchParams), account: 'TANDM1', accountId: 'TANDM1' }),
  });
  const code = new URL(approved.headers.get('location') ?? '', redirectUri).searchParams.get('code') ?? '';
  const tokens = await oauth.exchangeCode(app, code, verifier, redirectUri);
  const own = klaviyoSession({ kind: 'oauth', accessToken: tokens.accessToken });
  const topics = await readTopics(own);
  expect(topics).toContain('event:klaviyo.opened_email');
  const made = await createWebhook(own, {
    name: 'Ours',
    url: 'http://localhost:1/webhooks/klaviyo/key',
    secret: 'sixteen-characters',
    topics: ['event:klaviyo.opened_email'],
  });
  if (made === 'not_available') throw new Error('not available');
  expect(made).toMatchObject({ name: 'Ours', enabled: true, topics: ['event:klaviyo.opened_email'] });
  expect(await updateWebhook(own, made.id, { enabled: false })).toMatchObject({ enabled: false });
  expect(await readWebhooks(own)).toMatchObject([{ id: made.id, enabled: false }]);
  await deleteWebhook(own, made.id);
  await deleteWebhook(own, made.id);
  expect(await readWebhooks(own)).toEqual([]);
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import request from 'supertest';
import { defaultEngagement } from '../../../server/rules/engagement/engagement-config.js';
import { trustedReturn } from '../../../server/oauth/hubspot-install.js';
import { connectByKey, openApiWorld, publicUrl, sign, type ApiWorld } from './api-world.js';
import { watchOutgoing } from '../../helpers/outgoing.js';
import { hostileStrings } from './hostile-strings.js';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
  await world.install(world.portalId);
});
afterAll(() => world.close());

const outgoing = watchOutgoing();
/** Nobody who sends us something decides where we call: the stand-ins are on this machine, and so is everything asked. */
afterAll(async () => {
  outgoing.stop();
  expect([...outgoing.hosts].filter((host) => !['localhost', '127.0.0.1'].includes(host))).toEqual([]);
  expect(outgoing.hosts.size).toBeGreaterThan(0);
  // It hears of both ways to call.
  const both = watchOutgoing();
  await Promise.allSettled([fetch('http://one.invalid'), request(world.app).get('/healthz')]);
  both.stop();
  expect([...both.hosts].sort()).toEqual(['127.0.0.1', 'one.invalid']);
});

const text = fc
  .oneof({ weight: 4, arbitrary: fc.constantFrom(...hostileStrings) }, { weight: 1, arbitrary: fc.string() })
  .map((given) => given.slice(0, 1000));

/** Beginnings and ends of addresses, right ones and such as only look right. */
const address = fc
  .tuple(
    fc.constantFrom('', 'https:', 'https:', 'http:', 'HTTPS:', 'javascript:', 'ftp:', ' https:', 'https:\t'),
    fc.constantFrom('//', '/', '', '\\\\', '///', '//x@', '//x:y@', '//%40'),
    fc.constantFrom(
      ...['app.hubspot.com', 'app-eu1.hubspot.com', 'app.hubspot.com.evil.example', 'evil.example', 'hubspot.com'],
      ...['app.hubspot.com:8443', 'xapp.hubspot.com', 'app-eu1.hubspot.com\0', 'app.hubspot.com\u3002evil.example'],
      ...['app.hubspot.com%2eevil.example', 'app_eu1.hubspot.com', 'APP.HUBSPOT.COM', 'app-.hubspot.com'],
    ),
    text,
  )
  .map((parts) => parts.join(''));

test('G3: whatever returnUrl says, the browser is only ever sent back to HubSpot', () => {
  fc.assert(
    fc.property(fc.oneof(address, text), (given) => {
      const trusted = trustedReturn(given, 'https://app.hubspot.com');
      if (trusted === null) return;
      // As the browser reads it, after the header was written.
      const { protocol, hostname, username } = new URL(trusted, 'https://tandem.example');
      expect(protocol).toBe('https:');
      expect(hostname).toMatch(/^app(-[a-z0-9]+)?\.hubspot\.com$/);
      expect(username).toBe('');
      // Nothing that would end the header or that the database cannot keep.
      expect(trusted).toMatch(/^[\x21-\x7e]+$/);
    }),
    { numRuns: 3000 },
  );
  expect(trustedReturn('https://app-eu1.hubspot.com/x?y=1', 'https://app.hubspot.com')).not.toBeNull();
});

test('G3: OAuth pages answer whatever they are called with on a page, escape it, and store nothing', async () => {
  const doors = [
    '/oauth/hubspot/install',
    '/oauth/hubspot/callback',
    '/oauth/klaviyo/start',
    '/oauth/klaviyo/callback',
  ];
  const names = [
    'code',
    'state',
    'step',
    'error',
    'error_description',
    'returnUrl',
    'ticket',
    'link',
    'state[]',
    'code[x]',
  ];
  const portals = (): Promise<unknown[]> =>
    world.database.db.query('select p::text, (select count(*) from klaviyo_account) from portal p order by id');
  const before = await portals();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...doors),
      fc.dictionary(fc.constantFrom(...names), fc.oneof(text, address), { maxKeys: 5 }),
      fc.constantFrom(undefined, 'authorize', 'finalize'),
      text.map((given) => given.replace(/[^\x21-\x7e]/g, '')),
      async (door, query, step, cookie) => {
        const search = new URLSearchParams({ ...query, ...(step === undefined ? {} : { step }) });
        const answer = await request(world.app)
          .get(`${door}?${search.toString()}`)
          .set('cookie', `tandem_oauth=${cookie}`);
        if (answer.status >= 500) throw new Error(`${door}?${search.toString()}: ${answer.status} ${answer.text}`);
        // As words on the page such an address is harmless; nothing may lead there.
        expect(answer.text).not.toMatch(/<script|<img|(href|src|action)="?\s*javascript:/i);
        expect(answer.headers['set-cookie']?.toString() ?? '').not.toContain('stolen');
        const target = answer.headers['location'];
        if (target === undefined) return;
        const { origin, hostname } = new URL(target, publicUrl);
        const known = [world.hubspot.url, world.klaviyo.url, publicUrl].includes(origin);
        expect([target, known || /^app(-[a-z0-9]+)?\.hubspot\.com$/.test(hostname)]).toEqual([target, true]);
      },
    ),
    { numRuns: 400 },
  );
  expect(await portals()).toEqual(before);
}, 60_000);

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.constantFrom(null, true, 0, -1, 1.5, 1e308, 2 ** 53, 'object.propertyChange', 'contact.privacyDeletion'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
  ),
}));
const event = fc.record(
  {
    eventId: value,
    portalId: fc.oneof({ weight: 3, arbitrary: fc.constant('mine') }, { weight: 1, arbitrary: value }),
    subscriptionType: fc.oneof(
      fc.constantFrom('object.propertyChange', 'object.merge', 'object.deletion', 'contact.privacyDeletion'),
      value,
    ),
    objectTypeId: fc.oneof(fc.constant('0-1'), value),
    objectId: fc.oneof(fc.constantFrom(1, '1', 2 ** 60, -5), value),
    occurredAt: fc.oneof(fc.constant(1), value),
    primaryObjectId: value,
    mergedObjectIds: fc.oneof(fc.array(fc.oneof(fc.integer(), value), { maxLength: 3 }), value),
    propertyName: value,
    propertyValue: value,
  },
  { requiredKeys: [] },
);

test('G3: signed webhooks of any shape are taken or refused, and never make us fail; unsigned ones store nothing', async () => {
  const send = (rawBody: string, signature: string, timestamp: number): Promise<request.Response> =>
    Promise.resolve(
      request(world.app)
        .post('/webhooks/hubspot')
        .set('content-type', 'application/json')
        .set('x-hubspot-signature-v3', signature)
        .set('x-hubspot-request-timestamp', String(timestamp))
        .send(rawBody),
    );
  const kept = async (): Promise<number> => (await world.database.db.query('select from hint_batch')).length;
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.array(fc.oneof(event, value), { maxLength: 4 }), value), async (given) => {
      const rawBody = JSON.stringify(given)?.replaceAll('"mine"', world.portalId) ?? '';
      const now = Date.now();
      const url = `${publicUrl}/webhooks/hubspot`;
      const before = await kept();
      expect((await send(rawBody, sign('another secret', 'POST', url, rawBody, now), now)).status).toBe(401);
      expect(await kept()).toBe(before);
      const answer = await send(rawBody, sign(world.hubspot.clientSecret, 'POST', url, rawBody, now), now);
      if (![200, 400].includes(answer.status)) throw new Error(`${rawBody}: ${answer.status} ${answer.text}`);
    }),
    { numRuns: 300 },
  );
  const large = `["${'x'.repeat(1_100_000)}"]`;
  expect((await send(large, 'none', Date.now())).status).toBe(413);
}, 60_000);

test('G3, G4: Klaviyo’s webhooks of any shape are taken or refused, hostile events keep no good one out, unsigned ones store nothing', async () => {
  const { db } = world.database;
  const klaviyoAccountId = await connectByKey(world);
  const [key, secret] = ['a-webhook-key-of-the-tests', 'a-secret-of-sixteen-or-more'];
  await db.query(
    `with connection as (
       insert into connection (portal_id, klaviyo_account_id, type, name, state, config) values ($1, $2, 'engagement', 'E', 'active', $5)),
     account as (
       insert into engagement_account (klaviyo_account_id, portal_id, live_from, webhook_key, webhook_secret) values ($2, $1, now(), $3, $4) returning 1)
     insert into event_stream (klaviyo_account_id, portal_id, metric_id, kind, watermark) select $2, $1, 'M1', 'clicked', now() from account`,
    [world.portalId, klaviyoAccountId, key, secret, JSON.stringify(defaultEngagement)],
  );
  const kept = async (): Promise<number> => (await db.query('select from activity')).length;
  const send = async (path: string, rawBody: string, signedWith: string, webhookId: string): Promise<number> => {
    const stamp = new Date().toUTCString();
    const answer = await request(world.app)
      .post(`/webhooks/klaviyo/${path}`)
      .set('content-type', 'application/json')
      .set('klaviyo-signature', createHmac('sha256', signedWith).update(rawBody).update(stamp).digest('hex'))
      .set('klaviyo-timestamp', stamp)
      .set('klaviyo-webhook-id', webhookId)
      .send(rawBody);
    if (answer.status >= 500) throw new Error(`${rawBody}: ${answer.status} ${answer.text}`);
    return answer.status;
  };
  const told = fc.record(
    {
      id: fc.oneof(text, value),
      attributes: fc.record(
        {
          datetime: fc.oneof(
            fc.constantFrom('2026-11-20 10:00:00+00:00', '+275760-09-13T00:00:00Z', '-000001-01-01T00:00:00Z'),
            fc.constantFrom('0000-01-01T00:00:00Z', '+010000-01-01T00:00:00Z', '2026-02-30T25:00:00Z'),
            text,
          ),
          uuid: value,
          event_properties: fc.dictionary(
            fc.oneof(
              fc.constantFrom(
                'Subject',
                'URL',
                '$message',
                '$flow',
                '$event_id',
                'Recipient Email Address',
                '$group_ids',
              ),
              fc.constantFrom('Campaign Name', '$internal', 'Bounce Type', 'List', 'Client Name', '__proto__'),
              text,
            ),
            fc.oneof(text, value, fc.constant(`${'x'.repeat(1999)}👍`)),
            { maxKeys: 6 },
          ),
        },
        { requiredKeys: ['datetime'] },
      ),
      relationships: fc.record({
        metric: fc.oneof(fc.constant({ data: { id: 'M1' } }), fc.record({ data: fc.record({ id: text }) })),
        profile: fc.oneof(fc.record({ data: fc.record({ id: text }) }), value),
      }),
    },
    { requiredKeys: ['id', 'attributes', 'relationships'] },
  );
  const item = fc.oneof(
    { weight: 3, arbitrary: told.map((data) => ({ payload: { data } })) },
    { weight: 1, arbitrary: value },
  );
  let n = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 4 }), fc.oneof(fc.constant(null), value), async (hostile, instead) => {
      n += 1;
      const good = {
        id: `good-${n}`,
        attributes: { datetime: new Date().toISOString(), event_properties: { Subject: 'Hello' } },
        relationships: { metric: { data: { id: 'M1' } }, profile: { data: { id: 'P1' } } },
      };
      const meta = { timestamp: new Date().toISOString(), klaviyo_webhook_id: 'W1', klaviyo_account_id: 'TANDM1' };
      const before = await kept();
      const body = JSON.stringify({ meta, data: [...hostile, { payload: { data: good } }] });
      expect(await send(key, body, 'another secret of sixteen', 'W1')).toBe(401);
      expect(await send(`${key}x`, body, secret, 'W1')).toBe(401);
      expect(await send(key, body, secret, 'W2')).toBe(401);
      const other = JSON.stringify(instead === null ? { meta } : instead);
      expect([400, 401]).toContain(await send(key, other, secret, 'W1'));
      expect(await kept()).toBe(before);
      expect(await send(key, body, secret, 'W1')).toBe(200);
      expect(await db.query('select from activity where event_id = $1', [good.id])).toHaveLength(1);
    }),
    { numRuns: 60 },
  );
  expect(await send(key, `["${'x'.repeat(8_500_000)}"]`, secret, 'W1')).toBe(413);
}, 60_000);

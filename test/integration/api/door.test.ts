import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import request from 'supertest';
import { operations } from '../../../server/api/operations.js';
import { metricsToken, openApiWorld, type ApiWorld } from './api-world.js';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
  await world.install(world.portalId);
  await world.install(world.otherPortalId);
});
afterAll(() => world.close());

const refusal = (answer: request.Response): [number, string | undefined] => [
  answer.status,
  (answer.body as { error?: { code?: string } }).error?.code,
];

describe('the door of /api/v1', () => {
  test('a request signed by HubSpot for a portal that has the app is let through', async () => {
    const answer = await world.call('GET', '/account');
    expect(answer.body).toMatchObject({ portal: { id: world.portalId } });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('A1: a forged, changed, late or missing signature is 401, whatever the route', async () => {
    expect(refusal(await world.call('GET', '/account', undefined, { secret: 'other' }))).toEqual([
      401,
      'wrong_signature',
    ]);
    expect(
      refusal(
        await world.call('GET', '/account', undefined, {
          tamper: (path) => path.replace(world.portalId, world.otherPortalId),
        }),
      ),
    ).toEqual([401, 'wrong_signature']);
    expect(refusal(await world.call('GET', '/account', undefined, { tamper: (path) => `${path}&x=1` }))).toEqual([
      401,
      'wrong_signature',
    ]);
    expect(refusal(await world.call('GET', '/account', undefined, { timestamp: Date.now() - 301_000 }))).toEqual([
      401,
      'stale_timestamp',
    ]);
    expect(refusal(await world.call('GET', '/account', undefined, { timestamp: Date.now() + 301_000 }))).toEqual([
      401,
      'stale_timestamp',
    ]);
    expect(refusal(await request(world.app).get(`/api/v1/account?portalId=${world.portalId}`))).toEqual([
      401,
      'missing_signature',
    ]);
  });

  test('A1: every route there is wants a signature', async () => {
    for (const { method, path } of operations) {
      const answer = await request(world.app)[method](
        `/api/v1${path.replace(/\{\w+\}/g, '1')}?portalId=${world.portalId}`,
      );
      expect([method, path, answer.status]).toEqual([method, path, 401]);
    }
  });

  test('A1: a page that names a portal itself is refused, although HubSpot signs what the page asked for', async () => {
    expect(refusal(await world.call('GET', `/account?portalId=${world.otherPortalId}`))).toEqual([
      401,
      'ambiguous_caller',
    ]);
    expect(refusal(await world.call('GET', '/account?userId=1'))).toEqual([401, 'ambiguous_caller']);
  });

  test('A1: a portal that never installed the app, and one that is none, are 403 not_installed', async () => {
    for (const portalId of ['12345', 'abc', '', '99999999999999999999']) {
      expect(refusal(await world.call('GET', '/account', undefined, { portalId }))).toEqual([403, 'not_installed']);
    }
  });

  test('addresses with escapes that HubSpot undoes before signing are let through', async () => {
    expect((await world.call('GET', '/hubspot/lists?search=a%40b%2Fc%3A%2C')).status).toBe(200);
    expect((await world.call('GET', '/hubspot/lists?search=a%20b%26c')).status).toBe(200);
  });
});

describe('G3: bad input is 4xx with words, never our fault', () => {
  const cases: [string, () => Promise<request.Response>, number, string][] = [
    ['no JSON', () => world.call('POST', '/connections', undefined, { rawBody: '{"a":' }), 400, 'malformed'],
    [
      'a body of more than a megabyte',
      () => world.call('POST', '/connections', undefined, { rawBody: JSON.stringify({ name: 'x'.repeat(1_100_000) }) }),
      413,
      'too_large',
    ],
    ['NUL in a value', () => world.call('POST', '/klaviyo-accounts', { apiKey: 'pk_12345\0' }), 400, 'malformed'],
    ['NUL in a name', () => world.call('POST', '/klaviyo-accounts', { 'api\0Key': 'pk_12345' }), 400, 'malformed'],
    [
      'half a surrogate pair',
      () => world.call('POST', '/klaviyo-accounts', undefined, { rawBody: '{"apiKey":"pk_12345\\ud800"}' }),
      400,
      'malformed',
    ],
    ['NUL in the address', () => world.call('GET', '/hubspot/lists?search=%00'), 400, 'malformed'],
    ['NUL in an id', () => world.call('GET', '/connections/%00'), 400, 'malformed'],
    ['a broken escape', () => world.call('GET', '/connections/%E0%A4%A'), 400, 'malformed'],
    ['a list where an object belongs', () => world.call('POST', '/connections', [1]), 400, 'invalid'],
    [
      'an unknown field',
      () => world.call('POST', '/klaviyo-accounts', { apiKey: 'pk_12345678', colour: 'red' }),
      400,
      'unknown_field',
    ],
    ['a page of no size', () => world.call('GET', '/issues?limit=0'), 400, 'invalid'],
    ['a page too large', () => world.call('GET', '/issues?limit=201'), 400, 'invalid'],
    ['a filter given twice', () => world.call('GET', '/issues?code=a&code=b'), 400, 'invalid'],
    ['an id that is none', () => world.call('GET', '/history?runId=1'), 400, 'invalid'],
    ['a route there is not', () => world.call('GET', '/nothing'), 404, 'not_found'],
    ['a method there is not', () => world.call('DELETE', '/account'), 404, 'not_found'],
  ];
  test.each(cases)('%s', async (_name, send, status, code) => {
    const answer = await send();
    expect(refusal(answer)).toEqual([status, code]);
    expect((answer.body as { error: unknown }).error).toEqual(
      expect.objectContaining({ message: expect.stringMatching(/\w/), fix: expect.stringMatching(/\w/) }),
    );
  });

  test('cursors that are none begin at the beginning', async () => {
    for (const path of ['/issues', '/history', '/hubspot/lists']) {
      for (const cursor of ['abc', '-1', '1e9', '99999999999999999999999', "'; drop table portal", '2026-02-30']) {
        expect([
          path,
          cursor,
          (await world.call('GET', `${path}?cursor=${encodeURIComponent(cursor)}`)).status,
        ]).toEqual([path, cursor, 200]);
      }
    }
  });

  test('too many requests in a minute are 429 with the time to wait, for that portal alone', async () => {
    // A minute of its own, so that other tests' requests do not count.
    world.now.offsetMs = 180_000 - (Date.now() % 60_000);
    const answers: number[] = [];
    for (let n = 0; n < 620; n += 1) answers.push((await world.call('GET', '/nothing')).status);
    expect(answers.filter((status) => status === 404)).toHaveLength(600);
    const refused = await world.call('GET', '/nothing');
    expect(refusal(refused)).toEqual([429, 'too_many_requests']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await world.call('GET', '/account', undefined, { portalId: world.otherPortalId })).status).toBe(200);
    world.now.offsetMs += 120_000;
    expect((await world.call('GET', '/account')).status).toBe(200);
    world.now.offsetMs = 0;
  });
});

describe('doors without a portal', () => {
  test('healthz and readyz', async () => {
    expect((await request(world.app).get('/healthz')).status).toBe(200);
    expect((await request(world.app).get('/readyz')).body).toEqual({ ready: true, troubles: [] });
  });

  test('metrics are for who has the token', async () => {
    expect((await request(world.app).get('/metrics')).status).toBe(401);
    expect((await request(world.app).get('/metrics').set('authorization', 'Bearer wrong')).status).toBe(401);
    const answer = await request(world.app).get('/metrics').set('authorization', `Bearer ${metricsToken}`);
    expect([answer.status, answer.text.includes('tandem_refusals_total{reason="wrong_signature"}')]).toEqual([
      200,
      true,
    ]);
  });

  test('pages carry the headers of helmet and not the name of the framework', async () => {
    const { headers } = await request(world.app).get('/oauth/hubspot/callback');
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['x-powered-by']).toBeUndefined();
  });
});

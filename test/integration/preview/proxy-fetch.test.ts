import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { proxyFetch, type ProxyRequest } from '../../../sandbox/preview/proxy-fetch.js';

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}
let server: Server;
let backend = '';
let seen: Seen[] = [];
let answer: (response: ServerResponse, index: number) => void;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      answer(response, seen.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  backend = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  seen = [];
  answer = (response) => response.end('{"fine":true}');
});

const clientSecret = 'secret-of-the-app';
const ask = (request: Partial<ProxyRequest> & { path?: string; portalId?: string }) => {
  const { path = '/api/v1/account?x=a%20b', portalId = '4100001', ...more } = request;
  return proxyFetch(
    { portalId, clientSecret, appId: '77', backend, userId: '7002', userEmail: 'rep@example.com' },
    [backend],
    { url: backend + path, method: 'GET', ...more },
  );
};

test('who asks goes into the query, and method, address, body and time are signed (v3)', async () => {
  expect(await ask({ method: 'POST', body: { a: 1 } })).toEqual({ status: 200, body: '{"fine":true}' });
  const [request] = seen;
  const url = new URL(backend + (request?.url ?? ''));
  expect(Object.fromEntries(url.searchParams)).toEqual({
    x: 'a b',
    portalId: '4100001',
    userId: '7002',
    userEmail: 'rep@example.com',
    appId: '77',
  });
  const timestamp = String(request?.headers['x-hubspot-request-timestamp']);
  // HubSpot signs the address with some of its escapes undone.
  const signed = `POST${url.href.replaceAll('%40', '@')}{"a":1}${timestamp}`;
  expect(request?.headers['x-hubspot-signature-v3']).toBe(
    createHmac('sha256', clientSecret).update(signed).digest('base64'),
  );
  expect(Math.abs(Date.now() - Number(timestamp))).toBeLessThan(60_000);
});

test.each([
  ['http://127.0.0.1:1/elsewhere', 403],
  ['https://127.0.0.1/api', 403],
  ['no address', 403],
])('only permitted addresses are asked: %s', async (url, status) => {
  expect((await ask({ url })).status).toBe(status);
  expect(seen).toEqual([]);
});

test('no header passes but Authorization', async () => {
  expect((await ask({ headers: { 'X-Api-Key': '1' } })).status).toBe(400);
  expect(seen).toEqual([]);
  expect((await ask({ headers: { authorization: 'Bearer x' } })).status).toBe(200);
});

test('a megabyte each way', async () => {
  expect((await ask({ method: 'POST', body: 'x'.repeat(1_100_000) })).status).toBe(413);
  expect(seen).toEqual([]);
  answer = (response) => response.end('x'.repeat(1_100_000));
  expect((await ask({})).status).toBe(413);
});

test('what fails on the backend’s side is asked once more, and no more', async () => {
  answer = (response, index) => response.writeHead(index === 0 ? 503 : 200).end('{}');
  expect((await ask({ method: 'POST', body: {} })).status).toBe(200);
  expect(seen).toHaveLength(2);
  seen = [];
  answer = (response) => response.writeHead(500).end('{}');
  expect((await ask({})).status).toBe(500);
  expect(seen).toHaveLength(2);
  seen = [];
  answer = (response) => void response.destroy();
  expect((await ask({})).status).toBe(502);
  expect(seen).toHaveLength(2);
  seen = [];
  answer = (response) => response.writeHead(429).end('{}');
  expect((await ask({})).status).toBe(429);
  expect(seen).toHaveLength(1);
});

test('whoever answers too late is not waited for, nor asked again', async () => {
  answer = () => undefined;
  expect((await ask({ timeout: 60 })).status).toBe(504);
  expect(seen).toHaveLength(1);
});

test('of 21 requests at once one is refused with 429 and reaches nobody; the others, and other accounts, are carried', async () => {
  const held: ServerResponse[] = [];
  const all = new Promise<void>((resolve) => {
    answer = (response) => {
      held.push(response);
      if (held.length === 21) resolve();
    };
  });
  const carried = Array.from({ length: 20 }, () => ask({}));
  const refused = await ask({ method: 'POST', body: {} });
  expect(refused.status).toBe(429);
  expect(JSON.parse(refused.body)).toEqual({ status: 'error', message: expect.stringContaining('20 requests') });
  const elsewhere = ask({ portalId: '4100002' });
  await all;
  expect(seen.every(({ method }) => method === 'GET')).toBe(true);
  for (const response of held) response.end('{}');
  expect(new Set((await Promise.all([...carried, elsewhere])).map(({ status }) => status))).toEqual(new Set([200]));
  // Whoever was refused comes through now, and so does everybody after requests that failed or came too late.
  answer = (response) => void response.destroy();
  await Promise.all(Array.from({ length: 20 }, () => ask({})));
  answer = (response) => response.end('{}');
  expect((await ask({})).status).toBe(200);
});

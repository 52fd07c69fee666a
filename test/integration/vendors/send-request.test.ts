import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import type { OnGiveUp } from '../../../server/vendors/call.js';
import { sendRequest } from '../../../server/vendors/send-request.js';

let server: Server | undefined;
afterEach(async () => {
  const ended = new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  server?.closeAllConnections();
  await ended;
});

/** A vendor; `sockets` counts the connections that were made to it. */
async function vendor(answer: RequestListener): Promise<{ url: URL; sockets: () => number }> {
  let made = 0;
  const it = createServer(answer).on('connection', () => (made += 1));
  server = it;
  await new Promise<void>((resolve) => it.listen(0, '127.0.0.1', resolve));
  return { url: new URL(`http://127.0.0.1:${(it.address() as AddressInfo).port}/a?b=c`), sockets: () => made };
}

const get = (url: URL, onGiveUp: OnGiveUp = () => undefined) => ({
  method: 'GET',
  url,
  headers: { 'X-Tandem': 'yes' },
  onGiveUp,
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += String(piece);
  return text;
}

test('carries method, address, headers and body as they are, and brings status, headers and text back', async () => {
  const { url } = await vendor((request, response) => {
    void textOf(request).then((body) => {
      const { method, url: path, headers } = request;
      response.writeHead(207, { 'Retry-After': '7' });
      response.end(
        JSON.stringify({ method, path, mine: headers['x-tandem'], length: headers['content-length'], body }),
      );
    });
  });
  const answer = await sendRequest({ ...get(url), method: 'PATCH', body: '{"name":"Zoë"}' });
  expect(answer).toMatchObject({ status: 207, headers: { 'retry-after': '7' } });
  expect(JSON.parse(answer.text)).toEqual({
    method: 'PATCH',
    path: '/a?b=c',
    mine: 'yes',
    length: '15',
    body: '{"name":"Zoë"}',
  });
});

test('asks for zipped answers and unzips them; one cut short is the network’s fault', async () => {
  const zipped = gzipSync('ünpacked');
  const { url } = await vendor((request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(request.headers['accept-encoding'] === 'gzip' ? zipped : 'not asked for');
  });
  expect((await sendRequest(get(url))).text).toBe('ünpacked');
  server?.removeAllListeners('request').on('request', (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(zipped.subarray(0, 12));
  });
  await expect(sendRequest(get(url))).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
});

test('a connection serves one call after the other', async () => {
  const { url, sockets } = await vendor((_request, response) => response.end('x'.repeat(100_000)));
  for (let n = 0; n < 5; n += 1) expect((await sendRequest(get(url))).text).toHaveLength(100_000);
  expect(sockets()).toBe(1);
});

test('follows no redirect: an access must not be carried elsewhere', async () => {
  const { url, sockets } = await vendor((_request, response) =>
    response.writeHead(302, { location: '/elsewhere' }).end('moved'),
  );
  expect(await sendRequest(get(url))).toMatchObject({ status: 302, text: 'moved' });
  expect(sockets()).toBe(1);
});

test('half an answer is an error, and so is a call that is given up before its answer or within it', async () => {
  const { url } = await vendor((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => response.socket?.destroy());
  });
  await expect(sendRequest(get(url))).rejects.toMatchObject({ code: 'ECONNRESET' });
  for (const begins of [false, true]) {
    let end = (): void => undefined;
    server?.removeAllListeners('request').on('request', (_request, response) => {
      if (begins) response.write('begun', () => end());
      else end();
    });
    await expect(sendRequest(get(url, (how) => (end = how)))).rejects.toMatchObject({ code: 'ECONNRESET' });
  }
});

import { expect, test } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { bindBrowser, browserOf } from '../../../server/oauth/browser-binding.js';
import { sendPage } from '../../../server/oauth/browser-page.js';

const app = express()
  .get(
    '/bind',
    (incoming, response) => void response.send(bindBrowser(incoming, response, incoming.query['secure'] === 'yes')),
  )
  .get('/who', (incoming, response) => void response.send(browserOf(incoming, incoming.query['secure'] === 'yes')))
  .get('/page', (_incoming, response) =>
    sendPage(response, 418, { title: '<b>"', text: `'&`, link: { href: 'https://x.test/?a=1&b="', label: '<go>' } }),
  );

test('the browser is marked by a cookie that scripts, other sites and plain http do not get', async () => {
  const answer = await request(app).get('/bind?secure=yes');
  expect(answer.headers['set-cookie']?.[0]).toMatch(
    /^__Host-tandem_oauth=[\w-]{43}; Max-Age=600; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
  );
  const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const who = async (sent: string): Promise<string> =>
    (await request(app).get('/who?secure=yes').set('cookie', sent)).text;
  expect(await who(cookie)).toBe(answer.text);
  // What a neighbouring host could plant has not the prefix that the browser vouches for.
  expect(await who(cookie.replace('__Host-', ''))).toBe('');
});

test('a browser that is marked keeps its mark, so that two tabs both work', async () => {
  const first = await request(app).get('/bind');
  const cookie = first.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const second = await request(app).get('/bind').set('cookie', `other=1; ${cookie}; more=2`);
  expect(second.text).toBe(first.text);
  expect((await request(app).get('/who').set('cookie', cookie)).text).toBe(first.text);
  expect((await request(app).get('/who')).text).toBe('');
});

test('G3: what stands on a page is text, never markup', async () => {
  const page = await request(app).get('/page');
  expect(page.status).toBe(418);
  expect(page.text).toContain(
    '<h1>&#60;b&#62;&#34;</h1><p>&#39;&#38;</p><p><a href="https://x.test/?a=1&#38;b=&#34;">&#60;go&#62;</a></p>',
  );
});

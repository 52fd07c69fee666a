import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';

/**
 * With https the browser itself holds the cookie to this very host (`__Host-`): a page on a neighbouring one cannot plant
 * a mark of its own (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes).
 */
const cookieOf = (secure: boolean): string => (secure ? '__Host-tandem_oauth' : 'tandem_oauth');

/** A random text of 32 bytes. */
export const randomText = (): string => randomBytes(32).toString('base64url');

/** Marks the browser that begins a flow; the flow only ends in the same one. */
export function bindBrowser(request: Request, response: Response, secure: boolean): string {
  const known = browserOf(request, secure);
  // Only a mark that can be ours is kept, so that two flows in one browser do not end each other.
  const value = /^[\w-]{43}$/.test(known) ? known : randomText();
  response.cookie(cookieOf(secure), value, { httpOnly: true, sameSite: 'lax', secure, maxAge: 600_000, path: '/' });
  return value;
}

/** The mark of this browser, '' when it has none. */
export function browserOf(request: Request, secure: boolean): string {
  const cookie = cookieOf(secure);
  const pair = (request.get('cookie') ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${cookie}=`));
  return pair?.slice(cookie.length + 1) ?? '';
}

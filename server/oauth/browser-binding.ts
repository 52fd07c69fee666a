import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';

const cookie = 'tandem_oauth';

/** A random text of 32 bytes. */
export const randomText = (): string => randomBytes(32).toString('base64url');

/** Marks the browser that begins a flow; the flow only ends in the same one. */
export function bindBrowser(request: Request, response: Response, secure: boolean): string {
  const known = browserOf(request);
  // Only a mark that can be ours is kept, so that two flows in one browser do not end each other.
  const value = /^[\w-]{43}$/.test(known) ? known : randomText();
  response.cookie(cookie, value, { httpOnly: true, sameSite: 'lax', secure, maxAge: 600_000, path: '/oauth' });
  return value;
}

/** The mark of this browser, '' when it has none. */
export function browserOf(request: Request): string {
  const pair = (request.get('cookie') ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${cookie}=`));
  return pair?.slice(cookie.length + 1) ?? '';
}

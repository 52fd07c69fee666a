import express, { type Request, type RequestHandler } from 'express';
import { checkSignature } from '../intake/signature.js';
import { withinPortal } from '../store/portal-scope.js';
import { findPortal } from '../store/portals.js';
import { ApiError } from './api-error.js';
import type { ApiDependencies } from './dependencies.js';

/** Who asks: known only from a valid signature. */
export interface Caller {
  portalId: string;
  userId: string;
  uiDomain: string;
}

const callers = new WeakMap<Request, Caller>();

/** The portal that signed this request. */
export function callerOf(request: Request): Caller {
  const caller = callers.get(request);
  if (caller === undefined)
    throw new ApiError(401, 'missing_signature', 'The request is not signed.', 'Open this page inside HubSpot.');
  return caller;
}

/** What HubSpot's fetch proxy adds to each address. */
const identity = ['portalId', 'userId', 'userEmail', 'appId'];

/** Requests a minute that one portal may make; HubSpot itself lets 20 through at once. */
const perMinute = 600;

/**
 * Lets only requests through that HubSpot's fetch proxy signed (v3), for a portal that has the app. The raw body is what
 * was signed; it is parsed after. The per-portal limit is kept per process: it protects this process, not a quota.
 */
export function signedRequests(deps: ApiDependencies): RequestHandler[] {
  const seen = new Map<string, { minute: number; count: number }>();
  const check: RequestHandler = async (request, response, next) => {
    // People's data: no proxy between HubSpot and us may keep it.
    response.set('cache-control', 'no-store');
    const rawBody: Buffer = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const url = deps.publicUrl + request.originalUrl;
    const now = deps.clock().getTime();
    const verdict = checkSignature(
      deps.clientSecret,
      {
        method: request.method,
        url,
        rawBody,
        signature: request.get('x-hubspot-signature-v3'),
        timestamp: request.get('x-hubspot-request-timestamp'),
      },
      now,
    );
    if (!verdict.ok) {
      deps.metrics.refusals.inc({ reason: verdict.reason });
      throw new ApiError(
        401,
        verdict.reason,
        'The request is not signed by HubSpot, or too old.',
        'Open this page inside HubSpot; check the server’s clock if this goes on.',
      );
    }
    const query = new URL(url).searchParams;
    // HubSpot appends the caller to whatever address the page asked for, and signs that: a page that names a portal
    // itself is somebody trying to be another one (A1).
    if (identity.some((name) => query.getAll(name).length > 1)) {
      deps.metrics.refusals.inc({ reason: 'ambiguous_caller' });
      throw new ApiError(
        401,
        'ambiguous_caller',
        'The address names its caller more than once.',
        'Leave portalId, userId, userEmail and appId to HubSpot.',
      );
    }
    if (/%00/.test(request.originalUrl)) throw unstorable();
    const portalId = query.get('portalId') ?? '';
    const portal = /^\d{1,18}$/.test(portalId) ? await findPortal(deps.db, portalId) : null;
    if (portal === null || portal.state === 'uninstalled')
      throw new ApiError(
        403,
        'not_installed',
        'The app is not installed in this HubSpot account.',
        'Install the app from its marketplace page.',
      );
    const minute = Math.floor(now / 60_000);
    const slot = seen.get(portalId);
    if (slot?.minute === minute && slot.count >= perMinute)
      throw new ApiError(429, 'too_many_requests', 'Too many requests in this minute.', 'Wait a minute and try again.');
    seen.set(portalId, { minute, count: slot?.minute === minute ? slot.count + 1 : 1 });
    if (seen.size > 10_000) seen.clear();
    callers.set(request, { portalId, userId: query.get('userId') ?? '', uiDomain: portal.uiDomain });
    request.body = parseBody(rawBody);
    withinPortal(portalId, next);
  };
  return [express.raw({ type: () => true, limit: '1mb' }), check];
}

/** What no text in the database can hold: NUL and halves of surrogate pairs. */
const refused = /[\0\p{Surrogate}]/u;
const unstorable = (): ApiError =>
  new ApiError(
    400,
    'malformed',
    'The request contains characters that are no text.',
    'Remove control characters and send it again.',
  );

function parseBody(rawBody: Buffer): unknown {
  if (rawBody.length === 0) return {};
  try {
    const body: unknown = JSON.parse(rawBody.toString('utf8'), (key: string, value: unknown) => {
      if (refused.test(key) || (typeof value === 'string' && refused.test(value))) throw unstorable();
      return value;
    });
    return body;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(400, 'malformed', 'The body is not valid JSON.', 'Send a JSON object.');
  }
}

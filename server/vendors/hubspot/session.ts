import { Request } from '@hubspot/api-client/lib/src/services/http/Request.js';
import type { ZodType } from 'zod';
import { NeedsPerson, RetryLater, VendorBug } from '../../errors.js';
import type { RateWindow } from '../../store/rate-limit.js';
import { retryAfterSeconds, withTimeout, type VendorDeps } from '../call.js';
import { jsonOf } from '../json-of.js';
import { sendRequest, type IncomingAnswer } from '../send-request.js';
import { refusalOf, scopesNamed, vendorErrorOf } from './errors.js';
import type { Priority } from './types.js';
import { shortenText } from '../../rules/shorten-text.js';

export interface HubspotRequest<T> {
  /** Short name for counting, e.g. `contacts.batchRead`. */
  operation: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  /** What of the answer is used. */
  schema: ZodType<T>;
  /** Search has a limit of its own. */
  search?: boolean;
  /** A POST that only reads; every other call but GET is taken for a write. */
  reads?: boolean;
}

/** One portal's door to HubSpot. */
export interface HubspotSession {
  portalId: string;
  /** Sends one request. Throws RetryLater, NeedsPerson, RecordRefused or VendorBug. */
  request<T>(options: HubspotRequest<T>): Promise<T>;
}

export interface HubspotSessionOptions extends VendorDeps {
  portalId: string;
  apiUrl: string;
  priority: Priority;
  /** A valid access token; `fresh` asks for one that replaces what HubSpot has just refused. */
  token(fresh: boolean): Promise<string>;
}

/**
 * 110 calls in 10 seconds a portal, 5 searches a second beside: cap + rate × window stays within.
 * https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
 */
export const hubspotWindows = {
  general: (portalId: string): RateWindow => ({ key: `hs:${portalId}`, cap: 5, perSecond: 10.5 }),
  search: (portalId: string): RateWindow => ({ key: `hs:${portalId}:search`, cap: 2, perSecond: 3 }),
};

const windowOf = (portalId: string, search: boolean): RateWindow =>
  search ? hubspotWindows.search(portalId) : hubspotWindows.general(portalId);

/** Opens a session. Cheap: make one per pass. */
export function openHubspotSession(options: HubspotSessionOptions): HubspotSession {
  return {
    portalId: options.portalId,
    async request(request) {
      const answer = await send(options, request, false);
      if (answer.status !== 401) return read(options, request, answer);
      // The token may have been revoked or replaced before its time: once more with a fresh one.
      return read(options, request, await send(options, request, true));
    },
  };
}

async function send<T>(
  options: HubspotSessionOptions,
  request: HubspotRequest<T>,
  fresh: boolean,
): Promise<IncomingAnswer> {
  const { apiUrl, timeoutMs } = options;
  await options.limiter.take([windowOf(options.portalId, request.search === true)], 1, options.priority);
  // The token is asked for after the wait: it lives for half an hour only.
  const accessToken = await options.token(fresh);
  options.fence?.();
  // The SDK makes the request. Sending is ours, and so are retries: the SDK's sleep a fixed 10 s and do not see Retry-After.
  const made = new Request(
    { accessToken, basePath: apiUrl },
    {
      method: request.method,
      path: request.path,
      qs: Object.fromEntries(
        Object.entries(request.query ?? {}).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, String(value)]],
        ),
      ),
      body: request.body,
    },
  );
  // Its types leave the body out.
  const { headers, body }: { headers: Record<string, string>; body?: string } = made.getSendData();
  const started = performance.now();
  let status: number | 'none' = 'none';
  try {
    const answer = await withTimeout({ vendor: 'HubSpot', timeoutMs, write: writes(request) }, (onGiveUp) =>
      sendRequest({
        method: request.method,
        url: made.getUrl(),
        headers,
        ...(body === undefined ? {} : { body }),
        onGiveUp,
      }),
    );
    status = answer.status;
    return answer;
  } finally {
    const seconds = (performance.now() - started) / 1000;
    options.onCall({ vendor: 'hubspot', operation: request.operation, status, seconds });
  }
}

const writes = (request: { method: string; search?: boolean; reads?: boolean }): boolean =>
  request.method !== 'GET' && request.search !== true && request.reads !== true;

async function read<T>(options: HubspotSessionOptions, request: HubspotRequest<T>, answer: IncomingAnswer): Promise<T> {
  const { status, text } = answer;
  if (status < 200 || status >= 300) throw await failureOf(options, request, answer);
  const parsed = request.schema.safeParse(text === '' ? undefined : parse(text, status, writes(request)));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join('.') ?? '';
  throw new VendorBug(`HubSpot answered ${request.operation} in an unknown shape: ${where} ${issue?.message ?? ''}`);
}

async function failureOf<T>(
  options: HubspotSessionOptions,
  request: HubspotRequest<T>,
  answer: IncomingAnswer,
): Promise<Error> {
  const { status, headers } = answer;
  const error = vendorErrorOf(answer.text);
  const waitOr = (seconds: number): number => retryAfterSeconds(headers['retry-after'], seconds, headers.date);
  if (status === 429) {
    // Without Retry-After: searches recover within a second, the ten-second window within ten, a daily limit much later.
    const seconds = waitOr(request.search === true ? 1 : error.policyName === 'DAILY' ? 900 : 5);
    await options.limiter.pause([windowOf(options.portalId, request.search === true).key], seconds);
    return new RetryLater('HubSpot asks to slow down.', seconds);
  }
  // 423: another write holds the records; 477: the account is being moved. Both were not carried out.
  if (status === 423 || status === 477) return new RetryLater(`HubSpot answers ${status}.`, waitOr(2));
  if (status >= 500) return new RetryLater(`HubSpot answers ${status}.`, waitOr(2), writes(request));
  // HubSpot tells that the app is gone by refusing to renew its access, never by a 401: an access that it renewed a moment
  // ago and refuses all the same is a fault of its own, and heals (developers.hubspot.com, API usage guidelines).
  if (status === 401) return new RetryLater('HubSpot refuses the access that it has just renewed.', waitOr(30));
  if (status === 403) {
    const scopes = scopesNamed(error);
    const what = scopes.length === 0 ? error.message || 'a permission is missing' : `it needs ${scopes.join(', ')}`;
    return new NeedsPerson(
      'missing_scope',
      `HubSpot denies ${request.operation}: ${shortenText(what, 300)}.`,
      'Install the app again and grant the permissions it asks for.',
    );
  }
  if (status < 400) return new VendorBug(`HubSpot answered ${request.operation} with ${status}.`);
  return refusalOf(status, error);
}

function parse(text: string, status: number, write: boolean): unknown {
  const value = jsonOf(text);
  // Half an answer of a broken connection: what was asked may have been done.
  if (value === undefined) throw new RetryLater(`HubSpot’s answer (${status}) broke off.`, 2, write);
  return value;
}

import type { Client } from '@hubspot/api-client';
import type { ZodType } from 'zod';
import { NeedsPerson, RetryLater, VendorBug } from '../../errors.js';
import { retryAfterSeconds, withTimeout, type VendorDeps } from '../call.js';
import { refusalOf, vendorErrorOf } from './errors.js';
import type { Priority } from './types.js';

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
  general: (portalId: string) => ({ key: `hs:${portalId}`, cap: 8, perSecond: 10.2 }),
  search: (portalId: string) => ({ key: `hs:${portalId}:search`, cap: 2, perSecond: 3 }),
};

let sdk: Promise<typeof Client> | undefined;
/** The SDK is loaded with the first call, not with the program. */
const loadClient = (): Promise<typeof Client> => (sdk ??= import('@hubspot/api-client').then((module) => module.Client));

/** Opens a session. Cheap: make one per pass. */
export function openHubspotSession(options: HubspotSessionOptions): HubspotSession {
  return {
    portalId: options.portalId,
    async request(request) {
      const answer = await send(options, request, await options.token(false));
      if (answer.status !== 401) return read(options, request, answer);
      // The token may have been revoked or replaced before its time: once more with a fresh one.
      return read(options, request, await send(options, request, await options.token(true)));
    },
  };
}

interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

async function send<T>(options: HubspotSessionOptions, request: HubspotRequest<T>, accessToken: string): Promise<Answer> {
  const { portalId } = options;
  const window = request.search === true ? hubspotWindows.search(portalId) : hubspotWindows.general(portalId);
  await options.limiter.take([window], 1, options.priority);
  const HubspotClient = await loadClient();
  // Retries are ours: the SDK's sleep a fixed 10 s and do not see Retry-After.
  const client = new HubspotClient({ accessToken, basePath: options.apiUrl, numberOfApiCallRetries: 0 });
  const query = Object.entries(request.query ?? {}).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, String(value)]]));
  const started = performance.now();
  let status: number | 'none' = 'none';
  try {
    return await withTimeout('HubSpot', options.timeoutMs, async () => {
      const response = await client.apiRequest({
        method: request.method,
        path: request.path + (query.length === 0 ? '' : `?${new URLSearchParams(query).toString()}`),
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      const text = await response.text();
      status = response.status;
      return { status, headers: response.headers, text };
    });
  } finally {
    options.onCall({ vendor: 'hubspot', operation: request.operation, status, seconds: (performance.now() - started) / 1000 });
  }
}

async function read<T>(options: HubspotSessionOptions, request: HubspotRequest<T>, answer: Answer): Promise<T> {
  const { status, text, headers } = answer;
  if (status >= 200 && status < 300) {
    const parsed = request.schema.safeParse(text === '' ? undefined : parse(text, status));
    if (parsed.success) return parsed.data;
    throw new VendorBug(`HubSpot answered ${request.operation} in an unknown shape: ${parsed.error.issues[0]?.path.join('.') ?? ''} ${parsed.error.issues[0]?.message ?? ''}`);
  }
  const error = vendorErrorOf(text);
  if (status === 429) {
    // Without Retry-After: searches recover within a second, the ten-second window within ten.
    const seconds = retryAfterSeconds(headers.get('retry-after'), request.search === true ? 1 : 5);
    const window = request.search === true ? hubspotWindows.search(options.portalId) : hubspotWindows.general(options.portalId);
    await options.limiter.pause([window.key], seconds);
    throw new RetryLater('HubSpot asks to slow down.', seconds);
  }
  if (status === 423 || status === 477 || status >= 500) {
    throw new RetryLater(`HubSpot answers ${status}.`, retryAfterSeconds(headers.get('retry-after'), 2), status >= 500);
  }
  if (status === 401) {
    throw new NeedsPerson('reconnect_hubspot', 'HubSpot no longer accepts the app’s access.', 'Install the app again from its settings page.');
  }
  if (status === 403) {
    throw new NeedsPerson('missing_scope', `HubSpot denies ${request.operation}: ${error.message}`, 'Install the app again and grant the permissions it asks for.');
  }
  throw refusalOf(status, error);
}

function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Half an answer of a broken connection: what was asked may have been done.
    throw new RetryLater(`HubSpot’s answer (${status}) broke off.`, 2, true);
  }
}

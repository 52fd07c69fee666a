import { hubspotFetch, type ProxyUser } from '../hubspot/fetch-proxy.js';

/** What an extension asks of `hubspot.fetch`. */
export interface ProxyRequest {
  url: string;
  method: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** Milliseconds; 15,000 when left out, 120,000 at most. */
  timeout?: number;
}

const most = 1_048_576;
const defaultTimeoutMs = 15_000;
const longestTimeoutMs = 120_000;
/** Requests of one app that HubSpot carries for one account at the same time. */
const mostAtOnce = 20;
/** How many are under way, by app and account. */
const underWay = new Map<string, number>();

/** Status and body as the extension receives them. */
export interface Proxied {
  status: number;
  body: string;
}

const refusal = (status: number, message: string): Proxied => ({
  status,
  body: JSON.stringify({ status: 'error', message }),
});

/**
 * HubSpot's fetch proxy: permitted addresses only, no header but Authorization, 1 MB each way, a time limit, one repeat
 * after a failure of the backend, and 20 requests of an app at once for an account: whoever comes then is refused with
 * 429 and does not reach the backend. Signing and the caller's query parameters are `hubspotFetch`'s.
 */
export async function proxyFetch(
  user: ProxyUser,
  permitted: readonly string[],
  request: ProxyRequest,
): Promise<Proxied> {
  const url = URL.canParse(request.url) ? new URL(request.url) : null;
  if (url === null || !permitted.some((one) => new URL(one).origin === url.origin))
    return refusal(403, `${request.url} is not in permittedUrls.fetch`);
  if (Object.keys(request.headers ?? {}).some((name) => name.toLowerCase() !== 'authorization'))
    return refusal(400, "Only the 'Authorization' header is allowed");
  const body = request.method === 'GET' ? undefined : request.body;
  if (JSON.stringify(body ?? null).length > most) return refusal(413, 'The request is larger than 1 MB');
  const whose = `${user.appId} ${user.portalId}`;
  const others = underWay.get(whose) ?? 0;
  if (others >= mostAtOnce)
    return refusal(429, `The app has ${mostAtOnce} requests under way for this account. Try again later.`);
  underWay.set(whose, others + 1);
  try {
    return await carry(user, request, url, body);
  } finally {
    const left = (underWay.get(whose) ?? 1) - 1;
    if (left === 0) underWay.delete(whose);
    else underWay.set(whose, left);
  }
}

/** Asks the backend, once more if it fails; an answer too large or too late is a refusal. */
async function carry(user: ProxyUser, request: ProxyRequest, url: URL, body: unknown): Promise<Proxied> {
  const limit = Math.min(request.timeout ?? defaultTimeoutMs, longestTimeoutMs);
  const deadline = Date.now() + limit;
  const ask = async (): Promise<Proxied | null> => {
    try {
      const asked = hubspotFetch(user, request.method, url.pathname + url.search, body);
      const answer = await within(asked, deadline - Date.now());
      return answer === null
        ? refusal(504, `No answer within ${limit} ms`)
        : { status: answer.status, body: answer.text };
    } catch (error) {
      // A refused or reset connection (fetch's TypeError) is what HubSpot repeats once; anything else is a fault of ours.
      if (nameOf(error) === 'TypeError') return null;
      throw error;
    }
  };
  const first = await ask();
  const answer = first === null || (first.status >= 500 && first.status !== 504) ? ((await ask()) ?? first) : first;
  if (answer === null) return refusal(502, 'The backend cannot be reached');
  return answer.body.length > most ? refusal(413, 'The answer is larger than 1 MB') : answer;
}

const nameOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'name' in error ? error.name : null;

async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

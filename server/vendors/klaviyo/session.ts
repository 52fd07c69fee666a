import type { Session } from 'klaviyo-api';
import type { ZodType } from 'zod';
import { NeedsPerson, RetryLater, VendorBug } from '../../errors.js';
import { retryAfterSeconds, withTimeout, type VendorDeps } from '../call.js';
import { jsonOf } from '../json-of.js';
import { sendRequest, type IncomingAnswer, type OutgoingRequest } from '../send-request.js';
import { missingScope, refusalOf, vendorErrorOf } from './errors.js';
import { endpointOf, klaviyoWindows } from './limits.js';
import type { Priority } from './types.js';
import { revision } from './version.js';

type AxiosRequestConfig = Parameters<Session['applyToRequest']>[0];
type AxiosResponse = Awaited<ReturnType<Session['requestWithRetry']>>;

export type KlaviyoCredential = { kind: 'api_key'; key: string } | { kind: 'oauth'; accessToken: string };

export interface KlaviyoSessionOptions extends VendorDeps {
  accountId: string;
  apiUrl: string;
  priority: Priority;
  /** What to sign in with; `fresh` asks for a token that replaces what Klaviyo has just refused. */
  credential(fresh: boolean): Promise<KlaviyoCredential>;
}

export interface KlaviyoRequest<T> {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path with query, below the API's address. */
  path: string;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  schema: ZodType<T>;
}

/** A request on its way: all but what signs it and ends it. */
type Outgoing = Omit<OutgoingRequest, 'onGiveUp'>;

/** What came back, its body read as JSON; '' where it is none. */
type Answer = Omit<IncomingAnswer, 'text'> & { data: unknown };

/**
 * One account's door to Klaviyo: an SDK `Session` of our own, so that the SDK's calls and our raw ones share limits,
 * timeout, refresh and error mapping. The SDK's own retries block on long Retry-Afters and repeat writes blindly.
 */
export class KlaviyoSession implements Session {
  constructor(private readonly options: KlaviyoSessionOptions) {}

  /** Called by the SDK before each call. Signing waits until the limits let the request go: a token does not live long. */
  applyToRequest(_config: AxiosRequestConfig): void {}

  /** Signs and sends a request of the SDK's within the limits. Throws our four kinds of errors only. */
  async requestWithRetry(config: AxiosRequestConfig): Promise<AxiosResponse> {
    const url = new URL(config.url ?? '');
    for (const [name, value] of Object.entries((config.params ?? {}) as Record<string, unknown>))
      url.searchParams.set(name, String(value));
    const answer = await this.exchange({
      method: config.method ?? 'GET',
      url,
      headers: config.headers as Record<string, string>,
      ...(config.data === undefined ? {} : { body: String(config.data) }),
    });
    return { ...answer, statusText: '', config } as AxiosResponse;
  }

  /** Never asked for: a 401 is answered inside `requestWithRetry`. */
  refreshAndRetry(): boolean {
    return false;
  }

  /**
   * A request of our own, for what the SDK loses or breaks: it drops unknown fields and microseconds when it reads, and
   * cannot send `patch_properties.unset` (klaviyo-api-node issue 119).
   */
  async request<T>({
    method,
    path,
    query = {},
    body,
    schema,
  }: KlaviyoRequest<T>): Promise<{ data: T; headers: Answer['headers']; status: number }> {
    const pairs = Object.entries(query).flatMap(([name, value]): string[] =>
      value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
    );
    const outgoing: Outgoing = {
      method,
      url: new URL(this.options.apiUrl + path + (pairs.length === 0 ? '' : `?${pairs.join('&')}`)),
      headers: {
        Accept: 'application/vnd.api+json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/vnd.api+json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const answer = await this.exchange(outgoing);
    const parsed = schema.safeParse(answer.data === '' ? undefined : answer.data);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const where = issue?.path.map(String).join('.') ?? '';
      const { operation } = endpointOf(method, pathOf(outgoing));
      throw new VendorBug(`Klaviyo answered ${operation} in an unknown shape: ${where} ${issue?.message ?? ''}`);
    }
    return { data: parsed.data, headers: answer.headers, status: answer.status };
  }

  private async exchange(outgoing: Outgoing): Promise<Answer> {
    const first = await this.send(outgoing, false);
    if (first.answer.status !== 401) return this.checked(outgoing, first.answer);
    // A key that is refused stays refused, unless a person gave us another one meanwhile; a token may have been replaced
    // before its time.
    if (first.credential.kind === 'api_key') {
      const now = await this.options.credential(true);
      if (now.kind === 'api_key' && now.key === first.credential.key) return this.checked(outgoing, first.answer);
    }
    const { answer, credential } = await this.send(outgoing, true);
    // That the app is gone Klaviyo tells by refusing to renew its access: this is a fault of its own, and heals.
    if (answer.status === 401 && credential.kind === 'oauth')
      throw new RetryLater('Klaviyo refuses the access that it has just renewed.', 30);
    return this.checked(outgoing, answer);
  }

  private async send(outgoing: Outgoing, fresh: boolean): Promise<{ answer: Answer; credential: KlaviyoCredential }> {
    const { limiter, accountId, priority, timeoutMs, onCall } = this.options;
    const { operation, tier } = endpointOf(outgoing.method, pathOf(outgoing));
    await limiter.take(klaviyoWindows(accountId, operation, tier), 1, priority);
    const credential = await this.options.credential(fresh);
    this.options.fence?.();
    const authorization =
      credential.kind === 'api_key' ? `Klaviyo-API-Key ${credential.key}` : `Bearer ${credential.accessToken}`;
    const headers = { ...outgoing.headers, revision, Authorization: authorization };
    const started = performance.now();
    let status: number | 'none' = 'none';
    try {
      const sending = { vendor: 'Klaviyo', timeoutMs, write: writes(outgoing) } as const;
      const answer = await withTimeout(sending, async (onGiveUp): Promise<Answer> => {
        const { text, ...rest } = await sendRequest({ ...outgoing, headers, onGiveUp });
        status = rest.status;
        return { ...rest, data: dataOf(text, rest.status, writes(outgoing)) };
      });
      return { answer, credential };
    } finally {
      onCall({ vendor: 'klaviyo', operation, status, seconds: (performance.now() - started) / 1000 });
    }
  }

  private async checked(outgoing: Outgoing, answer: Answer): Promise<Answer> {
    const { status, headers } = answer;
    if (status >= 200 && status < 300) return answer;
    const { operation, tier } = endpointOf(outgoing.method, pathOf(outgoing));
    const wait = retryAfterSeconds(headers['retry-after'], 2, headers.date);
    if (status === 429) {
      const keys = klaviyoWindows(this.options.accountId, operation, tier).map((window) => window.key);
      await this.options.limiter.pause(keys, wait);
      throw new RetryLater('Klaviyo asks to slow down.', wait);
    }
    if (status >= 500) throw new RetryLater(`Klaviyo answers ${status}.`, wait, writes(outgoing));
    if (status < 400) throw new VendorBug(`Klaviyo answered ${operation} with ${status}.`);
    if (status === 401) {
      throw new NeedsPerson(
        'reconnect_klaviyo',
        'Klaviyo no longer accepts the key or the app’s access.',
        'Open the settings page and connect Klaviyo again.',
      );
    }
    const error = vendorErrorOf(answer.data);
    throw status === 403 ? missingScope(operation, error) : refusalOf(status, error);
  }
}

const writes = ({ method }: Outgoing): boolean => method.toUpperCase() !== 'GET';

const pathOf = ({ url }: Outgoing): string => url.pathname.replace(/\/$/, '');

function dataOf(text: string, status: number, write: boolean): unknown {
  if (text === '') return '';
  const value = jsonOf(text);
  if (value !== undefined) return value;
  if (status >= 300) return '';
  throw new RetryLater(`Klaviyo’s answer (${status}) broke off.`, 2, write);
}

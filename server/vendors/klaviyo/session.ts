import { createRequire } from 'node:module';
import type { Session } from 'klaviyo-api';
import { z, type ZodType } from 'zod';
import { NeedsPerson, RecordRefused, RetryLater, VendorBug } from '../../errors.js';
import { retryAfterSeconds, withTimeout, type VendorDeps } from '../call.js';
import { endpointOf, klaviyoWindows } from './limits.js';
import type { Priority } from './types.js';

type AxiosRequestConfig = Parameters<Session['applyToRequest']>[0];
type AxiosResponse = Awaited<ReturnType<Session['requestWithRetry']>>;

/** Klaviyo's API revision; it lives to mid-2028. */
export const revision = '2026-07-15';

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

const errorSchema = z.object({
  errors: z
    .array(
      z.object({
        code: z.string().default(''),
        title: z.string().default(''),
        detail: z.string().default(''),
        source: z.object({ pointer: z.string().optional(), parameter: z.string().optional() }).loose().optional().nullable(),
        meta: z.record(z.string(), z.unknown()).optional().nullable(),
      }),
    )
    .default([]),
});

/**
 * One account's door to Klaviyo: an SDK `Session` of our own, so that the SDK's calls and our raw ones share limits,
 * timeout, refresh and error mapping. The SDK's own retries block on long Retry-Afters and repeat writes blindly.
 */
export class KlaviyoSession implements Session {
  constructor(private readonly options: KlaviyoSessionOptions) {}

  /** Signs a request; called by the SDK before each call. */
  async applyToRequest(config: AxiosRequestConfig): Promise<void> {
    await this.sign(config, false);
  }

  /** Sends a signed request within the limits. Throws our four kinds of errors only. */
  async requestWithRetry(config: AxiosRequestConfig): Promise<AxiosResponse> {
    const answer = await this.send(config);
    if (answer.status !== 401) return this.checked(config, answer);
    await this.sign(config, true);
    return this.checked(config, await this.send(config));
  }

  /** Never asked for: a 401 is answered inside `requestWithRetry`. */
  refreshAndRetry(): boolean {
    return false;
  }

  /**
   * A request of our own, for what the SDK loses or breaks: it drops unknown fields and microseconds when it reads, and
   * cannot send `patch_properties.unset` (klaviyo-api-node issue 119).
   */
  async request<T>({ method, path, query = {}, body, schema }: KlaviyoRequest<T>): Promise<{ data: T; headers: Record<string, unknown> }> {
    const pairs = Object.entries(query).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, String(value)]]));
    const search = pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`;
    const config: AxiosRequestConfig = {
      method,
      url: `${this.options.apiUrl}${path}${search}`,
      headers: { Accept: 'application/vnd.api+json', ...(body === undefined ? {} : { 'Content-Type': 'application/vnd.api+json' }) },
      ...(body === undefined ? {} : { data: JSON.stringify(body) }),
    };
    await this.applyToRequest(config);
    const response = await this.requestWithRetry(config);
    const parsed = schema.safeParse(response.data === '' ? undefined : response.data);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new VendorBug(`Klaviyo answered ${method} ${path.split('?')[0] ?? ''} in an unknown shape: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
    }
    return { data: parsed.data, headers: response.headers as Record<string, unknown> };
  }

  private async sign(config: AxiosRequestConfig, fresh: boolean): Promise<void> {
    const credential = await this.options.credential(fresh);
    config.headers = {
      ...config.headers,
      Authorization: credential.kind === 'api_key' ? `Klaviyo-API-Key ${credential.key}` : `Bearer ${credential.accessToken}`,
      revision,
    };
  }

  private async send(config: AxiosRequestConfig): Promise<AxiosResponse> {
    const { limiter, accountId, priority, timeoutMs, onCall } = this.options;
    const method = config.method ?? 'GET';
    const { operation, tier } = endpointOf(method, pathOf(config));
    await limiter.take(klaviyoWindows(accountId, operation, tier), 1, priority);
    const started = performance.now();
    let status: number | 'none' = 'none';
    try {
      return await withTimeout('Klaviyo', timeoutMs, async () => {
        const answer = await axiosOfSdk().request({ ...config, validateStatus: () => true, maxRedirects: 0, timeout: timeoutMs, responseType: 'text', transformResponse: (data: unknown) => data });
        status = answer.status;
        answer.data = bodyOf(answer);
        return answer;
      });
    } finally {
      onCall({ vendor: 'klaviyo', operation, status, seconds: (performance.now() - started) / 1000 });
    }
  }

  private async checked(config: AxiosRequestConfig, answer: AxiosResponse): Promise<AxiosResponse> {
    const { status } = answer;
    if (status >= 200 && status < 300) return answer;
    const { operation, tier } = endpointOf(config.method ?? 'GET', pathOf(config));
    const headers = answer.headers as Record<string, string | undefined>;
    const error = errorSchema.safeParse(answer.data).data?.errors[0];
    if (status === 429) {
      const seconds = retryAfterSeconds(headers['retry-after'], 2);
      await this.options.limiter.pause(klaviyoWindows(this.options.accountId, operation, tier).map((window) => window.key), seconds);
      throw new RetryLater('Klaviyo asks to slow down.', seconds);
    }
    if (status >= 500) throw new RetryLater(`Klaviyo answers ${status}.`, retryAfterSeconds(headers['retry-after'], 2), true);
    if (status === 401) {
      throw new NeedsPerson('reconnect_klaviyo', 'Klaviyo no longer accepts the key or the app’s access.', 'Open the settings page and connect Klaviyo again.');
    }
    if (status === 403) {
      throw new NeedsPerson('missing_scope', `Klaviyo denies ${operation}: ${error?.detail ?? 'a permission is missing.'}`, 'Connect Klaviyo again with a key or consent that grants this permission.');
    }
    const existing = error?.meta?.['duplicate_profile_id'];
    const field = fieldOf(error?.source?.pointer);
    throw new RecordRefused(refusalCode(status, error?.code ?? '', error?.detail ?? '', field), error?.detail ?? `Klaviyo answers ${status}.`, {
      status,
      ...(field === undefined ? {} : { field }),
      ...(typeof existing === 'string' ? { existingId: existing } : {}),
    });
  }
}

/** `/data/attributes/phone_number` → `phone_number`. */
function fieldOf(pointer: string | undefined): string | undefined {
  const match = /\/attributes\/(?:profiles\/data\/\d+\/attributes\/)?(.+)$/.exec(pointer ?? '');
  return match?.[1]?.replace(/^properties\//, '').replaceAll('/', '.');
}

function refusalCode(status: number, code: string, detail: string, field: string | undefined): string {
  if (status === 409) return 'duplicate_profile';
  if (status === 404) return 'not_found';
  if (/region/i.test(detail) && /sms|phone/i.test(detail)) return 'sms_region_unsupported';
  if (field === 'phone_number') return 'invalid_phone';
  if (field === 'email') return 'invalid_email';
  return code === 'duplicate_profile' ? code : 'klaviyo_rejected';
}

function pathOf(config: AxiosRequestConfig): string {
  return new URL(config.url ?? '', 'http://klaviyo').pathname.replace(/\/$/, '');
}

function bodyOf(answer: AxiosResponse): unknown {
  if (typeof answer.data !== 'string' || answer.data === '') return '';
  try {
    return JSON.parse(answer.data);
  } catch {
    if (answer.status >= 400) return '';
    throw new RetryLater(`Klaviyo’s answer (${answer.status}) broke off.`, 2, true);
  }
}

let axios: { request(config: AxiosRequestConfig): Promise<AxiosResponse> } | undefined;
/** The SDK's own axios (CommonJS): an ES import would be a second instance. */
function axiosOfSdk(): NonNullable<typeof axios> {
  axios ??= createRequire(createRequire(import.meta.url).resolve('klaviyo-api'))('axios') as NonNullable<typeof axios>;
  return axios;
}

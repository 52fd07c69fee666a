import { startKlaviyo, type KlaviyoOptions, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { makePeople } from '../../../sandbox/seed/people.js';

export interface Resource {
  type: string;
  id: string;
  attributes: Record<string, unknown>;
  relationships: Record<string, { data?: Resource | Resource[] }>;
}

export interface Answer {
  status: number;
  headers: Headers;
  data: Resource[];
  one: Resource;
  included: Resource[];
  next: string | null;
  error: {
    code: string;
    detail: string;
    source: { pointer?: string; parameter?: string };
    meta: Record<string, unknown>;
  };
  json: Record<string, unknown>;
}

export interface CallOptions {
  query?: Record<string, string>;
  body?: unknown;
  auth?: string;
  headers?: Record<string, string>;
  /** The request is wrong on purpose: it is not to be judged by the vendor's documents. */
  wrong?: boolean;
}

export interface Client {
  sandbox: KlaviyoSandbox;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** All pages of a listing. */
  all(path: string, query?: Record<string, string>): Promise<Resource[]>;
  /** A person or a test steers the stand-in. */
  steer(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const recordTo = process.env['TANDEM_TEST_TRAFFIC'];

/** A stand-in with made-up people, and calls to it as a private key makes them. */
export async function openKlaviyo(options: KlaviyoOptions = {}): Promise<Client> {
  const sandbox = await startKlaviyo({
    people: makePeople(200, 3),
    limits: false,
    importMs: 20,
    jobMs: 10,
    lateMs: 0,
    ...(recordTo === undefined ? {} : { recordTo }),
    ...options,
  });
  const call = async (method: string, path: string, given: CallOptions = {}): Promise<Answer> => {
    const { query = {}, body, auth = 'Klaviyo-API-Key pk_sandbox_TANDM1', headers = {}, wrong = false } = given;
    const url = new URL(path, sandbox.url);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const response = await fetch(url, {
      method,
      headers: {
        authorization: auth,
        revision: '2026-07-15',
        ...(body === undefined ? {} : { 'content-type': 'application/vnd.api+json' }),
        ...(wrong ? { 'x-sandbox-deliberate': 'wrong' } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    const data = json['data'];
    return {
      status: response.status,
      headers: response.headers,
      data: Array.isArray(data) ? (data as Resource[]) : [],
      one: data as Resource,
      included: (json['included'] ?? []) as Resource[],
      next: (json['links'] as { next?: string | null } | undefined)?.next ?? null,
      error: (json['errors'] as Answer['error'][] | undefined)?.[0] ?? { code: '', detail: '', source: {}, meta: {} },
      json,
    };
  };
  return {
    sandbox,
    call,
    async all(path, query = {}) {
      const found: Resource[] = [];
      let answer = await call('GET', path, { query });
      for (;;) {
        if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}: ${answer.error.detail}`);
        found.push(...answer.data);
        if (answer.next === null) return found;
        const { pathname, search } = new URL(answer.next);
        answer = await call('GET', pathname + search);
      }
    },
    async steer(method, path, body) {
      const response = await fetch(`${sandbox.url}/_sandbox${path}`, {
        method,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (response.status >= 300) throw new Error(`${method} ${path} answers ${response.status}: ${text}`);
      return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    },
    close: () => sandbox.close(),
  };
}

/** The body of a profile call. */
export function profileBody(attributes: Record<string, unknown>, more: { id?: string; meta?: object } = {}): object {
  return { data: { type: 'profile', attributes, ...more } };
}

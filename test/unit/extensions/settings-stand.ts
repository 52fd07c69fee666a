import type { Api, Fetch } from '../../../hubspot-app/app/settings/api/create-api.js';
import { createApi } from '../../../hubspot-app/app/settings/api/create-api.js';
import type { Account, KlaviyoAccount, Status } from '../../../hubspot-app/app/settings/api-types.js';
import type { Platform } from '../../../hubspot-app/app/settings/shared/platform.js';

export interface Call {
  method: string;
  /** Path under /api/v1 with its query. */
  path: string;
  body: unknown;
}
type Answer = { status?: number; body?: unknown };
/** Answers a call, given the parts that the route's pattern caught. */
export type Route = (call: Call, ...caught: string[]) => Answer | Promise<Answer>;

/** The service as one page sees it, in memory; the newest route that fits answers. */
export interface Stand {
  platform: Platform;
  api: Api;
  calls: Call[];
  /** What the service says to a call. */
  answer(method: string, path: string, body: unknown): Promise<{ status: number; text: string }>;
  told: { type: string; message: string }[];
  closed: string[];
  on(method: string, pattern: RegExp, route: Route): void;
  /** Calls of a method and path, in order. */
  of(method: string, pattern: RegExp): Call[];
  /** Lets everything happen that waits for its time. */
  tick(): void;
  /** How many things wait for their time. */
  waiting(): number;
}

export function openStand(): Stand {
  const routes: { method: string; pattern: RegExp; route: Route }[] = [];
  const calls: Call[] = [];
  const told: Stand['told'] = [];
  const closed: string[] = [];
  let timers: (() => void)[] = [];
  const answer: Stand['answer'] = async (method, path, body) => {
    const call = { method, path, body: body === undefined ? undefined : (structuredClone(body) as unknown) };
    calls.push(call);
    const found = routes.findLast((one) => one.method === method && one.pattern.test(path));
    const answered: Answer =
      found === undefined
        ? { status: 404, body: { error: { code: 'not_found', message: `no ${method} ${path}`, fix: 'none' } } }
        : await found.route(call, ...(found.pattern.exec(path)?.slice(1) ?? []));
    const text = typeof answered.body === 'string' ? answered.body : JSON.stringify(answered.body ?? null);
    return { status: answered.status ?? 200, text };
  };
  const fetch: Fetch = async (url, { method, body }) => {
    const { status, text } = await answer(method, url.replace('https://service.example/api/v1', ''), body);
    return { status, text: async () => text };
  };
  const api = createApi(fetch, 'https://service.example');
  return {
    api,
    answer,
    calls,
    told,
    closed,
    platform: {
      api,
      tell: (type, message) => told.push({ type, message }),
      closeOverlay: (id) => closed.push(id),
      now: () => new Date('2026-11-23T12:00:00Z'),
      after(_ms, act) {
        timers.push(act);
        return () => (timers = timers.filter((one) => one !== act));
      },
      time: (iso) => iso,
      number: (value) => value.toLocaleString('en-US'),
    },
    on: (method, pattern, route) => routes.push({ method, pattern, route }),
    of: (method, pattern) => calls.filter((call) => call.method === method && pattern.test(call.path)),
    tick() {
      const due = timers;
      timers = [];
      for (const act of due) act();
    },
    waiting: () => timers.length,
  };
}

/** What was put into a connection; not what was only kept aside. */
export const savedTo = (stand: Stand): Call[] =>
  stand
    .of('PATCH', /^\/connections\//)
    .filter(({ body }) => Object.keys(body as object).some((name) => name !== 'unsaved'));
/** What was kept aside, the newest last. */
export const keptOf = (stand: Stand): unknown[] =>
  stand
    .of('PATCH', /^\/connections\//)
    .flatMap(({ body }) => ('unsaved' in (body as object) ? [(body as { unsaved: unknown }).unsaved] : []));

export const klaviyo: KlaviyoAccount = {
  id: 'K1',
  name: 'Harbour Coffee',
  state: 'connected',
  auth: 'api_key',
  missingScopes: [],
};

export function accountOf(part: Partial<Account> = {}): Account {
  return {
    portal: { id: '4242', name: 'Harbour', uiDomain: 'app.hubspot.com' },
    klaviyoAccounts: [klaviyo],
    usage: { month: '2026-11', uniqueContacts: 1234 },
    alertEmail: null,
    connections: [],
    appEvents: { approved: false, message: 'HubSpot has to approve timeline events.' },
    ...part,
  };
}

export function statusOf(part: Partial<Status> = {}): Status {
  return {
    state: 'active',
    stateReason: null,
    counts: { inSync: 0, waiting: 0, skipped: 0, failed: 0, engagements: 0 },
    skippedBy: [],
    lagSeconds: 0,
    run: null,
    lastSuccessAt: null,
    budget: { hubspot: 1, klaviyo: 0.5 },
    ...part,
  };
}

export const refusal = (status: number, code: string, message: string, fix: string, field?: string): Answer => ({
  status,
  body: { error: { code, message, fix, ...(field === undefined ? {} : { field }) } },
});

/** Asks again until the check passes; the renderer's own waiting can miss the last change. */
export async function eventually(check: () => unknown): Promise<void> {
  const deadline = Date.now() + 4_000;
  for (;;) {
    try {
      check();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until it is so. */
export const until = (what: string, so: () => boolean): Promise<void> =>
  eventually(() => {
    if (!so()) throw new Error(`Waited for: ${what}`);
  });

interface Node {
  childNodes?: readonly unknown[];
  text?: unknown;
  props?: object;
}

const spoken = ['title', 'label', 'number', 'description', 'validationMessage', 'valueDescription'];

/** All text below a node, titles and labels included. */
export function drawnText(node: unknown): string {
  const { childNodes = [], text, props = {} } = node as Node;
  const own = childNodes.length === 0 && typeof text === 'string' ? [text] : [];
  const named = Object.entries(props).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'string' && spoken.includes(name) ? [value] : [],
  );
  return [...named, ...own, ...childNodes.map(drawnText)].join(' ');
}

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
  told: { type: string; message: string }[];
  closed: string[];
  copied: string[];
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
  const copied: string[] = [];
  let timers: (() => void)[] = [];
  const fetch: Fetch = async (url, { method, body }) => {
    const path = url.replace('https://service.example/api/v1', '');
    const call = { method, path, body: body === undefined ? undefined : (structuredClone(body) as unknown) };
    calls.push(call);
    const found = routes.findLast((one) => one.method === method && one.pattern.test(path));
    const answer: Answer =
      found === undefined
        ? { status: 404, body: { error: { code: 'not_found', message: `no ${method} ${path}`, fix: 'none' } } }
        : await found.route(call, ...(found.pattern.exec(path)?.slice(1) ?? []));
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? null);
    return { status: answer.status ?? 200, text: async () => text };
  };
  const api = createApi(fetch, 'https://service.example');
  return {
    api,
    calls,
    told,
    closed,
    copied,
    platform: {
      api,
      tell: (type, message) => told.push({ type, message }),
      closeOverlay: (id) => closed.push(id),
      copy: async (text) => void copied.push(text),
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

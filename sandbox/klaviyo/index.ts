import { FixedWindows } from '../core/limits.js';
import { Router, type SandboxAnswer, type SandboxRequest } from '../core/router.js';
import { Refusal, startSandboxServer, type Sandbox } from '../core/server.js';
import type { Person } from '../seed/people.js';
import { addAccountRoutes } from './accounts.js';
import { errorFor, invalidParameter, klaviyoError, throttled } from './answers.js';
import { addImportRoutes } from './bulk-import.js';
import { addCampaignRoutes } from './campaigns.js';
import { addControlRoutes } from './control.js';
import { addPrivacyRoutes } from './data-privacy.js';
import { addEventRoutes } from './events.js';
import { addFlowRoutes } from './flows.js';
import { addInspectorPages } from './inspector.js';
import { addListRoutes } from './lists.js';
import { addMergeRoutes } from './merge.js';
import { addMetricRoutes } from './metrics.js';
import { addOauthRoutes, Tokens } from './oauth.js';
import { scopesOf, unknownParameter, windowsOf } from './operations.js';
import { addProfileRoutes } from './profiles.js';
import { seedAccount } from './seed.js';
import { addSegmentRoutes } from './segments.js';
import { Account, type AccountOptions } from './store.js';
import { addSubscriptionRoutes } from './subscriptions.js';
import { addSuppressionRoutes } from './suppressions.js';
import { WebhookDelivery } from './webhook-delivery.js';
import { addWebhookRoutes } from './webhooks.js';

export interface KlaviyoOptions extends AccountOptions {
  port?: number;
  people?: readonly Person[];
  /** How many accounts there are; the people are in the first, or, `everywhere`, in each of them. */
  accounts?: number;
  everywhere?: boolean;
  limits?: boolean;
  latencyMs?: number;
  recordTo?: string;
  clientId?: string;
  clientSecret?: string;
  tokenSeconds?: number;
  /** How long an import job takes. */
  importMs?: number;
  /** How long subscribing, suppressing, merging and erasing take. */
  jobMs?: number;
  /** How many of the people have an email history. */
  activity?: number;
  /** How long after the start the late ones of the seeded events are listed. */
  lateMs?: number;
}

export interface KlaviyoSandbox extends Sandbox {
  accounts: Map<string, Account>;
  webhooks: WebhookDelivery;
  tokens: Tokens;
  clientId: string;
  clientSecret: string;
  router: Router;
}

/** Klaviyo's stand-in, revision 2026-07-15: stateful and limited like the real one. */
export async function startKlaviyo(options: KlaviyoOptions = {}): Promise<KlaviyoSandbox> {
  const app = {
    clientId: options.clientId ?? 'sandbox-klaviyo-client',
    clientSecret: options.clientSecret ?? 'sandbox-klaviyo-secret',
    tokenSeconds: options.tokenSeconds ?? 3600,
  };
  const tokens = new Tokens(app);
  const accounts = new Map<string, Account>();
  let sandbox: Sandbox | null = null;
  const started = (): Sandbox => {
    if (sandbox === null) throw new Error('The stand-in has not started.');
    return sandbox;
  };
  const webhooks = new WebhookDelivery(() => started().url);
  const seed = (account: Account, people: readonly Person[]): void =>
    seedAccount(account, people, options.activity ?? 3000, options.lateMs ?? 20_000);
  const fill = (): void => {
    for (let n = 1; n <= (options.accounts ?? 1); n += 1) {
      const id = n < 10 ? `TANDM${n}` : `TA${String(n).padStart(4, '0')}`;
      const account = new Account(id, n === 1 ? 'Lantern Books Shop' : `Company ${n}`, options);
      account.onEvent = (event) => webhooks.note(account, event);
      accounts.set(id, account);
    }
    const peopled = [...accounts.values()].slice(0, options.everywhere === true ? undefined : 1);
    for (const account of peopled) if (options.people !== undefined) seed(account, options.people);
  };
  fill();

  const gate = makeGate(accounts, tokens, options.limits ?? true);
  const { accountOf } = gate;
  const router = new Router();
  const jobMs = options.jobMs ?? 100;
  addOauthRoutes(router, tokens, accounts);
  addAccountRoutes(router, accountOf);
  addProfileRoutes(router, accountOf);
  addMergeRoutes(router, accountOf, jobMs);
  addImportRoutes(router, accountOf, options.importMs ?? 150);
  addListRoutes(router, accountOf);
  addSegmentRoutes(router, accountOf);
  addSubscriptionRoutes(router, accountOf, jobMs);
  addSuppressionRoutes(router, accountOf, jobMs);
  addEventRoutes(router, accountOf);
  addMetricRoutes(router, accountOf);
  addCampaignRoutes(router, accountOf);
  addFlowRoutes(router, accountOf);
  addPrivacyRoutes(router, accountOf, jobMs);
  addWebhookRoutes(router, accountOf);
  addControlRoutes(router, {
    accounts,
    tokens,
    webhooks,
    seed,
    setLimits: gate.setLimits,
    reset() {
      for (const { id } of accounts.values()) tokens.uninstall(id);
      accounts.clear();
      fill();
      started().calls.reset();
      started().faults.clear();
    },
  });
  addInspectorPages(router, { accounts, webhooks, sandbox: started });
  sandbox = await startSandboxServer({
    vendor: 'klaviyo',
    router,
    contentType: 'application/vnd.api+json',
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    ...(options.recordTo === undefined ? {} : { recordTo: options.recordTo }),
    errorFor,
    guard: gate.guard,
    decorate: gate.decorate,
  });
  const { close } = sandbox;
  return {
    ...sandbox,
    accounts,
    webhooks,
    tokens,
    router,
    clientId: app.clientId,
    clientSecret: app.clientSecret,
    close: () => {
      webhooks.stop();
      return close();
    },
  };
}

interface Gate {
  accountOf: (request: SandboxRequest) => Account;
  guard: (request: SandboxRequest, operation: string) => SandboxAnswer | null;
  decorate: (request: SandboxRequest) => Record<string, string>;
  setLimits: (enabled: boolean) => void;
}

/** Who may do what, and how often: in the order in which Klaviyo looks. */
function makeGate(accounts: Map<string, Account>, tokens: Tokens, limitedAtFirst: boolean): Gate {
  const windows = new FixedWindows();
  const headers = new WeakMap<SandboxRequest, Record<string, string>>();
  let limited = limitedAtFirst;

  const identify = (request: SandboxRequest): { account: Account; scopes: string[] | null } | null => {
    const [scheme = '', secret = ''] = (request.headers['authorization'] ?? '').split(' ');
    if (scheme === 'Bearer') {
      const holder = tokens.holder(secret);
      const account = accounts.get(holder?.accountId ?? '');
      return account === undefined || holder === null ? null : { account, scopes: holder.scopes };
    }
    if (scheme !== 'Klaviyo-API-Key') return null;
    for (const account of accounts.values()) {
      const scopes = account.keys.get(secret);
      if (scopes !== undefined) return { account, scopes };
    }
    return null;
  };
  return {
    accountOf(request) {
      const found = identify(request);
      if (found === null) throw new Refusal(errorFor(401, ''));
      return found.account;
    },
    guard(request, operation) {
      if (operation.startsWith('oauth.')) return null;
      const found = identify(request);
      if (found === null) return errorFor(401, '');
      const revision = request.headers['revision'] ?? '';
      if (!/^\d{4}-\d\d-\d\d(\.(pre|rc\d*))?$/.test(revision)) {
        return klaviyoError(400, 'invalid_revision', 'Invalid revision.', 'A valid revision header is required.');
      }
      const missing = scopesOf(operation).filter((scope) => found.scopes?.includes(scope) === false);
      if (missing.length > 0) {
        const detail = `Your API key is missing required scopes: ${missing.join(', ')}`;
        return klaviyoError(403, 'permission_denied', 'You do not have permission to perform this action.', detail);
      }
      if (limited) {
        const { counted, windows: limits } = windowsOf(operation, request.query);
        // Apps have their own quota beside the one that an account's private keys share.
        const scheme = request.headers['authorization']?.split(' ')[0] ?? '';
        const taken = windows.take(`${found.account.id} ${scheme} ${counted}`, limits, Date.now());
        if (!taken.ok) return throttled(taken.resetSeconds);
        headers.set(request, {
          'ratelimit-limit': `${limits[0]?.limit ?? 0}, ${limits.map(({ limit, windowMs }) => `${limit};w=${windowMs / 1000}`).join(', ')}`,
          'ratelimit-remaining': String(taken.remaining),
          'ratelimit-reset': String(taken.resetSeconds),
        });
      }
      const unknown = unknownParameter(operation, request.query);
      if (unknown !== null) return invalidParameter(unknown, `'${unknown}' is not a valid query parameter here.`);
      const type = (request.headers['content-type'] ?? '').split(';')[0] ?? '';
      if (request.rawBody.length > 0 && type !== 'application/json' && type !== 'application/vnd.api+json') {
        return errorFor(415, `Unsupported media type '${type}'.`);
      }
      return null;
    },
    decorate: (request) => headers.get(request) ?? {},
    setLimits: (enabled) => {
      limited = enabled;
    },
  };
}

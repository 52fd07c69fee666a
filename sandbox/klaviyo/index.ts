import { FixedWindows } from '../core/limits.js';
import { Router, type SandboxRequest } from '../core/router.js';
import { Refusal, startSandboxServer, type Sandbox } from '../core/server.js';
import type { Person } from '../seed/people.js';
import { errorFor, klaviyoError } from './answers.js';
import { addImportRoutes } from './bulk-import.js';
import { addControlRoutes } from './control.js';
import { addGroupRoutes } from './groups.js';
import { scopesOf, windowsOf } from './limits.js';
import { addOauthRoutes, Tokens } from './oauth.js';
import { addProfileRoutes } from './profiles.js';
import { Account } from './store.js';
import { addSubscriptionRoutes } from './subscriptions.js';

export interface KlaviyoOptions {
  port?: number;
  people?: readonly Person[];
  /** How many accounts there are; the people are in the first. */
  accounts?: number;
  limits?: boolean;
  latencyMs?: number;
  recordTo?: string;
  clientId?: string;
  clientSecret?: string;
  tokenSeconds?: number;
  importMs?: number;
  jobMs?: number;
}

export interface KlaviyoSandbox extends Sandbox {
  accounts: Map<string, Account>;
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
  for (let n = 1; n <= (options.accounts ?? 1); n += 1) {
    const id = n < 10 ? `TANDM${n}` : `TA${String(n).padStart(4, '0')}`;
    accounts.set(id, new Account(id, n === 1 ? 'Lantern Books Shop' : `Company ${n}`));
  }
  if (options.people !== undefined) accounts.get('TANDM1')?.seed(options.people);

  const windows = new FixedWindows();
  let limited = options.limits ?? true;
  /** Whose request it is, with the scopes of its key. */
  const identify = (request: SandboxRequest): { account: Account; scopes: string[] | null } | null => {
    const [scheme = '', secret = ''] = (request.headers['authorization'] ?? '').split(' ');
    if (scheme === 'Bearer') {
      const account = accounts.get(tokens.accountOf(secret) ?? '');
      return account === undefined ? null : { account, scopes: null };
    }
    if (scheme !== 'Klaviyo-API-Key') return null;
    for (const account of accounts.values()) {
      const scopes = account.keys.get(secret);
      if (scopes !== undefined) return { account, scopes };
    }
    return null;
  };
  const accountOf = (request: SandboxRequest): Account => {
    const found = identify(request);
    if (found === null) throw new Refusal(errorFor(401, ''));
    return found.account;
  };
  const limitHeaders = new WeakMap<SandboxRequest, Record<string, string>>();

  const router = new Router();
  addOauthRoutes(router, tokens, accounts);
  router.add('GET', '/api/accounts', 'accounts.list', (request) => {
    const account = accountOf(request);
    return {
      status: 200,
      json: {
        data: [
          {
            type: 'account',
            id: account.id,
            attributes: {
              test_account: false,
              contact_information: {
                default_sender_name: account.name,
                default_sender_email: 'hello@example.com',
                website_url: 'https://example.com',
                organization_name: account.name,
                street_address: { address1: null, address2: null, city: null, region: null, country: null, zip: null },
              },
              industry: null,
              timezone: 'Europe/Berlin',
              preferred_currency: 'EUR',
              public_api_key: account.id,
              locale: 'en-US',
            },
            links: { self: `${request.url.origin}/api/accounts/${account.id}/` },
          },
        ],
        links: { self: request.url.href, next: null, prev: null },
      },
    };
  });
  addProfileRoutes(router, accountOf);
  addImportRoutes(router, accountOf, options.importMs ?? 150);
  addGroupRoutes(router, accountOf);
  addSubscriptionRoutes(router, accountOf, options.jobMs ?? 100);
  let sandbox: Sandbox | null = null;
  addControlRoutes(router, {
    accounts,
    calls: () => {
      if (sandbox === null) throw new Error('The stand-in has not started.');
      return sandbox.calls;
    },
    setLimits: (enabled) => (limited = enabled),
  });
  sandbox = await startSandboxServer({
    vendor: 'klaviyo',
    router,
    contentType: 'application/vnd.api+json',
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    ...(options.recordTo === undefined ? {} : { recordTo: options.recordTo }),
    errorFor,
    guard(request, operation) {
      if (operation.startsWith('oauth.')) return null;
      const found = identify(request);
      if (found === null) return errorFor(401, '');
      if ((request.headers['revision'] ?? '') === '')
        return klaviyoError(400, 'missing_revision', 'Missing revision.', 'The revision header is required.');
      const missing =
        found.scopes === null ? [] : scopesOf(operation).filter((scope) => !found.scopes?.includes(scope));
      if (missing.length > 0)
        return klaviyoError(
          403,
          'permission_denied',
          'You do not have permission to perform this action.',
          `Your API key is missing required scopes: ${missing.join(', ')}`,
        );
      if (!limited) return null;
      const limits = windowsOf(operation);
      const taken = windows.take(
        `${found.account.id} ${request.headers['authorization']?.split(' ')[0] ?? ''} ${operation}`,
        limits,
        Date.now(),
      );
      // A refused call is told when to come back, and nothing else.
      if (!taken.ok) return { ...errorFor(429, ''), headers: { 'retry-after': String(taken.resetSeconds) } };
      limitHeaders.set(request, {
        'ratelimit-limit': `${limits[1]?.limit ?? 0}, ${limits.map(({ limit, windowMs }) => `${limit};w=${windowMs / 1000}`).join(', ')}`,
        'ratelimit-remaining': String(taken.remaining),
        'ratelimit-reset': String(taken.resetSeconds),
      });
      return null;
    },
    decorate: (request) => limitHeaders.get(request) ?? {},
  });
  return { ...sandbox, accounts, router, clientId: app.clientId, clientSecret: app.clientSecret };
}

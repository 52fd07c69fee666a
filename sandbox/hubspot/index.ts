import { RollingWindow } from '../core/limits.js';
import { Router, type SandboxRequest } from '../core/router.js';
import { Refusal, startSandboxServer, type Sandbox } from '../core/server.js';
import type { Person } from '../seed/people.js';
import { hubspotError } from './answers.js';
import { addCatalogueRoutes } from './catalogue.js';
import { addCommunicationPreferenceRoutes } from './communication-preferences.js';
import { addControlRoutes } from './control.js';
import { addListRoutes } from './lists.js';
import { addOauthRoutes, Tokens } from './oauth.js';
import { addMarketplaceRoutes } from './marketplace.js';
import { addObjectRoutes } from './objects.js';
import { addPipelineRoutes } from './pipelines.js';
import { Portal } from './store.js';
import { addTimelineControls, addTimelineRoutes, declaredTypes } from './timeline.js';
import { Webhooks } from './webhooks.js';

export interface HubspotOptions {
  port?: number;
  people?: readonly Person[];
  /** How many portals there are; the people are in the first, or, `everywhere`, in each of them. */
  portals?: number;
  everywhere?: boolean;
  limits?: boolean;
  latencyMs?: number;
  recordTo?: string;
  clientId?: string;
  clientSecret?: string;
  appId?: string;
  tokenSeconds?: number;
  searchLagMs?: number;
  /** Folder with the app's event types. */
  appEvents?: string;
}

export interface HubspotSandbox extends Sandbox {
  portals: Map<string, Portal>;
  webhooks: Webhooks;
  clientId: string;
  clientSecret: string;
  appId: string;
  router: Router;
}

export const firstPortal = 4_100_001;

/** HubSpot's stand-in: stateful, limited and signed like the real one. */
export async function startHubspot(options: HubspotOptions = {}): Promise<HubspotSandbox> {
  const app = {
    appId: options.appId ?? '550011',
    clientId: options.clientId ?? 'sandbox-hubspot-client',
    clientSecret: options.clientSecret ?? 'sandbox-hubspot-secret',
    tokenSeconds: options.tokenSeconds ?? 1800,
  };
  const webhooks = new Webhooks(app.appId, app.clientSecret);
  const tokens = new Tokens(app);
  const portals = new Map<string, Portal>();
  for (let n = 0; n < (options.portals ?? 1); n += 1) {
    const id = String(firstPortal + n);
    portals.set(
      id,
      new Portal(
        id,
        n === 0 ? 'Lantern Books' : `Account ${n + 1}`,
        (event) => webhooks.note(id, event),
        options.searchLagMs ?? 1500,
      ),
    );
  }
  for (const [id, portal] of portals)
    if (options.people !== undefined && (options.everywhere === true || id === String(firstPortal)))
      portal.seed(options.people);

  const general = new RollingWindow(110, 10_000);
  const searches = new RollingWindow(5, 1000);
  let limited = options.limits ?? true;
  const idOf = (request: SandboxRequest): string | null | undefined =>
    tokens.portalOf((request.headers['authorization'] ?? '').replace(/^Bearer /, ''));
  const portalOf = (request: SandboxRequest): Portal => {
    const portal = portals.get(idOf(request) ?? '');
    if (portal === undefined) throw new Refusal(hubspotError(401, 'Authentication credentials not found.'));
    return portal;
  };
  const remaining = new WeakMap<SandboxRequest, number>();

  const router = new Router();
  addOauthRoutes(router, tokens, portals);
  addMarketplaceRoutes(router, tokens, portals);
  addObjectRoutes(router, portalOf);
  addListRoutes(router, portalOf);
  addCatalogueRoutes(router, portalOf);
  addPipelineRoutes(router, portalOf);
  addCommunicationPreferenceRoutes(router, portalOf);
  addTimelineRoutes(router, portalOf, declaredTypes(options.appEvents ?? 'hubspot-app/app/app-events'));
  addTimelineControls(router, portals);
  let sandbox: Sandbox | null = null;
  addControlRoutes(router, {
    portals,
    tokens,
    webhooks,
    calls: () => {
      if (sandbox === null) throw new Error('The stand-in has not started.');
      return sandbox.calls;
    },
    setLimits: (enabled) => (limited = enabled),
  });
  sandbox = await startSandboxServer({
    vendor: 'hubspot',
    router,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    ...(options.recordTo === undefined ? {} : { recordTo: options.recordTo }),
    errorFor: (status, message) => hubspotError(status, message),
    guard(request, operation) {
      if (operation.startsWith('oauth.')) return null;
      const portalId = idOf(request);
      if (portalId === undefined)
        return hubspotError(401, 'Authentication credentials not found. This API supports OAuth 2.0 authentication.');
      if (portalId === null)
        return hubspotError(401, 'The OAuth token used to make this call expired.', 'EXPIRED_AUTHENTICATION');
      if (!limited) return null;
      if (operation.endsWith('.search') && operation !== 'lists.search') {
        return searches.take(portalId, Date.now()).ok
          ? null
          : hubspotError(429, 'You have reached your secondly limit.', 'RATE_LIMITS');
      }
      const taken = general.take(portalId, Date.now());
      remaining.set(request, taken.remaining);
      return taken.ok ? null : hubspotError(429, 'You have reached your ten_secondly_rolling limit.', 'RATE_LIMITS');
    },
    decorate(request) {
      const left = remaining.get(request);
      if (left === undefined) return {};
      return {
        'x-hubspot-ratelimit-max': '110',
        'x-hubspot-ratelimit-remaining': String(left),
        'x-hubspot-ratelimit-interval-milliseconds': '10000',
      };
    },
  });
  const { close } = sandbox;
  return {
    ...sandbox,
    portals,
    webhooks,
    router,
    clientId: app.clientId,
    clientSecret: app.clientSecret,
    appId: app.appId,
    close: () => {
      webhooks.stop();
      return close();
    },
  };
}

import type { Router, SandboxRequest } from '../core/router.js';
import type { Tokens } from './oauth.js';
import type { Portal } from './store.js';

/**
 * An installation begun on the marketplace listing, for apps whose own sign-in comes first: the app's redirect address is
 * called with `step=authorize`, hands a state back to `returnUrl`, and is called again with code and `step=finalize`.
 *   GET /marketplace/install?redirect_uri&scope&portalId → GET /marketplace/continue?state → app → GET /marketplace/done
 */
export function addMarketplaceRoutes(router: Router, tokens: Tokens, portals: Map<string, Portal>): void {
  const page = ({ headers }: SandboxRequest, name: string, query: Record<string, string>): string =>
    `http://${headers['host'] ?? ''}/marketplace/${name}?${new URLSearchParams(query).toString()}`;
  router.add('GET', '/marketplace/install', 'page', (request) => {
    const { query } = request;
    const redirectUri = query.get('redirect_uri') ?? '';
    if (!URL.canParse(redirectUri)) return { status: 400, html: '<p>The listing lacks its redirect address.</p>' };
    const target = new URL(redirectUri);
    target.searchParams.set('step', 'authorize');
    target.searchParams.set('returnUrl', page(request, 'continue', Object.fromEntries(query)));
    return { status: 302, headers: { location: target.href } };
  });
  router.add('GET', '/marketplace/continue', 'page', (request) => {
    const { query } = request;
    const portal = portals.get(query.get('portalId') ?? [...portals.keys()][0] ?? '');
    const [redirectUri, state] = [query.get('redirect_uri') ?? '', query.get('state') ?? ''];
    if (portal === undefined || !URL.canParse(redirectUri) || state === '')
      return { status: 400, html: '<p>The app came back without a state.</p>' };
    portal.installed = true;
    const target = new URL(redirectUri);
    target.searchParams.set('code', tokens.code(portal.id, redirectUri, (query.get('scope') ?? 'oauth').split(' ')));
    target.searchParams.set('state', state);
    target.searchParams.set('step', 'finalize');
    target.searchParams.set('returnUrl', page(request, 'done', { portalId: portal.id }));
    return { status: 302, headers: { location: target.href } };
  });
  router.add('GET', '/marketplace/done', 'page', ({ query }) => ({
    status: 200,
    html: `<h1>Installed</h1><p>Account ${(query.get('portalId') ?? '').replace(/\D/g, '')}</p>`,
  }));
}

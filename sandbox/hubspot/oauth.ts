import { randomBytes } from 'node:crypto';
import { form, page, raw } from '../core/html.js';
import type { Router, SandboxAnswer } from '../core/router.js';
import { hubspotError } from './answers.js';
import type { Portal } from './store.js';

export interface HubspotApp {
  appId: string;
  clientId: string;
  clientSecret: string;
  /** Seconds an access token lives. */
  tokenSeconds: number;
}

/** Codes, tokens and installs of the one app that the stand-in knows. */
export class Tokens {
  private readonly codes = new Map<string, { portalId: string; redirectUri: string; scopes: string[] }>();
  private readonly access = new Map<string, { portalId: string; expiresAt: number; scopes: string[] }>();
  private readonly refreshing = new Map<string, { portalId: string; scopes: string[] }>();

  constructor(readonly app: HubspotApp) {}

  code(portalId: string, redirectUri: string, scopes: string[]): string {
    const code = randomBytes(18).toString('hex');
    this.codes.set(code, { portalId, redirectUri, scopes });
    return code;
  }

  redeem(code: string, redirectUri: string): { portalId: string; scopes: string[] } | null {
    const entry = this.codes.get(code);
    // A code works once.
    this.codes.delete(code);
    return entry !== undefined && entry.redirectUri === redirectUri ? entry : null;
  }

  issue(
    portalId: string,
    scopes: string[],
    refreshToken = `refresh-${randomBytes(24).toString('hex')}`,
  ): { accessToken: string; refreshToken: string } {
    const accessToken = `access-${portalId}-${randomBytes(60).toString('hex')}`;
    this.access.set(accessToken, { portalId, scopes, expiresAt: Date.now() + this.app.tokenSeconds * 1000 });
    this.refreshing.set(refreshToken, { portalId, scopes });
    return { accessToken, refreshToken };
  }

  ofRefresh(token: string): { portalId: string; scopes: string[] } | undefined {
    return this.refreshing.get(token);
  }

  /** The portal of a token: `undefined` when it was never issued, `null` when it has expired. */
  portalOf(accessToken: string): string | null | undefined {
    const entry = this.access.get(accessToken);
    if (entry === undefined) return undefined;
    return entry.expiresAt > Date.now() ? entry.portalId : null;
  }

  revoke(refreshToken: string): void {
    this.refreshing.delete(refreshToken);
  }

  /** The customer removed the app: its tokens die. */
  uninstall(portalId: string): void {
    for (const [token, entry] of this.access) if (entry.portalId === portalId) this.access.delete(token);
    for (const [token, entry] of this.refreshing) if (entry.portalId === portalId) this.refreshing.delete(token);
  }
}

const oauthError = (error: string, description: string, status = 'BAD_REQUEST'): SandboxAnswer => ({
  status: 400,
  json: {
    error,
    error_description: description,
    status,
    message: description,
    correlationId: '00000000-0000-0000-0000-000000000000',
    category: 'BAD_REQUEST',
  },
});

/** The consent page and the dated token endpoints. */
export function addOauthRoutes(router: Router, tokens: Tokens, portals: Map<string, Portal>): void {
  const { app } = tokens;
  const consent = (portalId: string | null, query: URLSearchParams): SandboxAnswer => {
    const redirectUri = query.get('redirect_uri') ?? '';
    if (query.get('client_id') !== app.clientId || !URL.canParse(redirectUri) || (query.get('scope') ?? '') === '') {
      return {
        status: 400,
        html: page('Authorization failed', [], '<p>The app asks in a wrong way: client_id, redirect_uri or scope.</p>'),
      };
    }
    const chosen = portalId ?? [...portals.keys()][0] ?? '';
    // What is optional is granted where the account has it; this one has.
    const scope = [query.get('scope'), query.get('optional_scope')].filter((one) => one !== null).join(' ');
    const fields = ['redirect_uri', 'scope', 'state'].map((name) => ({
      name,
      label: name,
      value: name === 'scope' ? scope : query.get(name),
      hidden: true,
    }));
    const scopes = raw(
      scope
        .split(' ')
        .map((scope) => `<li>${scope.replace(/[^\w.:-]/g, '')}</li>`)
        .join(''),
    );
    return {
      status: 200,
      html: page(
        'HubSpot stand-in: connect an app',
        [],
        `<p>Tandem asks for:</p><ul>${scopes.html}</ul>${form('/oauth/authorize/approve', [...fields, { name: 'portalId', label: 'Account', value: chosen }], 'Connect app')}`,
      ),
    };
  };
  router.add('GET', '/oauth/authorize', 'page', (request) => consent(null, request.query));
  router.add('GET', '/oauth/:portalId/authorize', 'page', (request) =>
    consent(request.params['portalId'] ?? null, request.query),
  );
  router.add('POST', '/oauth/authorize/approve', 'page', ({ form: given }) => {
    const portal = portals.get(given.get('portalId') ?? '');
    const redirectUri = given.get('redirect_uri') ?? '';
    if (portal === undefined || !URL.canParse(redirectUri))
      return { status: 400, html: page('Authorization failed', [], '<p>There is no such account.</p>') };
    portal.installed = true;
    const target = new URL(redirectUri);
    target.searchParams.set('code', tokens.code(portal.id, redirectUri, (given.get('scope') ?? '').split(' ')));
    const state = given.get('state');
    if (state !== null && state !== '') target.searchParams.set('state', state);
    return { status: 302, headers: { location: target.href } };
  });
  router.add('POST', '/oauth/2026-09/token', 'oauth.token', ({ form: given }) => {
    if (given.get('client_id') !== app.clientId || given.get('client_secret') !== app.clientSecret)
      return oauthError('invalid_client', 'missing or invalid client id or client secret', 'BAD_CLIENT_ID');
    let holder: { portalId: string; scopes: string[] } | null | undefined;
    let refreshToken: string | undefined;
    if (given.get('grant_type') === 'authorization_code') {
      holder = tokens.redeem(given.get('code') ?? '', given.get('redirect_uri') ?? '');
      if (holder === null) return oauthError('invalid_grant', 'missing or unknown auth code', 'BAD_AUTH_CODE');
    } else if (given.get('grant_type') === 'refresh_token') {
      refreshToken = given.get('refresh_token') ?? '';
      holder = tokens.ofRefresh(refreshToken);
      if (holder === undefined)
        return oauthError('invalid_grant', 'refresh token is invalid, expired or revoked', 'BAD_REFRESH_TOKEN');
    } else {
      return oauthError('unsupported_grant_type', 'grant_type is not supported');
    }
    const issued = tokens.issue(holder.portalId, holder.scopes, refreshToken);
    return {
      status: 200,
      json: {
        access_token: issued.accessToken,
        refresh_token: issued.refreshToken,
        expires_in: app.tokenSeconds,
        token_type: 'bearer',
        token_use: 'access_token',
        hub_id: Number(holder.portalId),
        user_id: 7001,
        scopes: holder.scopes,
      },
    };
  });
  router.add('POST', '/oauth/2026-09/token/introspect', 'oauth.introspect', ({ form: given }) => {
    const portalId = tokens.portalOf(given.get('token') ?? '');
    if (portalId === undefined || portalId === null)
      return { status: 200, json: { active: false, token_use: 'access_token' } };
    return {
      status: 200,
      json: {
        active: true,
        token_use: 'access_token',
        hub_id: Number(portalId),
        client_id: app.clientId,
        app_id: Number(app.appId),
        user_id: 7001,
        token_type: 'bearer',
        scopes: [],
        expires_in: 1000,
        hub_domain: 'example.com',
      },
    };
  });
  router.add('POST', '/oauth/2026-09/token/revoke', 'oauth.revoke', ({ form: given }) => {
    tokens.revoke(given.get('token') ?? '');
    return { status: 200 };
  });
  router.add(
    'DELETE',
    '/appinstalls/2026-09/external-install',
    'oauth.uninstall',
    (request) => {
      const portalId = tokens.portalOf((request.headers['authorization'] ?? '').replace('Bearer ', ''));
      if (portalId === undefined || portalId === null)
        return hubspotError(401, 'Authentication credentials not found.');
      tokens.uninstall(portalId);
      return { status: 204 };
    },
    true,
  );
}

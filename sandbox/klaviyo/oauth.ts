import { createHash, randomBytes } from 'node:crypto';
import { form, page } from '../core/html.js';
import type { Router, SandboxAnswer } from '../core/router.js';
import type { Account } from './store.js';

export interface KlaviyoApp {
  clientId: string;
  clientSecret: string;
  tokenSeconds: number;
}

/** Codes and tokens of the one app that the stand-in knows. */
export class Tokens {
  private readonly codes = new Map<
    string,
    { accountId: string; redirectUri: string; challenge: string; scope: string }
  >();
  private readonly access = new Map<string, { accountId: string; scopes: string[] | null; expiresAt: number }>();
  private readonly refreshing = new Map<string, { accountId: string; scope: string }>();

  constructor(readonly app: KlaviyoApp) {}

  code(entry: { accountId: string; redirectUri: string; challenge: string; scope: string }): string {
    const code = randomBytes(18).toString('hex');
    this.codes.set(code, entry);
    return code;
  }

  redeem(code: string, redirectUri: string, verifier: string): { accountId: string; scope: string } | null {
    const entry = this.codes.get(code);
    this.codes.delete(code);
    if (entry === undefined || entry.redirectUri !== redirectUri) return null;
    return createHash('sha256').update(verifier).digest('base64url') === entry.challenge ? entry : null;
  }

  issue(
    accountId: string,
    scope: string,
    refreshToken = `kr-${randomBytes(24).toString('hex')}`,
  ): Record<string, unknown> {
    const accessToken = `ka-${randomBytes(32).toString('hex')}`;
    const scopes = scope.split(' ').filter((one) => one !== '');
    const expiresAt = Date.now() + this.app.tokenSeconds * 1000;
    this.access.set(accessToken, { accountId, scopes: scopes.length === 0 ? null : scopes, expiresAt });
    this.refreshing.set(refreshToken, { accountId, scope });
    return {
      access_token: accessToken,
      refresh_token: refreshToken,
      token_type: 'bearer',
      expires_in: this.app.tokenSeconds,
      scope,
    };
  }

  ofRefresh(token: string): { accountId: string; scope: string } | undefined {
    return this.refreshing.get(token);
  }

  /** Whose a token is and what it may; null when it is unknown or has run out. */
  holder(accessToken: string): { accountId: string; scopes: string[] | null } | null {
    const entry = this.access.get(accessToken);
    return entry !== undefined && entry.expiresAt > Date.now() ? entry : null;
  }

  /** Withdraws a refresh token and the access tokens that came with it. */
  revoke(refreshToken: string): void {
    const entry = this.refreshing.get(refreshToken);
    if (entry === undefined) return;
    this.refreshing.delete(refreshToken);
    this.expire(entry.accountId);
  }

  /** Ends the access tokens of an account at once; they can be refreshed. */
  expire(accountId: string): void {
    for (const [token, entry] of this.access) if (entry.accountId === accountId) this.access.delete(token);
  }

  /** The customer removes the app from the account: nothing works any more. */
  uninstall(accountId: string): void {
    this.expire(accountId);
    for (const [token, entry] of this.refreshing) if (entry.accountId === accountId) this.refreshing.delete(token);
  }
}

const json = { 'content-type': 'application/json' };
const refused = (error: string, description: string): SandboxAnswer => ({
  status: 400,
  headers: json,
  json: { error, error_description: description },
});

/** The consent page and the token endpoints (PKCE with S256). */
export function addOauthRoutes(router: Router, tokens: Tokens, accounts: Map<string, Account>): void {
  const { app } = tokens;
  router.add('GET', '/oauth/authorize', 'page', ({ query }) => {
    const redirectUri = query.get('redirect_uri') ?? '';
    if (
      query.get('client_id') !== app.clientId ||
      !URL.canParse(redirectUri) ||
      query.get('response_type') !== 'code' ||
      query.get('code_challenge_method') !== 'S256' ||
      (query.get('code_challenge') ?? '') === ''
    ) {
      return {
        status: 400,
        html: page(
          'Authorization failed',
          [],
          '<p>The app asks in a wrong way: client_id, redirect_uri or code_challenge.</p>',
        ),
      };
    }
    const hidden = ['redirect_uri', 'scope', 'state', 'code_challenge'].map((name) => ({
      name,
      label: name,
      value: query.get(name),
      hidden: true,
    }));
    return {
      status: 200,
      html: page(
        'Klaviyo stand-in: connect an app',
        [],
        form(
          '/oauth/authorize/approve',
          [...hidden, { name: 'account', label: 'Account', value: [...accounts.keys()][0] ?? '' }],
          'Allow',
        ),
      ),
    };
  });
  router.add('POST', '/oauth/authorize/approve', 'page', ({ form: given }) => {
    const accountId = given.get('account') ?? '';
    const redirectUri = given.get('redirect_uri') ?? '';
    if (!accounts.has(accountId) || !URL.canParse(redirectUri))
      return { status: 400, html: page('Authorization failed', [], '<p>There is no such account.</p>') };
    const target = new URL(redirectUri);
    target.searchParams.set(
      'code',
      tokens.code({
        accountId,
        redirectUri,
        challenge: given.get('code_challenge') ?? '',
        scope: given.get('scope') ?? '',
      }),
    );
    target.searchParams.set('state', given.get('state') ?? '');
    return { status: 302, headers: { location: target.href } };
  });
  const known = (headers: Record<string, string>): boolean =>
    headers['authorization'] === `Basic ${Buffer.from(`${app.clientId}:${app.clientSecret}`).toString('base64')}`;
  const stranger: SandboxAnswer = {
    status: 401,
    headers: json,
    json: { error: 'invalid_client', error_description: 'Client authentication failed.' },
  };
  router.add('POST', '/oauth/token', 'oauth.token', ({ form: given, headers }) => {
    if (!known(headers)) return stranger;
    if (given.get('grant_type') === 'authorization_code') {
      const entry = tokens.redeem(
        given.get('code') ?? '',
        given.get('redirect_uri') ?? '',
        given.get('code_verifier') ?? '',
      );
      if (entry === null) return refused('invalid_grant', 'Invalid code or code verifier.');
      return { status: 200, headers: json, json: tokens.issue(entry.accountId, entry.scope) };
    }
    if (given.get('grant_type') !== 'refresh_token')
      return refused('unsupported_grant_type', 'Unsupported grant type.');
    const token = given.get('refresh_token') ?? '';
    const entry = tokens.ofRefresh(token);
    if (entry === undefined) return refused('invalid_grant', 'Invalid refresh token.');
    // The same refresh token comes back, and older access tokens live on until they run out.
    return { status: 200, headers: json, json: tokens.issue(entry.accountId, entry.scope, token) };
  });
  router.add('POST', '/oauth/revoke', 'oauth.revoke', ({ form: given, headers }) => {
    if (!known(headers)) return stranger;
    tokens.revoke(given.get('token') ?? '');
    return { status: 200, headers: json, json: {} };
  });
}

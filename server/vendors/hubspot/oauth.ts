import { z } from 'zod';
import { NeedsPerson, RetryLater, VendorBug } from '../../errors.js';
import { withTimeout } from '../call.js';
import { sendRequest } from '../send-request.js';
import { jsonOf } from '../json-of.js';
import type { HubspotSession } from './session.js';
import type { HubspotTokens } from './types.js';
import { apiVersion } from './version.js';

/** The app as HubSpot knows it. */
export interface HubspotApp {
  clientId: string;
  clientSecret: string;
  apiUrl: string;
  appUrl: string;
}

export interface AuthorizeRequest {
  redirectUri: string;
  scopes: readonly string[];
  /** Asked for where the portal's plan has them; the install goes on without. */
  optionalScopes?: readonly string[];
  state: string;
  /** Asks for this portal instead of letting the person choose one. */
  portalId?: string;
}

/** The page on which a person lets the app in. Scopes must equal those of the app's configuration. */
export function authorizeUrl(app: HubspotApp, request: AuthorizeRequest): string {
  const { portalId, optionalScopes = [] } = request;
  const query = new URLSearchParams({
    client_id: app.clientId,
    redirect_uri: request.redirectUri,
    scope: request.scopes.join(' '),
    state: request.state,
  });
  if (optionalScopes.length > 0) query.set('optional_scope', optionalScopes.join(' '));
  const path = portalId === undefined ? '/oauth/authorize' : `/oauth/${encodeURIComponent(portalId)}/authorize`;
  return `${app.appUrl}${path}?${query.toString()}`;
}

const tokenSchema = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  expires_in: z.number(),
  hub_id: z.number().optional(),
  scopes: z.array(z.string()).default([]),
});

/** Exchanges the code of a consent for tokens. Dated endpoint: v1 ends 2027-02-16 and listings must not use it. */
export function exchangeCode(app: HubspotApp, code: string, redirectUri: string): Promise<HubspotTokens> {
  return token(
    app,
    { grant_type: 'authorization_code', code, redirect_uri: redirectUri },
    'HubSpot does not accept this installation’s code: it was used before, or is too old.',
  );
}

/** New tokens for a refresh token. Throws NeedsPerson when HubSpot has withdrawn it. */
export function refresh(app: HubspotApp, refreshToken: string): Promise<HubspotTokens> {
  return token(
    app,
    { grant_type: 'refresh_token', refresh_token: refreshToken },
    'HubSpot has withdrawn the app’s access.',
  );
}

async function token(app: HubspotApp, grant: Record<string, string>, withdrawn: string): Promise<HubspotTokens> {
  const { status, text } = await post(app, '/token', grant);
  if (status === 200) {
    const answer = tokenSchema.safeParse(jsonOf(text)).data;
    if (answer === undefined) throw new RetryLater('HubSpot’s token service gave half an answer.', 5);
    return {
      accessToken: answer.access_token,
      refreshToken: answer.refresh_token,
      expiresIn: answer.expires_in,
      hubId: String(answer.hub_id ?? ''),
      scopes: answer.scopes,
    };
  }
  checkFailure(status, text);
  // Only HubSpot's own words count: a 403 of something in between must not read as a customer who removed the app.
  if (/invalid_grant|BAD_REFRESH_TOKEN|BAD_AUTH_CODE|BAD_HUB|access_denied/.test(text)) {
    throw new NeedsPerson('reconnect_hubspot', withdrawn, 'Install the app again from its settings page.');
  }
  throw new VendorBug(`HubSpot’s token service answers ${status} to a ${grant['grant_type'] ?? ''} request.`);
}

const introspectionSchema = z.object({
  active: z.boolean(),
  hub_id: z.number().optional(),
  scopes: z.array(z.string()).default([]),
});

/** What a token is worth now: whether it is active, for which portal, with which scopes. */
export async function introspect(
  app: HubspotApp,
  accessToken: string,
): Promise<{ active: boolean; hubId: string | null; scopes: string[] }> {
  const { status, text } = await post(app, '/token/introspect', {
    token: accessToken,
    token_type_hint: 'access_token',
  });
  if (status !== 200) {
    checkFailure(status, text);
    throw new VendorBug(`HubSpot’s token service answers ${status} to an introspection.`);
  }
  const answer = introspectionSchema.safeParse(jsonOf(text)).data;
  if (answer === undefined) throw new RetryLater('HubSpot’s token service gave half an answer.', 5);
  return {
    active: answer.active,
    hubId: answer.hub_id === undefined ? null : String(answer.hub_id),
    scopes: answer.scopes,
  };
}

/** Withdraws a refresh token. Its access tokens live on for up to half an hour. Gone already counts as done. */
export async function revoke(app: HubspotApp, refreshToken: string): Promise<void> {
  const { status, text } = await post(app, '/token/revoke', { token: refreshToken, token_type_hint: 'refresh_token' });
  if (status >= 200 && status < 300) return;
  checkFailure(status, text);
  if (status >= 400 && status < 500) return;
  throw new VendorBug(`HubSpot’s token service answers ${status} to a revocation.`);
}

/** Removes the app from the portal: HubSpot ends its webhooks and cards, and tells the admins. Revoke afterwards. */
export async function uninstall(session: HubspotSession): Promise<void> {
  await session.request({
    operation: 'oauth.uninstall',
    method: 'DELETE',
    path: `/appinstalls/${apiVersion}/external-install`,
    schema: z.unknown(),
  });
}

function checkFailure(status: number, text: string): void {
  if (status === 429 || status >= 500) throw new RetryLater(`HubSpot’s token service answers ${status}.`, 5);
  // Our own credentials being wrong says nothing about the portal: it must not be marked as withdrawn.
  if (/invalid_client|BAD_CLIENT/.test(text)) {
    throw new VendorBug(
      'HubSpot does not accept this app’s client id and secret: check HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET.',
    );
  }
}

async function post(
  app: HubspotApp,
  path: string,
  form: Record<string, string>,
): Promise<{ status: number; text: string }> {
  return withTimeout({ vendor: 'HubSpot', timeoutMs: 15_000, write: false }, (onGiveUp) =>
    sendRequest({
      method: 'POST',
      url: new URL(`${app.apiUrl}/oauth/${apiVersion}${path}`),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: app.clientId, client_secret: app.clientSecret, ...form }).toString(),
      onGiveUp,
    }),
  );
}

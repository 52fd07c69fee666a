import { z } from 'zod';
import { NeedsPerson, RetryLater, VendorBug } from '../../errors.js';
import { withTimeout } from '../call.js';
import { jsonOf } from '../json-of.js';
import type { HubspotTokens } from './types.js';
import { apiVersion } from './version.js';

/** The app as HubSpot knows it. */
export interface HubspotApp {
  clientId: string;
  clientSecret: string;
  apiUrl: string;
  appUrl: string;
}

/** The page on which a person lets the app in. Scopes must equal those of the app's configuration. */
export function authorizeUrl(
  app: HubspotApp,
  request: { redirectUri: string; scopes: readonly string[]; state: string },
): string {
  const query = new URLSearchParams({
    client_id: app.clientId,
    redirect_uri: request.redirectUri,
    scope: request.scopes.join(' '),
    state: request.state,
  });
  return `${app.appUrl}/oauth/authorize?${query.toString()}`;
}

const tokenSchema = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  expires_in: z.number(),
  hub_id: z.number().optional(),
  scopes: z.array(z.string()).default([]),
});

/** Exchanges the code of a consent for tokens. Dated endpoint: v1 ends 2027-02-16 and listings must not use it. */
export function exchangeCode(app: HubspotApp, code: string, redirectUri: string): Promise<HubspotTokens> {
  return token(app, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
}

/** New tokens for a refresh token. Throws NeedsPerson when HubSpot has withdrawn it. */
export function refresh(app: HubspotApp, refreshToken: string): Promise<HubspotTokens> {
  return token(app, { grant_type: 'refresh_token', refresh_token: refreshToken });
}

async function token(app: HubspotApp, grant: Record<string, string>): Promise<HubspotTokens> {
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
  if (status === 429 || status >= 500) throw new RetryLater(`HubSpot’s token service answers ${status}.`, 5);
  // Our own credentials being wrong says nothing about the portal: it must not be marked as withdrawn.
  if (/invalid_client|BAD_CLIENT/.test(text))
    throw new VendorBug(
      'HubSpot does not accept this app’s client id and secret: check HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET.',
    );
  // Only HubSpot's own words count: a 403 of something in between must not read as a customer who removed the app.
  if (/invalid_grant|BAD_REFRESH_TOKEN|BAD_AUTH_CODE|BAD_HUB|access_denied/.test(text)) {
    throw new NeedsPerson(
      'reconnect_hubspot',
      'HubSpot has withdrawn the app’s access.',
      'Install the app again from its settings page.',
    );
  }
  throw new VendorBug(`HubSpot’s token service answers ${status} to a ${grant['grant_type'] ?? ''} request.`);
}

async function post(
  app: HubspotApp,
  path: string,
  form: Record<string, string>,
): Promise<{ status: number; text: string }> {
  return withTimeout('HubSpot', 15_000, async () => {
    const response = await fetch(`${app.apiUrl}/oauth/${apiVersion}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: app.clientId, client_secret: app.clientSecret, ...form }).toString(),
    });
    return { status: response.status, text: await response.text() };
  });
}

import { z } from 'zod';
import { NeedsPerson, RetryLater, VendorBug } from '../../errors.js';
import { withTimeout } from '../call.js';
import { sendRequest } from '../send-request.js';
import { jsonOf } from '../json-of.js';
import type { KlaviyoTokens } from './types.js';

/** The app as Klaviyo knows it. */
export interface KlaviyoApp {
  clientId: string;
  clientSecret: string;
  apiUrl: string;
  appUrl: string;
}

/** The page on which a person lets the app in; PKCE with S256. https://developers.klaviyo.com/en/docs/set_up_oauth */
export function authorizeUrl(
  app: KlaviyoApp,
  request: { redirectUri: string; scopes: readonly string[]; state: string; codeChallenge: string },
): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: app.clientId,
    redirect_uri: request.redirectUri,
    scope: request.scopes.join(' '),
    state: request.state,
    code_challenge_method: 'S256',
    code_challenge: request.codeChallenge,
  });
  return `${app.appUrl}/oauth/authorize?${query.toString()}`;
}

/** Exchanges the code of a consent for tokens. */
export function exchangeCode(
  app: KlaviyoApp,
  code: string,
  verifier: string,
  redirectUri: string,
): Promise<KlaviyoTokens> {
  return token(
    app,
    { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri },
    'Klaviyo does not accept this connection’s code: it was used before, or is too old.',
  );
}

/** New tokens for a refresh token. Klaviyo may answer with the same refresh token or another: keep what comes back. */
export function refresh(app: KlaviyoApp, refreshToken: string): Promise<KlaviyoTokens> {
  return token(
    app,
    { grant_type: 'refresh_token', refresh_token: refreshToken },
    'Klaviyo has withdrawn the app’s access.',
  );
}

/** Withdraws a refresh token and its access token (the SDK has no call for it). Gone already counts as done. */
export async function revoke(app: KlaviyoApp, refreshToken: string): Promise<void> {
  const { status, text } = await post(app, '/oauth/revoke', {
    token: refreshToken,
    token_type_hint: 'refresh_token',
  });
  if (status >= 400) checkFailure(status, text);
}

const schema = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  expires_in: z.number(),
  scope: z.string().default(''),
});

async function token(app: KlaviyoApp, grant: Record<string, string>, withdrawn: string): Promise<KlaviyoTokens> {
  const { status, text } = await post(app, '/oauth/token', grant);
  if (status === 200) {
    const answer = schema.safeParse(jsonOf(text)).data;
    if (answer === undefined) throw new RetryLater('Klaviyo’s token service gave half an answer.', 5);
    return {
      accessToken: answer.access_token,
      refreshToken: answer.refresh_token,
      expiresIn: answer.expires_in,
      scopes: answer.scope.split(' ').filter((scope) => scope !== ''),
    };
  }
  checkFailure(status, text);
  // Only Klaviyo's own words count: a 403 of something in between must not read as a customer who withdrew the app.
  if (/invalid_grant|access_denied|invalid_token/.test(text)) {
    throw new NeedsPerson('reconnect_klaviyo', withdrawn, 'Open the settings page and connect Klaviyo again.');
  }
  throw new VendorBug(`Klaviyo’s token service answers ${status} to a ${grant['grant_type'] ?? ''} request.`);
}

function checkFailure(status: number, text: string): void {
  if (status === 429 || status >= 500) throw new RetryLater(`Klaviyo’s token service answers ${status}.`, 5);
  if (/invalid_client/.test(text)) {
    throw new VendorBug(
      'Klaviyo does not accept this app’s client id and secret: check KLAVIYO_CLIENT_ID and KLAVIYO_CLIENT_SECRET.',
    );
  }
}

async function post(
  app: KlaviyoApp,
  path: string,
  form: Record<string, string>,
): Promise<{ status: number; text: string }> {
  const basic = Buffer.from(`${app.clientId}:${app.clientSecret}`).toString('base64');
  return withTimeout({ vendor: 'Klaviyo', timeoutMs: 15_000, write: false }, (onGiveUp) =>
    sendRequest({
      method: 'POST',
      url: new URL(app.apiUrl + path),
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${basic}` },
      body: new URLSearchParams(form).toString(),
      onGiveUp,
    }),
  );
}

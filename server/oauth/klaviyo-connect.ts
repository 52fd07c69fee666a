import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Router } from 'express';
import type { Logger } from 'pino';
import { removeWebhook } from '../engagement/remove-webhook.js';
import { NeedsPerson } from '../errors.js';
import type { Database } from '../store/database.js';
import { engagementAccount } from '../store/engagement-accounts.js';
import {
  disconnectKlaviyo,
  keepKlaviyoAccount,
  keepKlaviyoCredential,
  klaviyoCredential,
  reviveConnections,
  type KlaviyoAccount,
} from '../store/klaviyo-accounts.js';
import { redeemState, rememberState } from '../store/oauth-states.js';
import { missingScopes, readAccount } from '../vendors/klaviyo/account.js';
import { authorizeUrl, exchangeCode, revoke, type KlaviyoApp } from '../vendors/klaviyo/oauth.js';
import type { KlaviyoCredential, KlaviyoSession } from '../vendors/klaviyo/session.js';
import { bindBrowser, browserOf, randomText } from './browser-binding.js';
import { sendFailure, sendPage } from './browser-page.js';
import { klaviyoSecretOwner } from './klaviyo-credentials.js';
import { klaviyoScopes } from './scopes.js';
import type { Sealer } from './seal.js';

export interface ConnectDeps {
  db: Database;
  log: Logger;
  clock: () => Date;
  sealer: Sealer;
  app: KlaviyoApp | null;
  apiUrl: string;
  publicUrl: string;
  /** A session with a credential that is not stored yet; its calls are limited by the portal that connects. */
  sessionWith(credential: KlaviyoCredential, portalId: string): KlaviyoSession;
  /** A session with what is stored. */
  klaviyo(klaviyoAccountId: string): KlaviyoSession;
}

/**
 * Without these a connection as it is proposed fails with its first person. Segments are only needed by who chooses one,
 * subscribing by who switches it on: those are shown as missing, and the key is taken.
 */
const needed = ['profiles:read', 'profiles:write', 'lists:read', 'lists:write'];

/** Connects a company by a private key, which is checked at once (A2). Throws NeedsPerson with the reason in words. */
export async function connectByKey(deps: ConnectDeps, portalId: string, apiKey: string): Promise<KlaviyoAccount> {
  const session = deps.sessionWith({ kind: 'api_key', key: apiKey }, portalId);
  const company = await readAccount(session, deps.apiUrl).catch((error: unknown) => {
    if (!(error instanceof NeedsPerson) || error.code !== 'reconnect_klaviyo') throw error;
    throw new NeedsPerson(
      'reconnect_klaviyo',
      'Klaviyo does not know this key.',
      'Copy the whole private key (pk_…) from Klaviyo’s settings under API keys, and paste it again.',
    );
  });
  const missing = await missingScopes(session);
  const lacking = missing.filter((scope) => needed.includes(scope));
  if (lacking.length > 0) {
    throw new NeedsPerson(
      'missing_scope',
      `The key of ${company.name} lacks the permission ${lacking.join(', ')}.`,
      'Make a key in Klaviyo with full access, or with read and write access to profiles, lists, segments and subscriptions and read access to accounts.',
      'klaviyo',
    );
  }
  return keep(deps, portalId, company, 'api_key', missing, (owner) => ({ apiKey: deps.sealer.seal(apiKey, owner) }));
}

/** Stores the company with its credential in one go, and brings back the connections that waited for it. */
async function keep(
  deps: ConnectDeps,
  portalId: string,
  company: { companyId: string; name: string },
  auth: KlaviyoAccount['auth'],
  missing: readonly string[],
  sealed: (owner: string) => Parameters<typeof keepKlaviyoCredential>[2],
): Promise<KlaviyoAccount> {
  return deps.db.transaction(async (tx) => {
    const account = await keepKlaviyoAccount(tx, portalId, company, auth, missing);
    await keepKlaviyoCredential(tx, account.id, sealed(klaviyoSecretOwner(account.id)));
    await reviveConnections(tx, account.id);
    return account;
  });
}

/** How long a person who disconnects waits for Klaviyo to take our webhook away. */
const goodbyeMs = 5000;

/**
 * Disconnects an account: our webhook goes while there is access, its syncs stop and its secrets go at once, and Klaviyo
 * is told to forget the app's access.
 */
export async function disconnect(
  deps: Pick<ConnectDeps, 'db' | 'log' | 'sealer' | 'app' | 'klaviyo'>,
  account: KlaviyoAccount,
): Promise<void> {
  const engagement = await engagementAccount(deps.db, account.id);
  if (engagement !== null && account.state !== 'disconnected')
    await Promise.race([removeWebhook(deps, engagement), sleep(goodbyeMs, undefined, { ref: false })]);
  const stored = await klaviyoCredential(deps.db, account.id, 0);
  await disconnectKlaviyo(deps.db, account.id);
  if (deps.app === null || stored?.refresh == null) return;
  try {
    await revoke(deps.app, deps.sealer.open(stored.refresh, klaviyoSecretOwner(account.id)));
  } catch (error) {
    // The token is gone here; that Klaviyo still has it is nothing to keep a person waiting for.
    deps.log.warn({ err: error, klaviyoAccountId: account.id }, 'Klaviyo could not be told of the disconnect');
  }
}

const linkSeconds = 600;

/** A short-lived address that begins the OAuth flow for this portal in whatever browser opens it. */
export async function oauthLink(
  deps: Pick<ConnectDeps, 'db' | 'clock' | 'publicUrl'>,
  portalId: string,
): Promise<{ url: string; expiresAt: string }> {
  const ticket = randomText();
  await rememberState(deps.db, ticket, 'ticket', { vendor: 'klaviyo', portalId, verifier: null, returnUrl: null });
  return {
    url: `${deps.publicUrl}/oauth/klaviyo/start?ticket=${ticket}`,
    expiresAt: new Date(deps.clock().getTime() + linkSeconds * 1000).toISOString(),
  };
}

/** Where an installation begun in Klaviyo's app directory begins, and what its HubSpot half remembers. */
export const fromKlaviyo = '/oauth/klaviyo/install';

/** GET /oauth/klaviyo/install, /start and /callback (PKCE). */
export function klaviyoConnect(deps: ConnectDeps): Router {
  const redirectUri = `${deps.publicUrl}/oauth/klaviyo/callback`;
  const secure = deps.publicUrl.startsWith('https:');
  const refused = { title: 'Klaviyo was not connected' };
  const router = Router();

  // Klaviyo's directory knows no portal: HubSpot says first who is here, and its callback goes on to Klaviyo.
  router.get(fromKlaviyo, (_request, response) => response.redirect(302, '/oauth/hubspot/install?from=klaviyo'));

  router.get('/oauth/klaviyo/start', async (request, response) => {
    const { ticket } = request.query;
    if (deps.app === null)
      return sendPage(response, 404, {
        ...refused,
        text: 'Connecting by OAuth is not set up here. Use a private key.',
      });
    const used = typeof ticket === 'string' ? await redeemState(deps.db, 'klaviyo', ticket, 'ticket') : null;
    if (used?.ok !== true)
      return sendPage(response, 400, {
        ...refused,
        text: 'This link has been used or is too old. Ask for a new one on the settings page.',
      });
    const [state, verifier] = [randomText(), randomText()];
    await rememberState(deps.db, state, bindBrowser(request, response, secure), {
      vendor: 'klaviyo',
      portalId: used.entry.portalId,
      verifier: deps.sealer.seal(verifier, 'pkce'),
      returnUrl: null,
    });
    const codeChallenge = createHash('sha256').update(verifier).digest('base64url');
    return response.redirect(302, authorizeUrl(deps.app, { redirectUri, scopes: klaviyoScopes, state, codeChallenge }));
  });

  router.get('/oauth/klaviyo/callback', async (request, response) => {
    const { code, state } = request.query;
    if (deps.app === null || typeof code !== 'string' || typeof state !== 'string')
      return sendPage(response, 400, {
        ...refused,
        text: 'The permissions were not granted, or the address is not complete.',
      });
    const verdict = await redeemState(deps.db, 'klaviyo', state, browserOf(request, secure));
    if (!verdict.ok || verdict.entry.portalId === null || verdict.entry.verifier === null)
      return sendPage(response, 400, {
        ...refused,
        text: 'This connection was not begun in this browser, or took too long. Begin again on the settings page.',
      });
    try {
      const account = await connectByCode(
        deps,
        deps.app,
        verdict.entry.portalId,
        code,
        deps.sealer.open(verdict.entry.verifier, 'pkce'),
        redirectUri,
      );
      deps.log.info({ portalId: account.portalId, klaviyoAccountId: account.id }, 'Klaviyo connected');
      return sendPage(response, 200, {
        title: 'Klaviyo is connected',
        text: `${account.name} can be synced now. You can close this page and go on in HubSpot.`,
      });
    } catch (cause) {
      return sendFailure(response, deps.log, cause, refused);
    }
  });
  return router;
}

async function connectByCode(
  deps: ConnectDeps,
  app: KlaviyoApp,
  portalId: string,
  code: string,
  verifier: string,
  redirectUri: string,
): Promise<KlaviyoAccount> {
  const tokens = await exchangeCode(app, code, verifier, redirectUri);
  const company = await readAccount(
    deps.sessionWith({ kind: 'oauth', accessToken: tokens.accessToken }, portalId),
    deps.apiUrl,
  );
  const missing = klaviyoScopes.filter((scope) => tokens.scopes.length > 0 && !tokens.scopes.includes(scope));
  return keep(deps, portalId, company, 'oauth', missing, (owner) => ({
    access: deps.sealer.seal(tokens.accessToken, owner),
    refresh: deps.sealer.seal(tokens.refreshToken, owner),
    expiresAt: new Date(deps.clock().getTime() + tokens.expiresIn * 1000),
  }));
}

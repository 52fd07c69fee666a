import { Router } from 'express';
import type { Logger } from 'pino';
import type { Database } from '../store/database.js';
import { redeemState, rememberState } from '../store/oauth-states.js';
import { installPortal } from '../store/portals.js';
import { readAccount } from '../vendors/hubspot/account.js';
import { authorizeUrl, exchangeCode, type HubspotApp } from '../vendors/hubspot/oauth.js';
import type { HubspotSession } from '../vendors/hubspot/session.js';
import { bindBrowser, browserOf, randomText } from './browser-binding.js';
import { sendFailure, sendPage } from './browser-page.js';
import { hubspotSecretOwner } from './hubspot-tokens.js';
import { fromKlaviyo, oauthLink } from './klaviyo-connect.js';
import { hubspotOptionalScopes, hubspotScopes } from './scopes.js';
import type { Sealer } from './seal.js';

export interface InstallDeps {
  db: Database;
  log: Logger;
  clock: () => Date;
  sealer: Sealer;
  app: HubspotApp;
  appId: string;
  publicUrl: string;
  /** A session with a token that is not stored yet. */
  sessionWith(portalId: string, accessToken: string): HubspotSession;
}

/** Only HubSpot itself may be returned to: `https://app.hubspot.com`, `https://app-eu1.hubspot.com`, or the configured one. As the browser reads it. */
export function trustedReturn(url: unknown, appUrl: string): string | null {
  if (typeof url !== 'string' || !URL.canParse(url)) return null;
  const { protocol, hostname, port, origin, username, password, href } = new URL(url);
  if (username !== '' || password !== '') return null;
  return origin === new URL(appUrl).origin ||
    (protocol === 'https:' && port === '' && /^app(-[a-z0-9]+)?\.hubspot\.com$/.test(hostname))
    ? href
    : null;
}

const stateWords = {
  unknown: 'This installation was not begun here.',
  used: 'This installation link has been used already.',
  expired: 'The installation took longer than ten minutes.',
  other_browser: 'The installation was begun in another browser.',
};

/** GET /oauth/hubspot/install and /callback: consent, exchange, store; also the marketplace-started install. */
export function hubspotInstall(deps: InstallDeps): Router {
  const redirectUri = `${deps.publicUrl}/oauth/hubspot/callback`;
  const secure = deps.publicUrl.startsWith('https:');
  const router = Router();

  router.get('/oauth/hubspot/install', async (request, response) => {
    const state = randomText();
    await rememberState(deps.db, state, bindBrowser(request, response, secure), {
      vendor: 'hubspot',
      portalId: null,
      verifier: null,
      returnUrl: request.query['from'] === 'klaviyo' ? fromKlaviyo : null,
    });
    response.redirect(
      302,
      authorizeUrl(deps.app, { redirectUri, scopes: hubspotScopes, optionalScopes: hubspotOptionalScopes, state }),
    );
  });

  router.get('/oauth/hubspot/callback', async (request, response) => {
    const { code, state, step, error, error_description: description } = request.query;
    const returnUrl = trustedReturn(request.query['returnUrl'], deps.app.appUrl);
    const install = { href: '/oauth/hubspot/install', label: 'Begin the installation again' };
    if (step === 'authorize') {
      // The marketplace asks us to begin: we hand a state of ours back and are called again with step=finalize.
      if (returnUrl === null)
        return sendPage(response, 400, {
          title: 'Installation refused',
          text: 'The page to return to is not one of HubSpot’s.',
        });
      const fresh = randomText();
      await rememberState(deps.db, fresh, bindBrowser(request, response, secure), {
        vendor: 'hubspot',
        portalId: null,
        verifier: null,
        returnUrl,
      });
      const target = new URL(returnUrl);
      target.searchParams.set('state', fresh);
      return response.redirect(302, target.href);
    }
    if (typeof error === 'string') {
      return sendPage(response, 400, {
        title: 'HubSpot was not connected',
        text: typeof description === 'string' ? description.slice(0, 300) : 'The permissions were not granted.',
        link: install,
      });
    }
    if (typeof code !== 'string' || typeof state !== 'string')
      return sendPage(response, 400, {
        title: 'Installation refused',
        text: 'The address lacks its code or state.',
        link: install,
      });
    const verdict = await redeemState(deps.db, 'hubspot', state, browserOf(request, secure));
    if (!verdict.ok)
      return sendPage(response, 400, {
        title: 'Installation refused',
        text: stateWords[verdict.reason],
        link: install,
      });
    try {
      const portal = await storeInstall(deps, code, redirectUri);
      deps.log.info({ portalId: portal.id }, 'app installed');
      if (step === 'finalize' && returnUrl !== null) return response.redirect(302, returnUrl);
      if (verdict.entry.returnUrl === fromKlaviyo)
        return response.redirect(302, (await oauthLink(deps, portal.id)).url);
      return sendPage(response, 200, {
        title: 'Tandem is installed',
        text: 'Open its settings in HubSpot to connect Klaviyo and choose what to sync.',
        link: {
          href: `https://${portal.uiDomain}/connected-apps/${portal.id}/app/${deps.appId}/settings`,
          label: 'Open the settings',
        },
      });
    } catch (cause) {
      return sendFailure(response, deps.log, cause, { title: 'HubSpot was not connected', link: install });
    }
  });
  return router;
}

async function storeInstall(
  deps: InstallDeps,
  code: string,
  redirectUri: string,
): Promise<{ id: string; uiDomain: string }> {
  const tokens = await exchangeCode(deps.app, code, redirectUri);
  const account = await readAccount(deps.sessionWith(tokens.hubId, tokens.accessToken));
  const owner = hubspotSecretOwner(account.portalId);
  await installPortal(
    deps.db,
    {
      id: account.portalId,
      name: `HubSpot ${account.portalId}`,
      uiDomain: account.uiDomain,
      timeZone: account.timeZone,
    },
    {
      accessToken: deps.sealer.seal(tokens.accessToken, owner),
      refreshToken: deps.sealer.seal(tokens.refreshToken, owner),
      expiresAt: new Date(deps.clock().getTime() + tokens.expiresIn * 1000),
      scopes: tokens.scopes,
    },
  );
  return { id: account.portalId, uiDomain: account.uiDomain };
}

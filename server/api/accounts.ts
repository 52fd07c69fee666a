import { Router } from 'express';
import { NeedsPerson } from '../errors.js';
import { connectByKey, disconnect, oauthLink } from '../oauth/klaviyo-connect.js';
import { connectionsOf } from '../store/connections.js';
import { approvalOf } from '../store/engagement-accounts.js';
import { findKlaviyoAccount, klaviyoAccounts, type KlaviyoAccount } from '../store/klaviyo-accounts.js';
import { erasures } from '../store/erasures.js';
import { findPortal, setAlertEmail } from '../store/portals.js';
import { usageOf } from '../store/status.js';
import { ApiError, notFound } from './api-error.js';
import type { ApiDependencies } from './dependencies.js';
import { accountPatchSchema, apiKeySchema, pageSchema } from './schema.js';
import { callerOf } from './signed.js';

const accountJson = ({ id, name, state, auth, missingScopes }: KlaviyoAccount): Record<string, unknown> => ({
  id,
  name,
  state,
  auth,
  missingScopes,
});

/** Whether HubSpot lets the app write on timelines; it tells when the first activity is put there. */
export function appEventsJson(approval: 'approved' | 'unapproved' | null): { approved: boolean; message: string } {
  if (approval === 'approved') return { approved: true, message: 'Activities are shown on HubSpot timelines.' };
  return {
    approved: false,
    message:
      approval === 'unapproved'
        ? 'HubSpot has not approved the app’s timeline events yet: activities wait, the cards show them already. Ask HubSpot to approve app events for the app; they go out by themselves then.'
        : 'HubSpot has to approve the app’s timeline events first. The cards on contacts, companies and deals show all activity already.',
  };
}

/** The portal with its Klaviyo accounts; connecting and disconnecting them. */
export function accountRoutes(deps: ApiDependencies): Router {
  const router = Router();
  router.get('/account', async (request, response) => {
    const { portalId } = callerOf(request);
    const [portal, accounts, usage, connections, approval] = await Promise.all([
      findPortal(deps.db, portalId),
      klaviyoAccounts(deps.db, portalId),
      usageOf(deps.db, portalId),
      connectionsOf(deps.db, portalId),
      approvalOf(deps.db, portalId),
    ]);
    response.json({
      portal: { id: portalId, name: portal?.name ?? '', uiDomain: portal?.uiDomain ?? '' },
      klaviyoAccounts: accounts.map(accountJson),
      usage,
      alertEmail: portal?.alertEmail ?? null,
      connections: connections.map(({ id, name, type, state }) => ({ id, name, type, state })),
      appEvents: appEventsJson(approval),
    });
  });
  router.patch('/account', async (request, response) => {
    const { portalId } = callerOf(request);
    const { alertEmail } = accountPatchSchema.parse(request.body);
    await setAlertEmail(deps.db, portalId, alertEmail);
    response.json({ alertEmail });
  });
  router.get('/erasures', async (request, response) => {
    const { portalId } = callerOf(request);
    const { rows, next } = await erasures(deps.db, portalId, pageSchema.parse(request.query));
    response.json({ results: rows.map(({ at, report }) => ({ at: at.toISOString(), report })), next });
  });
  router.get('/klaviyo-accounts', async (request, response) => {
    response.json({
      results: (await klaviyoAccounts(deps.db, callerOf(request).portalId)).map(accountJson),
      next: null,
    });
  });
  router.post('/klaviyo-accounts', async (request, response) => {
    const { apiKey } = apiKeySchema.parse(request.body);
    const account = await connectByKey(deps.connect, callerOf(request).portalId, apiKey).catch((error: unknown) => {
      if (!(error instanceof NeedsPerson)) throw error;
      throw new ApiError(
        422,
        error.code === 'missing_scope' ? error.code : 'invalid_api_key',
        error.message,
        error.fix,
        'apiKey',
      );
    });
    response.status(201).json(accountJson(account));
  });
  router.post('/klaviyo-accounts/oauth-link', async (request, response) => {
    if (deps.connect.app === null)
      throw new ApiError(
        409,
        'oauth_not_set_up',
        'Connecting Klaviyo by OAuth is not set up on this service.',
        'Use a private API key.',
      );
    response.status(201).json(await oauthLink(deps.connect, callerOf(request).portalId));
  });
  router.delete('/klaviyo-accounts/:id', async (request, response) => {
    const account = await findKlaviyoAccount(deps.db, callerOf(request).portalId, String(request.params.id));
    if (account === null) throw notFound('Klaviyo account');
    await disconnect(deps.connect, account);
    response.status(204).end();
  });
  return router;
}

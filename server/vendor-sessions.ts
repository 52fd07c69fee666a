import type { Logger } from 'pino';
import type { Config } from './config.js';
import type { SyncContext } from './contacts/sync-context.js';
import type { Metrics } from './metrics.js';
import { hubspotAccessToken, hubspotSecretOwner, type HubspotTokenDeps } from './oauth/hubspot-tokens.js';
import { credentialOf, klaviyoSecretOwner, type KlaviyoCredentialDeps } from './oauth/klaviyo-credentials.js';
import type { createSealer } from './oauth/seal.js';
import type { Database } from './store/database.js';
import type { RateLimiter } from './store/rate-limit.js';
import { watchVendors, type Called } from './store/vendor-troubles.js';
import { tracedCall } from './tracing.js';
import type { VendorDeps } from './vendors/call.js';
import { openHubspotSession, type HubspotSession } from './vendors/hubspot/session.js';
import { KlaviyoSession, type KlaviyoCredential } from './vendors/klaviyo/session.js';

/** What every call to a vendor has in common, and the sessions of portals and accounts. */
export interface VendorSessions extends Pick<SyncContext, 'hubspot' | 'klaviyo'> {
  vendor: VendorDeps;
  /** Our app at Klaviyo; null where accounts are connected by API keys alone. */
  klaviyoApp: KlaviyoCredentialDeps['app'];
}

const vendorTimeoutMs = 30_000;

/**
 * Opens sessions with the tokens that are stored, renewed when they end. Every call waits for the limiter, is measured, and
 * tells what stands between us and the vendor.
 */
export function vendorSessions(deps: {
  db: Database;
  log: Logger;
  clock: () => Date;
  owner: string;
  sealer: ReturnType<typeof createSealer>;
  metrics: Metrics;
  limiter: RateLimiter;
  config: Pick<Config, 'hubspot' | 'klaviyo'>;
}): VendorSessions {
  const { db, log, clock, owner, sealer, metrics, limiter, config } = deps;
  const vendor: VendorDeps = {
    limiter,
    timeoutMs: vendorTimeoutMs,
    onCall(call) {
      const { vendor: name, operation, status, seconds } = call;
      metrics.vendorCalls.observe({ vendor: name, operation, status: String(status) }, seconds);
      tracedCall(call);
    },
  };
  const watch = watchVendors(db, log, () => Date.now());
  const watched = (called: Called): Pick<VendorDeps, 'onCall'> => ({
    onCall(call) {
      vendor.onCall(call);
      watch.note(called, call.status);
    },
  });
  const hubspotApp = config.hubspot;
  const { clientId, clientSecret } = config.klaviyo;
  const klaviyoApp =
    clientId === null || clientSecret === null
      ? null
      : { clientId, clientSecret, apiUrl: config.klaviyo.apiUrl, appUrl: config.klaviyo.appUrl };
  const hubspotTokens: HubspotTokenDeps = { db, sealer, app: hubspotApp, owner, clock, metrics };
  const klaviyoCredentials: KlaviyoCredentialDeps = { db, sealer, app: klaviyoApp, owner, clock, metrics };

  const hubspot: SyncContext['hubspot'] = (portalId, priority, fence, known = null): HubspotSession => {
    let last = known === null ? undefined : sealer.open(known, hubspotSecretOwner(portalId));
    let isFirst = known !== null;
    return openHubspotSession({
      ...vendor,
      ...watched({ vendor: 'hubspot', portalId }),
      ...(fence === undefined ? {} : { fence }),
      portalId,
      priority,
      apiUrl: hubspotApp.apiUrl,
      async token(fresh) {
        const isKnown = isFirst && !fresh && last !== undefined;
        isFirst = false;
        return isKnown && last !== undefined
          ? last
          : (last = await hubspotAccessToken(hubspotTokens, portalId, fresh ? last : undefined));
      },
    });
  };
  const klaviyo: SyncContext['klaviyo'] = (accountId, priority, fence, known = null): KlaviyoSession => {
    let last =
      known === null ? undefined : credentialFrom(known, sealer.open(known.secret, klaviyoSecretOwner(accountId)));
    let isFirst = known !== null;
    return new KlaviyoSession({
      ...vendor,
      ...watched({ vendor: 'klaviyo', klaviyoAccountId: accountId }),
      ...(fence === undefined ? {} : { fence }),
      accountId,
      priority,
      apiUrl: config.klaviyo.apiUrl,
      async credential(fresh) {
        const isKnown = isFirst && !fresh && last !== undefined;
        isFirst = false;
        if (isKnown && last !== undefined) return last;
        const refused = fresh && last?.kind === 'oauth' ? last.accessToken : undefined;
        return (last = await credentialOf(klaviyoCredentials, accountId, refused));
      },
    });
  };
  return { vendor, klaviyoApp, hubspot, klaviyo };
}

const credentialFrom = ({ kind }: { kind: 'oauth' | 'api_key' }, secret: string): KlaviyoCredential =>
  kind === 'oauth' ? { kind, accessToken: secret } : { kind, key: secret };

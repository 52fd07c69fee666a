import express, { Router, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from '../metrics.js';
import type { Database } from '../store/database.js';
import { coalesce, hintsOf, mergeOf, type HubspotEvent } from '../rules/hints.js';
import { storeHints, type PortalHints } from '../store/hints.js';
import { together } from '../store/together.js';
import { hubspotEvents } from './hubspot-event.js';
import { checkSignature } from './signature.js';

export interface IntakeDeps {
  db: Database;
  log: Logger;
  clock: () => Date;
  metrics: Metrics;
  clientSecret: string;
  publicUrl: string;
  /** Wakes the unpacking of a portal's hints. */
  wakeUnpacking(portalId: string): void;
}

/** HubSpot sends 100 events at most; a megabyte is far more than they need. */
const largestBody = '1mb';

/** Deliveries stored by one statement at most. */
const deliveriesTogether = 16;

/** Which contacts of which portals events are about, each portal once. */
function byPortal(events: readonly HubspotEvent[]): PortalHints[] {
  const portals = new Map<number, HubspotEvent[]>();
  for (const event of events) {
    const others = portals.get(event.portalId);
    if (others === undefined) portals.set(event.portalId, [event]);
    else others.push(event);
  }
  return [...portals].map(([portalId, own]) => ({
    portalId,
    hints: coalesce(own.flatMap(hintsOf)),
    merges: own.map(mergeOf).filter((merge) => merge !== null),
  }));
}

/**
 * POST /webhooks/hubspot: verify the raw bytes, store which contacts may differ, answer 200. Deliveries that come while
 * others are being stored are stored together by the next statement; each is answered after its own rows are committed.
 */
export function hubspotWebhooks(deps: IntakeDeps): Router {
  const store = together(
    (deliveries: (readonly HubspotEvent[])[]) => storeHints(deps.db, byPortal(deliveries.flat())),
    deliveriesTogether,
  );
  const refuse = (response: Response, status: number, code: string, message: string, fix: string): void => {
    deps.metrics.refusals.inc({ reason: code });
    response.status(status).json({ error: { code, message, fix } });
  };
  const receive: RequestHandler = async (request, response) => {
    const rawBody: Buffer = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const verdict = checkSignature(
      deps.clientSecret,
      {
        method: 'POST',
        url: deps.publicUrl + request.originalUrl,
        rawBody,
        signature: request.get('x-hubspot-signature-v3'),
        timestamp: request.get('x-hubspot-request-timestamp'),
      },
      deps.clock().getTime(),
    );
    if (!verdict.ok) {
      refuse(
        response,
        401,
        verdict.reason,
        'The signature of this webhook is not valid.',
        'Send it signed by HubSpot (v3).',
      );
      return;
    }
    const read = hubspotEvents(rawBody);
    if (read === null) {
      refuse(
        response,
        400,
        'malformed',
        'The body is not a list of HubSpot events.',
        'Send a JSON array of at most 100 events.',
      );
      return;
    }
    const { events, malformed } = read;
    const installed = events.length === 0 ? new Set<number>() : (await store(events)).answer;
    const stored = events.filter(({ portalId }) => installed.has(portalId)).length;
    const count = (outcome: string, n: number): void =>
      deps.metrics.webhookEvents.inc({ vendor: 'hubspot', outcome }, n);
    count('stored', stored);
    // An app that was removed is still told for a while; HubSpot wants its 200 all the same.
    count('unknown_portal', events.length - stored);
    count('malformed', malformed);
    response.status(200).end();
    for (const portalId of new Set(events.map((event) => event.portalId)))
      if (installed.has(portalId)) deps.wakeUnpacking(String(portalId));
  };
  const raw = express.raw({ type: () => true, limit: largestBody });
  return Router().post('/webhooks/hubspot', raw, receive);
}

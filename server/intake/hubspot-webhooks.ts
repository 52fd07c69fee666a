import express, { Router, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from '../metrics.js';
import type { Database } from '../store/database.js';
import { storeHints } from '../store/hints.js';
import { hubspotEvents } from './hubspot-event.js';
import { checkSignature } from './signature.js';
import { wakeOnce } from './wake-once.js';

export interface IntakeDeps {
  db: Database;
  log: Logger;
  clock: () => Date;
  metrics: Metrics;
  clientSecret: string;
  publicUrl: string;
  /** Wakes the unpacking of a portal's events. */
  wakeIntake(portalId: string): Promise<void>;
}

/** HubSpot sends 100 events at most; a megabyte is far more than they need. */
const largestBody = '1mb';

/** POST /webhooks/hubspot: verify the raw bytes, store, answer 200. What the events mean is worked out later. */
export function hubspotWebhooks(deps: IntakeDeps): Router {
  const wake = wakeOnce(deps.wakeIntake, (error) =>
    // The events are safe: the next tick finds them.
    deps.log.warn({ err: error }, 'the unpacking could not be woken'),
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
    const portals = events.length === 0 ? [] : await storeHints(deps.db, 'hubspot', events);
    const known = new Set(portals);
    const stored = events.filter((event) => known.has(String(event.portalId))).length;
    const count = (outcome: string, n: number): void =>
      deps.metrics.webhookEvents.inc({ vendor: 'hubspot', outcome }, n);
    count('stored', stored);
    // An app that was removed is still told for a while; HubSpot wants its 200 all the same.
    count('unknown_portal', events.length - stored);
    count('malformed', malformed);
    response.status(200).end();
    for (const portalId of portals) wake(portalId);
  };
  const raw = express.raw({ type: () => true, limit: largestBody });
  return Router().post('/webhooks/hubspot', raw, receive);
}

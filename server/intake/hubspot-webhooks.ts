import express, { Router, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Metrics } from '../metrics.js';
import { hubspotEventSchema } from '../rules/hints.js';
import type { Database } from '../store/database.js';
import { storeHints } from '../store/hints.js';
import { checkSignature } from './signature.js';

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
const batchSchema = z.array(hubspotEventSchema).max(1000);

/** POST /webhooks/hubspot: verify the raw bytes, store, answer 200. What the events mean is worked out later. */
export function hubspotWebhooks(deps: IntakeDeps): Router {
  const receive: RequestHandler = async (request, response) => {
    const rawBody: Buffer = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const verdict = checkSignature(
      deps.clientSecret,
      { method: 'POST', url: deps.publicUrl + request.originalUrl, rawBody, signature: request.get('x-hubspot-signature-v3'), timestamp: request.get('x-hubspot-request-timestamp') },
      deps.clock().getTime(),
    );
    if (!verdict.ok) {
      deps.metrics.refusals.inc({ reason: verdict.reason });
      response.status(401).json({ error: { code: verdict.reason, message: 'The signature of this webhook is not valid.', fix: 'Send it signed by HubSpot (v3).' } });
      return;
    }
    const events = parse(rawBody);
    if (events === null) {
      deps.metrics.refusals.inc({ reason: 'malformed' });
      response.status(400).json({ error: { code: 'malformed', message: 'The body is not a list of HubSpot events.', fix: 'Send a JSON array of events.' } });
      return;
    }
    const portals = events.length === 0 ? [] : await storeHints(deps.db, 'hubspot', events);
    const known = new Set(portals);
    const stored = events.filter((event) => known.has(String(event.portalId))).length;
    deps.metrics.webhookEvents.inc({ vendor: 'hubspot', outcome: 'stored' }, stored);
    deps.metrics.webhookEvents.inc({ vendor: 'hubspot', outcome: 'unknown_portal' }, events.length - stored);
    response.status(200).end();
    // The events are safe; should the wake-up fail, the next tick finds them.
    await Promise.all(portals.map((portalId) => deps.wakeIntake(portalId))).catch((error: unknown) => deps.log.warn({ err: error }, 'the unpacking could not be woken'));
  };
  return Router().post('/webhooks/hubspot', express.raw({ type: () => true, limit: largestBody }), receive);
}

function parse(rawBody: Buffer): z.infer<typeof batchSchema> | null {
  try {
    const parsed = batchSchema.safeParse(JSON.parse(rawBody.toString('utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not JSON: refused by the caller with its reason.
    return null;
  }
}

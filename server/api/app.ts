import { randomUUID, timingSafeEqual } from 'node:crypto';
import express, { type Express, type RequestHandler, type Router } from 'express';
import helmet from 'helmet';
import { errorCode } from '../error-code.js';
import { withinLogScope } from '../log-scope.js';
import { tracedRequests } from '../tracing.js';
import { accountRoutes } from './accounts.js';
import { activityRoutes } from './activity.js';
import { errorAnswers, notFound } from './api-error.js';
import { connectionRoutes } from './connections.js';
import { contactRoutes } from './contacts.js';
import type { ApiDependencies } from './dependencies.js';
import { fieldRoutes } from './fields.js';
import { issueDownload } from './issue-download.js';
import { issueRoutes } from './issues.js';
import { openApi } from './openapi.js';
import { pickerRoutes } from './pickers.js';
import { signedRequests } from './signed.js';
import { previewRoutes } from './previews.js';
import { explainRoutes } from './explain.js';
import { undoRoutes } from './undo.js';
import { statusRoutes } from './status.js';

export interface AppOptions {
  deps: ApiDependencies;
  /** OAuth flows and webhooks: they have doors of their own. */
  routers: Router[];
  pollSeconds: number;
  metricsToken: string | null;
  /**
   * Answers when database, migrations and queue are in order, with what ails the vendors or waits for a person; throws
   * with the reason.
   */
  ready(): Promise<string[]>;
}

/** The whole outside of the service over HTTP. */
export function createApp({ deps, routers, pollSeconds, metricsToken, ready }: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(helmet());
  app.use(tracedRequests);
  app.use((_request, response, next) => {
    // Shown to who asks, so that what they report is found in the log.
    const requestId = randomUUID();
    response.set('x-request-id', requestId);
    withinLogScope({ requestId }, next);
  });
  app.get('/healthz', (_request, response) => void response.json({ ok: true }));
  app.get('/readyz', async (_request, response) => {
    try {
      // What ails somebody else takes nothing from what this process can do.
      response.json({ ready: true, troubles: await ready() });
    } catch (error) {
      // Anybody may ask: what drivers say names hosts, databases and users.
      const ours = error instanceof Error && errorCode(error) === undefined;
      response.status(503).json({ ready: false, reason: ours ? error.message : 'The database cannot be reached.' });
    }
  });
  app.get('/metrics', guardMetrics(metricsToken), async (_request, response) => {
    response.type(deps.metrics.registry.contentType).send(await deps.metrics.registry.metrics());
  });
  for (const router of routers) app.use(router);
  app.use(issueDownload(deps));
  app.get('/api/v1/openapi.json', (_request, response) => void response.json(openApi(deps.publicUrl)));
  const api = express.Router();
  api.use(...signedRequests(deps));
  for (const routes of [
    accountRoutes(deps),
    pickerRoutes(deps),
    fieldRoutes(deps),
    connectionRoutes(deps),
    previewRoutes(deps),
    undoRoutes(deps),
    explainRoutes(deps),
    statusRoutes(deps, pollSeconds),
    issueRoutes(deps),
    contactRoutes(deps),
    activityRoutes(deps),
  ])
    api.use(routes);
  app.use('/api/v1', api);
  app.use(() => {
    throw notFound('page');
  });
  app.use(errorAnswers(deps.log));
  return app;
}

/** Open on loopback while no token is set; with one, only for who shows it. */
function guardMetrics(token: string | null): RequestHandler {
  return (request, response, next) => {
    const given = Buffer.from(request.get('authorization') ?? '');
    const expected = Buffer.from(`Bearer ${token ?? ''}`);
    const address = request.socket.remoteAddress ?? '';
    // What a proxy on this machine passes on comes from elsewhere.
    const direct = request.get('x-forwarded-for') === undefined && request.get('forwarded') === undefined;
    const loopback = direct && (address === '::1' || address.replace('::ffff:', '').startsWith('127.'));
    const allowed = token === null ? loopback : given.length === expected.length && timingSafeEqual(given, expected);
    if (allowed) return next();
    response.status(401).json({
      error: {
        code: 'unauthorized',
        message: 'Metrics need their token.',
        fix: 'Send Authorization: Bearer <METRICS_TOKEN>.',
      },
    });
  };
}

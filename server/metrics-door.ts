import type { RequestListener } from 'node:http';

/**
 * The port that only watches (`METRICS_PORT`): metrics and health of a process, a worker's too, and nothing else of the
 * service. The metrics keep their own guard.
 */
export function metricsDoor(app: RequestListener): RequestListener {
  return (request, response) => {
    if (/^\/(metrics|healthz|readyz)(\?|$)/.test(request.url ?? '')) return app(request, response);
    response.writeHead(404).end();
  };
}

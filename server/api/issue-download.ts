import { Router } from 'express';
import { withinPortal } from '../store/portal-scope.js';
import { findPortal } from '../store/portals.js';
import { ApiError } from './api-error.js';
import type { ApiDependencies } from './dependencies.js';
import { readTicket } from './download-ticket.js';
import { sendCsv } from './issues-csv.js';

/**
 * GET /downloads/issues.csv: a page in HubSpot takes a megabyte at most and cannot save a file, so the browser fetches it
 * itself, with the ticket that the page was given.
 */
export function issueDownload(deps: Pick<ApiDependencies, 'db' | 'clock' | 'clientSecret' | 'metrics'>): Router {
  const router = Router();
  router.get('/downloads/issues.csv', async (request, response) => {
    response.set('cache-control', 'no-store');
    const { ticket } = request.query;
    const download = typeof ticket === 'string' ? readTicket(deps.clientSecret, ticket, deps.clock()) : null;
    const portal = download === null ? null : await findPortal(deps.db, download.portalId);
    if (download === null || portal === null || portal.state === 'uninstalled') {
      deps.metrics.refusals.inc({ reason: 'download_ticket' });
      throw new ApiError(
        403,
        'download_ticket',
        'This download link is too old.',
        'Ask for a new one under “Issues” on the settings page in HubSpot.',
      );
    }
    const { portalId, ...filter } = download;
    await withinPortal(portalId, () => sendCsv(deps.db, response, portalId, filter));
  });
  return router;
}

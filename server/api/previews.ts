import { Router } from 'express';
import { z } from 'zod';
import { noPreviewCounts, type PreviewCounts } from '../rules/preview-person.js';
import { findPreview, previewRows, previewSamples, queuePreview } from '../store/previews.js';
import { ApiError, notFound } from './api-error.js';
import { connectionOf } from './connections.js';
import type { ApiDependencies } from './dependencies.js';
import { pageSchema, previewSchema } from './schema.js';
import { reasonWords } from './status.js';

/** Samples of each kind that the first look shows. */
const samplesEach = 5;

/** Dry runs of a connection: ask for one, look at its counts, page through its people (F2, F13). */
export function previewRoutes(deps: ApiDependencies): Router {
  const router = Router();
  router.post('/connections/:id/preview', async (request, response) => {
    const connection = await connectionOf(deps, request);
    const { people } = previewSchema.parse(request.body ?? {});
    if (connection.type !== 'contact')
      throw new ApiError(409, 'no_preview', 'Only contact connections have a preview.', 'Activate the connection.');
    const previewId = await queuePreview(deps.db, connection, people ?? null);
    await deps.wakePreview(previewId);
    response.status(202).json({ previewId });
  });
  router.get('/connections/:id/preview/:previewId', async (request, response) => {
    const connection = await connectionOf(deps, request);
    const preview = await findPreview(deps.db, connection.id, String(request.params.previewId));
    if (preview === null) throw notFound('preview');
    const counts: PreviewCounts = { ...noPreviewCounts, ...preview.counts };
    response.json({
      id: preview.id,
      state: preview.state,
      error: preview.error,
      examined: preview.examined,
      isSample: preview.people !== null,
      counts: {
        create: { hubspot: counts.createHubspot, klaviyo: counts.createKlaviyo },
        update: { hubspot: counts.updateHubspot, klaviyo: counts.updateKlaviyo },
        link: counts.link,
        skip: counts.skip,
        subscribe: counts.subscribe,
        conflict: counts.conflict,
        issue: counts.issue,
        unchanged: counts.unchanged,
      },
      cost: { newHubspotContacts: counts.createHubspot, newKlaviyoProfiles: counts.createKlaviyo },
      skipped: Object.entries(preview.skipped)
        .map(([reason, count]) => ({ reason, count, message: reasonWords(reason) }))
        .sort((a, b) => b.count - a.count),
      samples: await previewSamples(deps.db, preview.id, samplesEach),
      createdAt: preview.createdAt.toISOString(),
      finishedAt: preview.finishedAt?.toISOString() ?? null,
    });
  });
  router.get('/connections/:id/preview/:previewId/rows', async (request, response) => {
    const connection = await connectionOf(deps, request);
    const preview = await findPreview(deps.db, connection.id, String(request.params.previewId));
    if (preview === null) throw notFound('preview');
    const { action } = z.object({ action: z.string().max(40).optional() }).parse(request.query);
    const { rows, next } = await previewRows(deps.db, preview.id, { ...pageSchema.parse(request.query), action });
    response.json({ results: rows.map(({ plan }) => plan), next });
  });
  return router;
}

import { Router } from 'express';
import { z } from 'zod';
import { noPreviewCounts, type PersonPreview, type PreviewCounts } from '../rules/preview-person.js';
import { issueWords } from '../rules/words.js';
import { findPreview, previewRows, previewSamples, queuePreview } from '../store/previews.js';
import { ApiError, notFound } from './api-error.js';
import { connectionOf } from './connections.js';
import type { ApiDependencies } from './dependencies.js';
import { pageSchema, previewSchema } from './schema.js';
import { shortValues } from './short-values.js';
import { reasonWords } from './status.js';

/** Samples of each kind that the first look shows. */
const samplesEach = 5;

/** Changes of one person that are answered: enough to judge by, and far from the megabyte that HubSpot passes on. */
const mostChanges = 30;

/** A person of the preview as people read it: what would go wrong with what to do about it. */
const personJson = (person: PersonPreview): Record<string, unknown> => ({
  ...person,
  changes: person.changes.slice(0, mostChanges).map(({ before, after, overruled, ...change }) => ({
    ...change,
    before: shortValues(before),
    after: shortValues(after),
    ...(overruled === undefined ? {} : { overruled: shortValues(overruled) }),
  })),
  moreChanges: Math.max(0, person.changes.length - mostChanges),
  issues: person.issues.map((issue) => ({
    ...issue,
    title: issueWords[issue.code]?.title ?? issue.code,
    fix: issueWords[issue.code]?.fix ?? 'Correct the record, then look again.',
  })),
});

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
      samples: (await previewSamples(deps.db, preview.id, samplesEach)).map(personJson),
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
    response.json({ results: rows.map(({ plan }) => personJson(plan)), next });
  });
  return router;
}

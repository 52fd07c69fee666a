import { Router } from 'express';
import { changePriority } from '../store/changes.js';
import { findIssue, ignoreIssue, issueGroups, issueRecords, listIssues, type IssueRow } from '../store/issue-list.js';
import { repairWords } from '../rules/repair.js';
import { ApiError, notFound } from './api-error.js';
import type { ApiDependencies } from './dependencies.js';
import { downloadTicket, ticketSeconds } from './download-ticket.js';
import { sendCsv } from './issues-csv.js';
import {
  issueExportSchema,
  issueFilterSchema,
  pageSchema,
  repairManySchema,
  repairSchema,
  retryManySchema,
} from './schema.js';
import { callerOf, type Caller } from './signed.js';

export const contactUrl = (caller: Caller, hubspotId: string): string =>
  `https://${caller.uiDomain}/contacts/${caller.portalId}/record/0-1/${hubspotId}`;

function issueJson(issue: IssueRow, caller: Caller): Record<string, unknown> {
  const { id, connectionId, code, title, detail, fix, email, hubspotId, klaviyoId, attempts } = issue;
  return {
    id,
    connectionId,
    code,
    title,
    detail,
    fix,
    contact: { email, hubspotId, klaviyoId, hubspotUrl: hubspotId === null ? null : contactUrl(caller, hubspotId) },
    firstSeenAt: issue.firstSeenAt.toISOString(),
    lastSeenAt: issue.lastSeenAt.toISOString(),
    attempts,
    repair: issue.repair === null ? null : { kind: issue.repair.kind, ...repairWords(issue.repair) },
  };
}

/** Issues: list, groups, CSV, retry and ignore (F5). */
export function issueRoutes(deps: ApiDependencies): Router {
  const router = Router();
  router.get('/issues', async (request, response) => {
    const caller = callerOf(request);
    const { issues, next } = await listIssues(
      deps.db,
      caller.portalId,
      issueFilterSchema.parse(request.query),
      pageSchema.parse(request.query),
    );
    response.json({ results: issues.map((issue) => issueJson(issue, caller)), next });
  });
  router.get('/issues/groups', async (request, response) => {
    response.json({
      results: await issueGroups(deps.db, callerOf(request).portalId, issueFilterSchema.parse(request.query)),
      next: null,
    });
  });
  router.get('/issues.csv', async (request, response) => {
    const { portalId } = callerOf(request);
    await sendCsv(deps.db, response, portalId, issueFilterSchema.parse(request.query));
  });
  router.post('/issues/csv-link', async (request, response) => {
    const { portalId } = callerOf(request);
    const filter = issueExportSchema.parse(request.body ?? {});
    const now = deps.clock();
    const ticket = downloadTicket(deps.clientSecret, { portalId, ...filter }, now);
    response.status(201).json({
      url: `${deps.publicUrl}/downloads/issues.csv?ticket=${ticket}`,
      expiresAt: new Date(now.getTime() + ticketSeconds * 1000).toISOString(),
    });
  });
  router.post('/issues/retry', async (request, response) => {
    const { portalId } = callerOf(request);
    const filter = retryManySchema.parse(request.body);
    let after = '0';
    let retried = 0;
    for (;;) {
      const records = await issueRecords(deps.db, portalId, filter, after, 500);
      if (records.length === 0) break;
      for (const [account, mine] of grouped(records)) {
        await deps.noticeRecords(
          portalId,
          account,
          mine.map(({ side, recordId }) => ({ side, recordId, priority: changePriority.retry, cause: 'retry' })),
        );
      }
      retried += records.length;
      after = records.at(-1)?.id ?? after;
    }
    response.status(202).json({ retried });
  });
  router.post('/issues/repair', async (request, response) => {
    const { portalId } = callerOf(request);
    const { region, ...filter } = repairManySchema.parse(request.body);
    response.status(202).json({ repaired: await deps.repairs.all(portalId, filter, { region }) });
  });
  router.post('/issues/:id/repair', async (request, response) => {
    const caller = callerOf(request);
    const choice = repairSchema.parse(request.body ?? {});
    const issue = await findIssue(deps.db, caller.portalId, String(request.params.id));
    if (issue === null) throw notFound('issue');
    if (!(await deps.repairs.one(caller.portalId, issue.id, choice)))
      throw new ApiError(409, 'no_repair', 'This issue has no repair that the app can do itself.', issue.fix);
    response.status(202).json(issueJson(issue, caller));
  });
  router.post('/issues/:id/retry', async (request, response) => {
    const caller = callerOf(request);
    const issue = await findIssue(deps.db, caller.portalId, String(request.params.id));
    if (issue === null) throw notFound('issue');
    if (issue.recordId !== '')
      await deps.noticeRecords(caller.portalId, issue.klaviyoAccountId, [
        { side: issue.side, recordId: issue.recordId, priority: changePriority.person, cause: 'retry' },
      ]);
    response.status(202).json(issueJson(issue, caller));
  });
  router.post('/issues/:id/ignore', async (request, response) => {
    const caller = callerOf(request);
    const issue = await findIssue(deps.db, caller.portalId, String(request.params.id));
    if (issue === null) throw notFound('issue');
    await ignoreIssue(deps.db, caller.portalId, issue.id);
    response.status(202).json(issueJson(issue, caller));
  });
  return router;
}

function grouped<T extends { klaviyoAccountId: string }>(records: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const record of records) {
    const mine = groups.get(record.klaviyoAccountId) ?? [];
    mine.push(record);
    groups.set(record.klaviyoAccountId, mine);
  }
  return groups;
}

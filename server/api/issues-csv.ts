import type { Response } from 'express';
import type { Database } from '../store/database.js';
import { listIssues, type IssueFilter } from '../store/issue-list.js';

/** A cell that no spreadsheet takes for a formula, and no comma breaks. */
export function csvCell(value: string | null): string {
  const text = value ?? '';
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}

/** Writes the open issues of a portal as a file, a page at a time, however many there are. */
export async function sendCsv(db: Database, response: Response, portalId: string, filter: IssueFilter): Promise<void> {
  response.type('text/csv').attachment('issues.csv');
  // Spreadsheets take a file for UTF-8 only with this mark.
  response.write('\ufeff');
  response.write('code,title,detail,fix,email,hubspot_id,klaviyo_id,first_seen_at,attempts\r\n');
  let cursor: string | undefined;
  do {
    const page = await listIssues(db, portalId, filter, { cursor, limit: 200 });
    for (const issue of page.issues) {
      const cells = [
        issue.code,
        issue.title,
        issue.detail,
        issue.fix,
        issue.email,
        issue.hubspotId,
        issue.klaviyoId,
        issue.firstSeenAt.toISOString(),
        String(issue.attempts),
      ];
      response.write(`${cells.map(csvCell).join(',')}\r\n`);
    }
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  response.end();
}

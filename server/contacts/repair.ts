import { changePriority } from '../store/changes.js';
import { findIssue, issueRecords, issueRepairs, type IssueFilter } from '../store/issue-list.js';
import { configurationChanged } from '../store/contact-connections.js';
import type { Repair } from '../rules/repair.js';
import { createOption } from '../vendors/hubspot/properties.js';
import { noteAndWake } from './drain.js';
import type { SyncContext } from './sync-context.js';

/** What a repair needs beside the sync: reading the fields of both sides anew. */
export interface RepairContext extends SyncContext {
  refreshFields(portalId: string, klaviyoAccountId: string): Promise<void>;
}

/** Does what an issue's button says, and looks at its record again. Answers false when the issue has no button. */
export async function repairIssue(ctx: RepairContext, portalId: string, id: string): Promise<boolean> {
  const issue = await findIssue(ctx.db, portalId, id);
  if (issue?.repair == null) return false;
  await carryOut(ctx, portalId, issue.klaviyoAccountId, [issue.repair]);
  if (issue.recordId !== '')
    await noteAndWake(ctx, portalId, issue.klaviyoAccountId, [
      { side: issue.side, recordId: issue.recordId, priority: changePriority.person, cause: 'repair' },
    ]);
  return true;
}

/** Does the same for every issue of a connection or cause: each distinct repair once. Answers how many records wait for it. */
export async function repairIssues(ctx: RepairContext, portalId: string, filter: IssueFilter): Promise<number> {
  for (const [klaviyoAccountId, repairs] of await issueRepairs(ctx.db, portalId, filter))
    await carryOut(ctx, portalId, klaviyoAccountId, repairs);
  let after = '0';
  let repaired = 0;
  for (;;) {
    const page = await issueRecords(ctx.db, portalId, filter, after, 500);
    const records = page.filter(({ repairable }) => repairable);
    const last = page.at(-1);
    if (last === undefined) return repaired;
    for (const account of new Set(records.map(({ klaviyoAccountId }) => klaviyoAccountId))) {
      const mine = records.filter(({ klaviyoAccountId }) => klaviyoAccountId === account);
      await noteAndWake(
        ctx,
        portalId,
        account,
        mine.map(({ side, recordId }) => ({ side, recordId, priority: changePriority.retry, cause: 'repair' })),
      );
    }
    repaired += records.length;
    after = last.id;
  }
}

async function carryOut(
  ctx: RepairContext,
  portalId: string,
  klaviyoAccountId: string,
  repairs: readonly Repair[],
): Promise<void> {
  const session = ctx.hubspot(portalId, 'person');
  for (const repair of repairs) {
    if (repair.kind === 'create_option')
      await createOption(session, repair.property, { value: repair.value, label: repair.value });
  }
  // The next pass compares with the fields as they are now.
  if (repairs.length > 0) await ctx.refreshFields(portalId, klaviyoAccountId);
  if (repairs.some(({ kind }) => kind === 'refresh_fields')) await configurationChanged(ctx.db, klaviyoAccountId);
}

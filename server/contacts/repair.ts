import { RecordRefused, RetryLater } from '../errors.js';
import { repairedPhone, type Repair } from '../rules/repair.js';
import { changePriority } from '../store/changes.js';
import { configurationChanged } from '../store/contact-connections.js';
import { noteHistory } from '../store/history.js';
import { findIssue, issuesWithRepairs, type IssueFilter, type RepairableIssue } from '../store/issue-list.js';
import { acquireLease, releaseLease } from '../store/lease.js';
import { relink } from '../store/links.js';
import { createOption } from '../vendors/hubspot/properties.js';
import { update as updateContacts } from '../vendors/hubspot/contacts.js';
import { update as updateProfile } from '../vendors/klaviyo/profiles.js';
import { noteAndWake } from './drain.js';
import type { SyncContext } from './sync-context.js';

/** What a repair needs beside the sync: reading the fields of both sides anew. */
export interface RepairContext extends SyncContext {
  refreshFields(portalId: string, klaviyoAccountId: string): Promise<void>;
}

/** What the person chose; `region` is an ISO 3166 country code. */
export interface RepairChoice {
  region?: string | undefined;
}

/** Does what an issue's button says, and looks at its record again. Answers false when the issue has no button. */
export async function repairIssue(
  ctx: RepairContext,
  portalId: string,
  id: string,
  choice: RepairChoice,
): Promise<boolean> {
  const issue = await findIssue(ctx.db, portalId, id);
  if (issue?.repair == null) return false;
  await carryOut(ctx, portalId, [{ ...issue, repair: issue.repair }], choice);
  return true;
}

/** Does the same for every issue of a connection or cause: what they share is done once. Answers how many were repaired. */
export async function repairIssues(
  ctx: RepairContext,
  portalId: string,
  filter: IssueFilter,
  choice: RepairChoice,
): Promise<number> {
  let after = '0';
  let repaired = 0;
  for (;;) {
    const issues = await issuesWithRepairs(ctx.db, portalId, filter, after, 200);
    const last = issues.at(-1);
    if (last === undefined) return repaired;
    repaired += await carryOut(ctx, portalId, issues, choice);
    after = last.id;
  }
}

async function carryOut(
  ctx: RepairContext,
  portalId: string,
  issues: readonly RepairableIssue[],
  choice: RepairChoice,
): Promise<number> {
  let repaired = 0;
  for (const account of new Set(issues.map(({ klaviyoAccountId }) => klaviyoAccountId))) {
    const mine = issues.filter(({ klaviyoAccountId }) => klaviyoAccountId === account);
    const shared = new Map(mine.map(({ repair }) => [JSON.stringify(repair), repair]));
    let fields = false;
    for (const repair of shared.values()) {
      if (repair.kind === 'create_option')
        await createOption(ctx.hubspot(portalId, 'person'), repair.property, {
          value: repair.value,
          label: repair.value,
        });
      fields ||= repair.kind === 'create_option' || repair.kind === 'refresh_fields';
    }
    // The next pass compares with the fields as they are now.
    if (fields) await ctx.refreshFields(portalId, account);
    if (mine.some(({ repair }) => repair.kind === 'refresh_fields')) await configurationChanged(ctx.db, account);
    const done: RepairableIssue[] = [];
    for (const issue of mine) {
      try {
        await ofOneRecord(ctx, portalId, issue, choice);
        done.push(issue);
      } catch (error) {
        // One record that cannot be repaired keeps its issue; of a single one the person is told why.
        if (!(error instanceof RecordRefused) || issues.length === 1) throw error;
      }
    }
    await noteAndWake(
      ctx,
      portalId,
      account,
      done
        .filter(({ recordId }) => recordId !== '')
        .map(({ side, recordId }) => ({ side, recordId, priority: changePriority.person, cause: 'repair' })),
    );
    repaired += done.length;
  }
  return repaired;
}

async function ofOneRecord(
  ctx: RepairContext,
  portalId: string,
  issue: RepairableIssue,
  choice: RepairChoice,
): Promise<void> {
  const { repair } = issue;
  if (repair.kind === 'phone_region') await normalisePhone(ctx, portalId, issue, repair, choice);
  if (repair.kind === 'adopt_holder') await adoptHolder(ctx, issue, repair);
}

async function normalisePhone(
  ctx: RepairContext,
  portalId: string,
  issue: RepairableIssue,
  repair: Extract<Repair, { kind: 'phone_region' }>,
  { region }: RepairChoice,
): Promise<void> {
  if (region === undefined)
    throw new RecordRefused('region_missing', 'Choose a country first.', { status: 422, field: 'region' });
  const number = repairedPhone(repair, region);
  if (number === null)
    throw new RecordRefused('invalid_phone', `“${repair.text}” is no phone number of ${region}.`, {
      status: 422,
      field: 'region',
    });
  if (repair.side === 'hubspot') {
    const outcome = (
      await updateContacts(ctx.hubspot(portalId, 'person'), [
        { id: issue.hubspotId ?? '', properties: { [repair.field]: number } },
      ])
    ).get(issue.hubspotId ?? '');
    if (outcome?.ok === false) throw outcome.refused;
  } else {
    const value = { [repair.field]: number };
    await updateProfile(ctx.klaviyo(issue.klaviyoAccountId, 'person'), issue.klaviyoId ?? '', {
      attributes: repair.attribute ? value : {},
      properties: repair.attribute ? {} : value,
      unset: [],
    });
  }
  await noteHistory(ctx.db, portalId, issue.klaviyoAccountId, [
    {
      connectionId: issue.connectionId,
      runId: null,
      side: repair.side,
      action: 'update',
      hubspotId: issue.hubspotId,
      klaviyoId: issue.klaviyoId,
      email: issue.email,
      fields: [
        {
          field: repair.field,
          oldValue: repair.text,
          newValue: number,
          because: `Read as a number of ${region}, by the issue’s button.`,
        },
      ],
      because: 'Somebody pressed the issue’s button.',
    },
  ]);
}

/** Works under the account's lease: a batch under way would write the old pair down again. */
async function adoptHolder(
  ctx: RepairContext,
  issue: RepairableIssue,
  repair: Extract<Repair, { kind: 'adopt_holder' }>,
): Promise<void> {
  const name = `drain:${issue.klaviyoAccountId}`;
  for (let tries = 0; ; tries += 1) {
    const lease = await acquireLease(ctx.db, name, `${ctx.owner}:repair`, 10);
    if (lease !== null) {
      try {
        const kept = await relink(ctx.db, issue.klaviyoAccountId, {
          from: repair.side === 'klaviyo' ? issue.hubspotId : issue.klaviyoId,
          side: repair.side,
          to: repair.holderId,
        });
        if (!kept)
          throw new RecordRefused('holder_linked', `Record ${repair.holderId} is linked with somebody else already.`, {
            status: 409,
          });
        return;
      } finally {
        await releaseLease(ctx.db, lease);
        await ctx.wakeDrain(issue.klaviyoAccountId);
      }
    }
    if (tries > 40) throw new RetryLater('The sync of this account is busy.', 5);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

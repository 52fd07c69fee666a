import type { Standing } from '../rules/person.js';
import { emailKey } from '../rules/plan-person.js';
import type { Canonical } from '../rules/reconcile.js';
import { becauseOfWrite, issueWords, sideName } from '../rules/words.js';
import { noteChanges, postponeChanges, settleChanges, type ClaimedChange } from '../store/changes.js';
import { noteHistory, settleHistory, type HistoryEntry } from '../store/history.js';
import { clearIssues, openIssues, type NewIssue } from '../store/issues.js';
import { assertLease, type Lease } from '../store/lease.js';
import { endLinks, insertLinks, updateLinks, type NewLink } from '../store/links.js';
import { advanceRun } from '../store/runs.js';
import { saveStandings, type StandingRow } from '../store/standings.js';
import { countUsage } from '../store/usage.js';
import type { AccountScope } from './account-scope.js';
import type { Applied } from './apply.js';
import { countOutcomes, type OutcomeCounts } from './count-outcomes.js';
import type { Intents } from './intend.js';
import type { SyncContext } from './sync-context.js';

export interface RecordInput {
  applied: readonly Applied[];
  intents: Intents;
  /** Change rows that this batch answers. */
  claimed: readonly ClaimedChange[];
  /** The run this batch is a page of, and where it goes on. */
  run: { id: string; cursor: unknown; total: number | null; done: number } | null;
}

/**
 * Writes down what a batch did, in one transaction fenced by the lease: links with their new base, standings with their
 * counts, issues opened and closed, history settled, changes taken off, the run's cursor moved. A process that lost its
 * lease writes nothing.
 */
export async function record(
  ctx: SyncContext,
  scope: AccountScope,
  lease: Lease,
  input: RecordInput,
): Promise<OutcomeCounts> {
  const { portalId, klaviyoAccountId } = scope;
  const connectionIds = scope.connections.map((connection) => connection.id);
  const counts = countOutcomes(input.applied);
  await ctx.db.transaction(async (tx) => {
    await assertLease(tx, lease);
    const kept = await recordLinks(tx, scope, input.applied);
    const settled = input.applied.filter((person) => person.deferred === null && kept(person));
    const postponed = input.applied.filter((person) => person.deferred !== null || !kept(person));
    const standings = settled.flatMap((person) => standingRows(person));
    await saveStandings(
      tx,
      portalId,
      standings,
      settled.flatMap((person) => movedStandings(person)),
    );
    const issues = settled.flatMap((person) => newIssues(person));
    await clearIssues(
      tx,
      connectionIds,
      settled.flatMap((person) => recordsOf(person)),
      issues,
    );
    await openIssues(tx, portalId, issues);
    await settleHistory(tx, input.intents.settled(input.applied));
    await noteHistory(
      tx,
      portalId,
      klaviyoAccountId,
      input.applied.flatMap((person) => doneEntries(person, input.run?.id ?? null)),
    );
    await countUsage(
      tx,
      portalId,
      settled
        .filter((person) => person.plan.standings.some((standing) => standing.state === 'in_sync'))
        .flatMap((person) => person.plan.email ?? []),
    );
    await settleChanges(tx, klaviyoAccountId, claimedBut(input.claimed, postponed));
    await postpone(tx, scope, input.claimed, postponed);
    if (input.run !== null) await advanceRun(tx, input.run.id, { ...input.run, counts: { ...counts } });
  });
  return counts;
}

type Transaction = Parameters<typeof noteChanges>[0];

/** Keeps, makes and ends links. Answers which people's links stand; a record linked meanwhile is looked at again. */
async function recordLinks(
  tx: Transaction,
  scope: AccountScope,
  applied: readonly Applied[],
): Promise<(person: Applied) => boolean> {
  const fresh: (NewLink & { person: Applied })[] = [];
  const known: (NewLink & { id: string })[] = [];
  for (const person of applied) {
    const { plan, hubspotId, klaviyoId } = person;
    if (plan.ending !== null || plan.forget || hubspotId === null || klaviyoId === null || plan.email === null)
      continue;
    const link = {
      hubspotId,
      klaviyoId,
      email: emailAfter(person),
      base: baseAfter(person),
      // Of a record that was written the modified time is not known: the next sweep looks at it once.
      hubspotModifiedAt:
        person.outcome.hubspot === 'nothing' ? (plan.person.hubspot?.properties['lastmodifieddate'] ?? null) : null,
      klaviyoModifiedAt: person.outcome.klaviyo === 'nothing' ? (plan.person.klaviyo?.updated ?? null) : null,
    };
    if (plan.person.link !== null) known.push({ ...link, id: plan.person.link.id });
    else if (plan.connectionIds.length > 0 && !plan.standings.every((standing) => standing.state === 'skipped'))
      fresh.push({ ...link, person });
  }
  const taken = await insertLinks(
    tx,
    scope.portalId,
    scope.klaviyoAccountId,
    fresh.map(({ person: _person, ...link }) => link),
  );
  await updateLinks(tx, scope.klaviyoAccountId, known);
  const ended = applied.filter(({ plan }) => plan.ending !== null && plan.person.link !== null);
  await endLinks(
    tx,
    scope.portalId,
    scope.klaviyoAccountId,
    ended.flatMap(({ plan }) => plan.person.link?.id ?? []),
    ended
      .filter(({ plan }) => !plan.forget)
      .flatMap(({ plan, hubspotId, klaviyoId }) => {
        const side = plan.ending === 'deleted_in_hubspot' ? 'klaviyo' : 'hubspot';
        const recordId = side === 'klaviyo' ? klaviyoId : hubspotId;
        return recordId === null ? [] : ([{ side, recordId, reason: plan.ending ?? '' }] as const);
      }),
  );
  const refused = new Set(fresh.filter((link) => !taken.has(link.hubspotId)).map((link) => link.person));
  return (person) => !refused.has(person);
}

/** A write counts as agreed once its side confirmed it and did not refuse that field. */
const confirmed = (person: Applied, write: { side: 'hubspot' | 'klaviyo'; key: string }): boolean =>
  !person.refusedKeys.has(write.key) &&
  (person.outcome[write.side] === 'done' || person.outcome[write.side] === 'nothing');

function baseAfter(person: Applied): Record<string, Canonical> {
  const { plan } = person;
  const base: Record<string, Canonical> = { ...plan.person.link?.base, ...plan.agreed };
  for (const write of plan.writes)
    if (write.key !== emailKey && confirmed(person, write)) base[write.key] = write.newValue;
  return base;
}

function emailAfter(person: Applied): string {
  const { plan } = person;
  const write = plan.writes.find(({ key }) => key === emailKey);
  if (write !== undefined && !confirmed(person, write)) return plan.person.link?.email ?? plan.email ?? '';
  return plan.email ?? '';
}

/** Where a person's standings and issues are kept: under the contact, else under the profile. */
function homeOf(person: Applied): { side: 'hubspot' | 'klaviyo'; recordId: string } | null {
  if (person.plan.person.vanishedId !== undefined) return null;
  if (person.hubspotId !== null && person.plan.ending !== 'deleted_in_hubspot')
    return { side: 'hubspot', recordId: person.hubspotId };
  return person.klaviyoId === null ? null : { side: 'klaviyo', recordId: person.klaviyoId };
}

function recordsOf(person: Applied): { side: 'hubspot' | 'klaviyo'; recordId: string }[] {
  const { vanishedId } = person.plan.person;
  return [
    ...(person.hubspotId === null ? [] : [{ side: 'hubspot', recordId: person.hubspotId } as const]),
    ...(person.klaviyoId === null ? [] : [{ side: 'klaviyo', recordId: person.klaviyoId } as const]),
    ...(vanishedId === undefined ? [] : [{ side: vanishedId.side, recordId: vanishedId.id }]),
  ];
}

function standingRows(person: Applied): StandingRow[] {
  const home = homeOf(person);
  if (home === null || person.plan.forget) return [];
  return person.plan.standings.map((standing) => ({
    ...standing,
    ...home,
    ...afterRefusal(person, standing),
    lists: listsAfter(person, standing),
  }));
}

function afterRefusal(person: Applied, standing: Standing): Pick<Standing, 'state' | 'reason' | 'message'> {
  const refusal = person.refusals[0];
  if (refusal === undefined || standing.state !== 'in_sync') return standing;
  return { state: 'failed', reason: refusal.code, message: refusal.detail };
}

function listsAfter(person: Applied, standing: Standing): string[] {
  const adds = person.plan.listAdds
    .filter((list) => list.connectionId === standing.connectionId)
    .map((list) => list.listId);
  return standing.lists.filter((listId) => !adds.includes(listId) || person.joined.has(listId));
}

/** Standings that are kept under another record from now on, or not at all. */
function movedStandings(person: Applied): { connectionId: string; side: 'hubspot' | 'klaviyo'; recordId: string }[] {
  const home = homeOf(person);
  const elsewhere = recordsOf(person).filter(
    (at) => person.plan.forget || home === null || at.side !== home.side || at.recordId !== home.recordId,
  );
  return person.plan.person.standings.flatMap(({ connectionId }) => elsewhere.map((at) => ({ connectionId, ...at })));
}

function newIssues(person: Applied): NewIssue[] {
  const home = homeOf(person);
  const first = person.plan.connectionIds[0];
  if (home === null || first === undefined) return [];
  const found = [
    ...person.plan.issues,
    ...person.refusals.map((refusal) => ({ ...refusal, connectionId: connectionOf(person, refusal) ?? first })),
  ];
  return found.map((issue) => ({
    connectionId: issue.connectionId,
    code: issue.code,
    ...home,
    field: issue.field,
    title: issueWords[issue.code]?.title ?? `${sideName[issue.side]} refuses the record`,
    detail: issue.detail,
    fix: issueWords[issue.code]?.fix ?? 'Correct the record, then retry.',
    hubspotId: person.hubspotId,
    klaviyoId: person.klaviyoId,
    email: person.plan.email,
  }));
}

function connectionOf(person: Applied, refusal: { side: string; field: string }): string | undefined {
  return person.plan.writes.find((write) => write.side === refusal.side && write.field === refusal.field)?.connectionId;
}

/** What happened beside the intended writes: pairs linked and ended, lists joined and left. */
function doneEntries(person: Applied, runId: string | null): HistoryEntry[] {
  const { plan, hubspotId, klaviyoId } = person;
  const connectionId = plan.connectionIds[0] ?? plan.standings[0]?.connectionId;
  if (connectionId === undefined) return [];
  const entry = (more: Pick<HistoryEntry, 'action' | 'because'> & Partial<HistoryEntry>): HistoryEntry => ({
    connectionId,
    runId,
    side: 'klaviyo',
    hubspotId,
    klaviyoId,
    email: plan.email,
    fields: [],
    ...more,
  });
  const linkedNow = plan.person.link === null && plan.person.hubspot !== null && plan.person.klaviyo !== null;
  const standsAside = plan.standings.every(
    (standing) => standing.state === 'skipped' || standing.state === 'not_in_scope',
  );
  return [
    ...(linkedNow && person.deferred === null && !standsAside
      ? [entry({ action: 'link', because: 'Both records have the same email address.' })]
      : []),
    ...(plan.ending === null
      ? []
      : [
          entry({
            action: 'unlink',
            because:
              plan.ending === 'deleted_in_hubspot'
                ? 'The contact was deleted in HubSpot.'
                : 'The profile was deleted in Klaviyo.',
          }),
        ]),
    ...plan.listAdds
      .filter((list) => person.joined.has(list.listId))
      .map((list) =>
        entry({
          connectionId: list.connectionId,
          action: 'list_add',
          fields: [listField(list.listId, 'joined')],
          because: 'A rule of the connection matches.',
        }),
      ),
    ...plan.listRemoves
      .filter((list) => person.left.has(list.listId))
      .map((list) =>
        entry({
          connectionId: list.connectionId,
          action: 'list_remove',
          fields: [listField(list.listId, 'left')],
          because: 'No rule of the connection matches any more.',
        }),
      ),
  ];
}

const listField = (listId: string, what: 'joined' | 'left'): HistoryEntry['fields'][number] => ({
  field: `list ${listId}`,
  oldValue: what === 'joined' ? null : listId,
  newValue: what === 'joined' ? listId : null,
  because: becauseOfWrite(what === 'joined' ? 'changed' : 'emptied', 'klaviyo'),
});

function claimedBut(claimed: readonly ClaimedChange[], postponed: readonly Applied[]): ClaimedChange[] {
  const keys = new Set(postponed.flatMap((person) => recordsOf(person).map((at) => `${at.side}:${at.recordId}`)));
  return claimed.filter((change) => !keys.has(`${change.side}:${change.recordId}`));
}

/** Postponed people keep their change row, with a growing pause; those a scan brought get one. */
async function postpone(
  tx: Transaction,
  scope: AccountScope,
  claimed: readonly ClaimedChange[],
  postponed: readonly Applied[],
): Promise<void> {
  const claims = new Map(claimed.map((change) => [`${change.side}:${change.recordId}`, change]));
  const waiting: { side: 'hubspot' | 'klaviyo'; recordId: string; afterSeconds: number }[] = [];
  const noted: { side: 'hubspot' | 'klaviyo'; recordId: string; afterSeconds: number }[] = [];
  for (const person of postponed) {
    const seconds = person.deferred?.seconds ?? 1;
    const records = recordsOf(person);
    const rows = records.flatMap((at) => claims.get(`${at.side}:${at.recordId}`) ?? []);
    for (const row of rows)
      waiting.push({
        side: row.side,
        recordId: row.recordId,
        afterSeconds: Math.max(seconds, Math.min(2 ** row.attempts, 900)),
      });
    const first = records[0];
    if (rows.length === 0 && first !== undefined) noted.push({ ...first, afterSeconds: seconds });
  }
  await postponeChanges(tx, scope.klaviyoAccountId, waiting);
  await noteChanges(
    tx,
    scope.portalId,
    scope.klaviyoAccountId,
    noted.map((row) => ({ ...row, priority: 2, cause: 'postponed' })),
  );
}

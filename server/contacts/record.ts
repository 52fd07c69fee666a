import { issueWords, sideName } from '../rules/words.js';
import { noteChanges, postponeChanges, settleChanges, type ClaimedChange } from '../store/changes.js';
import { saveConsents } from '../store/consents.js';
import { noteHistory, settleHistory } from '../store/history.js';
import { clearIssues, openIssues, type NewIssue } from '../store/issues.js';
import { assertLease, type Lease } from '../store/lease.js';
import { clearTombstones, endLinks, insertLinks, updateLinks } from '../store/links.js';
import { settleListWrites } from '../store/list-writes.js';
import { resolveOwnWrites } from '../store/own-writes.js';
import { forgetMembers, noteStale } from '../store/roster.js';
import { advanceRun } from '../store/runs.js';
import { saveStandings, type StandingRow } from '../store/standings.js';
import { countUsage } from '../store/usage.js';
import type { AccountScope } from './account-scope.js';
import type { Applied } from './apply.js';
import { writesOf } from './apply-lists.js';
import { consentAfter, outlived } from './consent-after.js';
import { countOutcomes, type OutcomeCounts } from './count-outcomes.js';
import { doneEntries } from './done-entries.js';
import type { Intents } from './intend.js';
import { linkRows } from './link-rows.js';
import { homeOf, recordsOf } from './person-home.js';
import { awaited, noteAwaiting, releasedNumbers } from './released-numbers.js';
import { movedStandings, standingRows } from './standings-after.js';
import type { SyncContext } from './sync-context.js';

export interface RecordInput {
  applied: readonly Applied[];
  intents: Intents;
  /** Change rows that this batch answers. */
  claimed: readonly ClaimedChange[];
  /** The run this batch is a page of, and where it goes on; without a cursor, where it is. */
  run: { id: string; cursor?: unknown; total: number | null; done: number } | null;
}

/**
 * Writes down what a batch did, in one transaction fenced by the lease: links with their new base, standings with their
 * counts, issues opened and closed, history settled, changes taken off, the run's cursor moved. A process that lost its
 * lease writes nothing. `before`: the batch of the same run whose end must be awaited first; all that can be worked out
 * ahead is, for batches follow each other here one by one.
 */
export async function record(
  ctx: SyncContext,
  scope: AccountScope,
  lease: Lease,
  input: RecordInput,
  before?: Promise<void>,
): Promise<OutcomeCounts> {
  const { portalId, klaviyoAccountId } = scope;
  const { applied, claimed, run } = input;
  const connectionIds = scope.connections.map((connection) => connection.id);
  holdBackLosers(applied);
  const counts = countOutcomes(applied);
  const links = linkRows(applied);
  const history = {
    settled: input.intents.settled(applied),
    done: applied.flatMap((person) => doneEntries(person, run?.id ?? null)),
  };
  const released = releasedNumbers(applied, scope.fieldsOf(connectionIds));
  const consents = applied.flatMap((person) => consentAfter(person, ctx.clock()));
  const left = leftLists(applied);
  const whenAllKept = rowsAfter(scope, applied, new Set());
  await before;
  await ctx.db.transaction(async (tx) => {
    await endLinks(tx, portalId, klaviyoAccountId, links.ended, links.tombstones);
    const taken = await insertLinks(
      tx,
      portalId,
      klaviyoAccountId,
      links.fresh.map(({ link }) => link),
    );
    await updateLinks(tx, klaviyoAccountId, links.known);
    // Linked meanwhile: looked at again.
    const refused = new Set(links.fresh.filter(({ link }) => !taken.has(link.hubspotId)).map(({ person }) => person));
    const rows = refused.size === 0 ? whenAllKept : rowsAfter(scope, applied, refused);
    await saveStandings(tx, portalId, rows.standings, rows.movedStandings);
    await settleListWrites(tx, klaviyoAccountId, rows.listWrites);
    await clearIssues(tx, connectionIds, rows.records, rows.issues);
    await openIssues(tx, portalId, rows.issues);
    await resolveOwnWrites(tx, rows.ownWrites);
    await settleHistory(tx, history.settled);
    await noteHistory(tx, portalId, klaviyoAccountId, history.done);
    await saveConsents(tx, portalId, klaviyoAccountId, consents);
    await clearTombstones(tx, klaviyoAccountId, rows.outlived);
    await countUsage(tx, portalId, rows.inSync);
    await settleChanges(tx, klaviyoAccountId, claimedBut(claimed, rows.postponed));
    await postpone(tx, scope, claimed, rows.postponed);
    await noteAwaiting(tx, scope, released);
    await noteStale(tx, klaviyoAccountId, claimed);
    for (const [listId, klaviyoIds] of left) await forgetMembers(tx, klaviyoAccountId, listId, klaviyoIds);
    if (run !== null) await advanceRun(tx, run.id, { ...run, counts: { ...counts } });
    // Last: until the commit nobody renews it, and a thousand people take their time.
    await assertLease(tx, lease);
  });
  return counts;
}

/** What is written of people whose link stands; those whose link was `refused` wait, as do those who are deferred. Pure. */
function rowsAfter(
  scope: AccountScope,
  applied: readonly Applied[],
  refused: ReadonlySet<Applied>,
): {
  postponed: Applied[];
  standings: StandingRow[];
  movedStandings: Parameters<typeof saveStandings>[3];
  listWrites: ReturnType<typeof writesOf>;
  records: ReturnType<typeof recordsOf>;
  issues: NewIssue[];
  ownWrites: string[];
  outlived: ReturnType<typeof outlived>;
  /** Emails of people in sync. */
  inSync: string[];
} {
  const waits = (person: Applied): boolean => person.deferred !== null || refused.has(person);
  const settled = applied.filter((person) => !waits(person));
  const postponed = applied.filter(waits);
  // Of people who wait, the lists they joined already are kept: else nobody would take them off again (B8).
  const joined = postponed.filter((person) => !refused.has(person) && person.joined.size > 0);
  return {
    postponed,
    standings: [...settled, ...joined].flatMap(standingRows),
    movedStandings: settled.flatMap(movedStandings),
    listWrites: writesOf(scope, settled),
    records: settled.flatMap(recordsOf),
    issues: settled.flatMap(newIssues),
    ownWrites: settled
      .filter((person) => person.refusals.length === 0)
      .flatMap(({ plan }) => plan.person.ownWrites)
      .map(({ id }) => id),
    outlived: settled.flatMap(outlived),
    inSync: settled
      .filter((person) => person.plan.standings.some((standing) => standing.state === 'in_sync'))
      .flatMap((person) => person.plan.email ?? []),
  };
}

/** Profiles by the lists they left. Pure. */
function leftLists(applied: readonly Applied[]): Map<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const { left, klaviyoId } of applied) {
    if (klaviyoId === null) continue;
    for (const listId of left) lists.set(listId, [...(lists.get(listId) ?? []), klaviyoId]);
  }
  return lists;
}

type Transaction = Parameters<typeof noteChanges>[0];

/**
 * The loser of a merge waits with its survivor: its link is what tells the next pass that the survivor's person may
 * have opted out under it (C6).
 */
function holdBackLosers(applied: readonly Applied[]): void {
  const waiting = new Map(applied.flatMap((person) => (person.deferred === null ? [] : [[person.hubspotId, person]])));
  for (const person of applied) {
    const survivor =
      person.plan.ending === 'merged_in_hubspot' ? person.plan.person.mergedInto?.hubspot?.id : undefined;
    if (survivor !== undefined) person.deferred ??= waiting.get(survivor)?.deferred ?? null;
  }
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
    ...(issue.repair === undefined ? {} : { repair: issue.repair }),
    ...('rests' in issue && issue.rests === true ? { rests: true } : {}),
    ...awaited(person, issue),
  }));
}

function connectionOf(person: Applied, refusal: { side: string; field: string }): string | undefined {
  return person.plan.writes.find((write) => write.side === refusal.side && write.field === refusal.field)?.connectionId;
}

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

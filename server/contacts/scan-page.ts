import { RetryLater, NeedsPerson } from '../errors.js';
import type { ContactConnection } from '../rules/connection.js';
import { concludeChoosing, putForward } from '../store/admissions.js';
import { noteChanges } from '../store/changes.js';
import { LeaseLost, type Lease } from '../store/lease.js';
import { addToRoster, clearRosters } from '../store/roster.js';
import { advanceRun, finishRun, startRun, type Run } from '../store/runs.js';
import type { AccountScope } from './account-scope.js';
import type { BatchInput } from './gather.js';
import {
  type ScanStep,
  type RosterStep,
  type ScanCursor,
  passOf,
  withRoster,
  goesPageByPage,
  choosesOnly,
  following,
} from './pass-of.js';
import { keysOf, notDoneYet } from './not-done-yet.js';
import { CeilingReached, processBatch } from './process-batch.js';
import { ReadAhead } from './read-ahead.js';
import { emailsOfPage, readPage, readPages, recordsOf, type Page } from './read-page.js';
import { restConnection } from './rest-connection.js';
import { rosterOf, type Roster } from './roster.js';
import { addressRows, readRoster, type Round } from './read-roster.js';
import { rosterContacts, rosterProfiles } from './roster-page.js';
import type { RunPipeline } from './run-pipeline.js';
import type { SyncContext } from './sync-context.js';
import { ReadyPeople, workAhead } from './work-ahead.js';

/** How long a run with a roster may rest: the sweeps find what changes meanwhile only while they run beside it. */
const freshForMs = 120_000;

/** Does the next page of a run: reads it, syncs its people, moves the cursor, all or nothing. */
export async function scanPage(
  ctx: SyncContext,
  scope: AccountScope,
  lease: Lease,
  run: Run<ScanCursor>,
  mayWrite: () => void,
  { ahead, pipeline }: { ahead: Ahead; pipeline: RunPipeline },
): Promise<void> {
  const connection = scope.connections.find(({ id }) => id === run.connectionId);
  if (connection === undefined) return finishRun(ctx.db, run.id, 'cancelled', 'The connection no longer syncs.');
  if (run.state === 'queued') await startRun(ctx.db, run.id, null);
  const underWay = pipeline.ahead(run.id);
  const wholePass = async (): Promise<ScanCursor> => withRoster(connection, await passOf(ctx, connection));
  let cursor = underWay ?? run.cursor ?? (await wholePass());
  // Edited meanwhile: who was done under the old rules is gone over once more under the new ones.
  if (cursor.version !== connection.configVersion) cursor = await wholePass();
  else if (cursor.atMs !== undefined && ctx.clock().getTime() - cursor.atMs > freshForMs)
    cursor = { ...(await wholePass()), sinceMs: cursor.sinceMs };
  const step = cursor.steps[cursor.index];
  // A source may bring the partners of the one before it: those must be through.
  if (underWay !== null && cursor.after === null) return pipeline.settle();
  if (step === undefined) {
    if (cursor.roster !== undefined) await clearRosters(ctx.db, run.id);
    await finishRun(ctx.db, run.id, 'finished');
    ctx.log.info(
      { portalId: run.portalId, connectionId: run.connectionId, runId: run.id, done: run.done },
      'run finished',
    );
    return;
  }
  if (step.side === 'both') {
    const { roster } = cursor;
    if (roster === undefined) throw new Error('A pass that reads both sides has no roster.');
    // Somebody of an earlier pass may be waiting there.
    if (roster.contacts.state === 'begin') ahead.ready = new ReadyPeople(ctx.runSizes.people);
    const { walked = roster.walked } = ahead.ready;
    const at = { ...cursor, roster: walked === undefined ? roster : { ...roster, walked } };
    const round = await readRoster(ctx, scope, lease, run, at, ahead.roster);
    return workAhead(ctx, scope, lease, run, cursor, round, mayWrite, { ready: ahead.ready, pipeline });
  }
  if (choosesOnly(step)) {
    const page = await readPage(ctx, scope, step, cursor.after, true);
    return choose(ctx, scope, run, connection, page, following(cursor, page));
  }
  // Several pages share an import job and a transaction.
  const counted = goesPageByPage(connection);
  const pages = counted ? 1 : cursor.roster === undefined ? pagesAtOnce : pagesOfRoster;
  const key = ({ version, sinceMs, index, after, lone }: ScanCursor): string =>
    JSON.stringify([run.id, version, sinceMs, index, after, lone]);
  const read = (at: ScanCursor, of: ScanStep | RosterStep): Promise<Page> =>
    of.source !== 'roster'
      ? readPages(ctx, scope, of, at.after, pages)
      : of.side === 'hubspot'
        ? rosterContacts(ctx, scope, run, at)
        : rosterProfiles(ctx, run, at);
  const page = await ahead.pages.take(key(cursor), () => read(cursor, step));
  const moved = {
    ...(cursor.roster === undefined ? {} : { atMs: ctx.clock().getTime() }),
    ...(page.lone === undefined ? {} : { lone: page.lone }),
  };
  const next = following({ ...cursor, ...moved }, page);
  const nextStep = next.steps[next.index];
  // Profiles that no contact brought are known once the contacts are through.
  const waits = nextStep?.source === 'roster' && nextStep !== step;
  if (nextStep !== undefined && nextStep.side !== 'both' && !choosesOnly(nextStep) && !waits)
    ahead.pages.begin(key(next), () => read(next, nextStep));
  const total = page.total === null ? null : run.done + page.total;
  const progress = { id: run.id, cursor: next, total, done: page.size };
  // Who came after the roster's reading has an address too that no profile is created for a second time.
  if (cursor.roster !== undefined && 'from' in step)
    await addToRoster(ctx.db, run, (page.input.contacts ?? []).flatMap(addressRows));
  const input = await notDoneYet(ctx, scope, pipeline, run, new Date(cursor.sinceMs), page.input);
  const { maxNewRecords } = connection.options;
  const created = (run.counts['createdInHubspot'] ?? 0) + (run.counts['createdInKlaviyo'] ?? 0);
  const createsLeft = maxNewRecords === null ? null : Math.max(0, maxNewRecords - created);
  const roster = completeRoster(ctx, run, cursor);
  const batch = { ...input, roster, priority: 'sweep', claimed: [], run: progress, createsLeft, mayWrite } as const;
  await pipeline.begin({ runId: run.id, cursor: next }, keysOf(input), async (before) => {
    try {
      await processBatch(ctx, scope, lease, { ...batch, before });
    } catch (error) {
      if (error instanceof CeilingReached)
        return restConnection(ctx, connection, 'paused', 'max_new_records', ceilingWords(connection, created));
      if (error instanceof RetryLater || error instanceof NeedsPerson || error instanceof LeaseLost) throw error;
      await before;
      await handOver(ctx, scope, input, progress, error);
    }
  });
  // What counts its creations goes page by page.
  if (counted) await pipeline.settle();
}

/** One bad record must not stop the run (G4): the page goes on as single changes, where it is halved until found. */
async function handOver(
  ctx: SyncContext,
  scope: AccountScope,
  input: BatchInput,
  progress: { id: string; cursor: ScanCursor; total: number | null; done: number },
  error: unknown,
): Promise<void> {
  ctx.log.error({ err: error, runId: progress.id }, 'a page could not be processed at once');
  await ctx.db.transaction(async (tx) => {
    await noteChanges(
      tx,
      scope.portalId,
      scope.klaviyoAccountId,
      recordsOf(input).map((at) => ({ ...at, priority: 2, cause: 'scan' })),
    );
    await advanceRun(tx, progress.id, { ...progress, counts: {} });
  });
}

/** What a turn reads ahead for the run under way. */
export interface Ahead {
  pages: ReadAhead<Page>;
  roster: ReadAhead<Round>;
  ready: ReadyPeople;
}

/** Nothing read ahead yet. */
export const nothingAhead = ({ runSizes }: Pick<SyncContext, 'runSizes'>): Ahead => ({
  pages: new ReadAhead(),
  roster: new ReadAhead(),
  ready: new ReadyPeople(runSizes.people),
});

/** The roster in which partners are looked up, or null where not all profiles are on it. */
function completeRoster(ctx: SyncContext, run: Run<ScanCursor>, { roster }: ScanCursor): Roster | null {
  if (roster?.profiles.state !== 'read') return null;
  const lists = Object.entries(roster.lists).flatMap(([id, { state }]) => (state === 'read' ? id : []));
  return rosterOf(ctx, run, lists);
}

/** Pages of a run that are worked off together; with a roster, as many as one import job and one list write carry. */
const pagesAtOnce = 5;
const pagesOfRoster = 10;

const ceilingWords = ({ options }: ContactConnection, created: number): string =>
  `${created} records were created; going on would create more than the ${options.maxNewRecords ?? 0} that the connection allows.`;

/** Puts the people of a page forward for a limited connection; nothing is compared or written. */
async function choose(
  ctx: SyncContext,
  scope: AccountScope,
  run: Run<ScanCursor>,
  connection: ContactConnection,
  page: Page,
  next: ScanCursor,
): Promise<void> {
  const emails = await emailsOfPage(ctx, scope, page);
  await ctx.db.transaction(async (tx) => {
    await putForward(tx, scope.portalId, connection.id, emails, next.chooses ?? 0);
    const step = next.steps[next.index];
    if (step === undefined || !choosesOnly(step)) await concludeChoosing(tx, connection.id);
    await advanceRun(tx, run.id, { cursor: next, done: 0, total: null, counts: {} });
  });
}

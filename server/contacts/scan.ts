import { RetryLater, NeedsPerson } from '../errors.js';
import type { ContactConnection } from '../rules/connection.js';
import { isPlausibleEmail, normalEmail } from '../rules/email.js';
import { beginChoosing, chosenCount, concludeChoosing, putForward } from '../store/admissions.js';
import { noteChanges } from '../store/changes.js';
import { linksOfRecords } from '../store/links.js';
import { LeaseLost, type Lease } from '../store/lease.js';
import { stampMembers } from '../store/list-members.js';
import { addToRoster, clearRosters } from '../store/roster.js';
import { advanceRun, finishRun, startRun, type Run } from '../store/runs.js';
import * as hubspotContacts from '../vendors/hubspot/contacts.js';
import * as hubspotLists from '../vendors/hubspot/lists.js';
import * as klaviyoLists from '../vendors/klaviyo/lists.js';
import * as klaviyoProfiles from '../vendors/klaviyo/profiles.js';
import * as klaviyoSegments from '../vendors/klaviyo/segments.js';
import type { AccountScope } from './account-scope.js';
import type { BatchInput } from './gather.js';
import { CeilingReached, processBatch } from './process-batch.js';
import type { ReadAhead } from './read-ahead.js';
import { restConnection } from './rest-connection.js';
import { rosterOf, type Roster } from './roster.js';
import {
  addressRows,
  emptyRoster,
  readRoster,
  rosterContacts,
  rosterProfiles,
  type RosterProgress,
  type Round,
} from './roster-step.js';
import type { RecordKey, RunPipeline } from './run-pipeline.js';
import type { SyncContext } from './sync-context.js';

/** One source that a run pages through. */
export type ScanStep = {
  /** Only looks who there is, to choose the people of a limited connection (F9). */
  choose?: true;
} & (
  | { side: 'klaviyo'; source: 'all' }
  | { side: 'klaviyo'; source: 'list' | 'segment'; id: string }
  /** `from`: the page on which a roster's reading ended. */
  | { side: 'hubspot'; source: 'all'; from?: string }
  | { side: 'hubspot'; source: 'list'; id: string }
);

/** A step of a run that reads both sides once, takes them down, and works on what was taken down. */
export type RosterStep = { side: 'both' | 'hubspot' | 'klaviyo'; source: 'roster' };

/** Where a run stands: which source, and how far in it. */
export interface ScanCursor<Step = ScanStep | RosterStep> {
  steps: Step[];
  index: number;
  after: string | null;
  /** Edit of the connection that this pass works under. */
  version: number;
  /** When this pass began: who was synced since is not done twice. */
  sinceMs: number;
  /** How many people the choosing steps choose. */
  chooses?: number;
  /** How far both sides are read, in a pass with a roster. */
  roster?: RosterProgress;
  /** How far the profiles that no contact has are worked on beside the contacts; null when they are through. */
  lone?: string | null;
  /** When the run last went on: a roster that lay about is read anew. */
  atMs?: number;
}

/**
 * The sources of a connection, Klaviyo's first: whoever is in both is linked and compared then, and the HubSpot pages
 * that follow need nothing of Klaviyo for them. A source `all` makes lists of the same side superfluous. Pure.
 */
export function scanSteps(connection: ContactConnection): ScanStep[] {
  const klaviyo =
    connection.direction === 'hubspot_to_klaviyo' ? [] : connection.rules.klaviyoToHubspot.map((rule) => rule.source);
  const hubspot =
    connection.direction === 'klaviyo_to_hubspot' ? [] : connection.rules.hubspotToKlaviyo.map((rule) => rule.source);
  const unique = (ids: readonly string[]): string[] => [...new Set(ids)];
  const klaviyoSteps: ScanStep[] = klaviyo.some((source) => source.all === true)
    ? [{ side: 'klaviyo', source: 'all' }]
    : [
        ...unique(klaviyo.flatMap((source) => source.klaviyoListIds ?? [])).map((id): ScanStep => ({
          side: 'klaviyo',
          source: 'list',
          id,
        })),
        ...unique(klaviyo.flatMap((source) => source.klaviyoSegmentIds ?? [])).map((id): ScanStep => ({
          side: 'klaviyo',
          source: 'segment',
          id,
        })),
      ];
  const hubspotSteps: ScanStep[] = hubspot.some((source) => source.all === true)
    ? [{ side: 'hubspot', source: 'all' }]
    : unique(hubspot.flatMap((source) => source.hubspotListIds ?? [])).map((id): ScanStep => ({
        side: 'hubspot',
        source: 'list',
        id,
      }));
  return [...klaviyoSteps, ...hubspotSteps];
}

/** People that a connection in a stage works on at least, however few its share comes to (F12). */
const fewestOfStage = 10;

/** The whole pass: a limited or staged connection first looks who there is, unless it has chosen its people already. */
export async function passOf(ctx: SyncContext, connection: ContactConnection): Promise<ScanCursor<ScanStep>> {
  const steps = scanSteps(connection);
  const { limit, stage } = connection.options;
  const chooses = limit ?? (stage === 'all' ? null : fewestOfStage);
  let choosing = false;
  if (chooses !== null) {
    await beginChoosing(ctx.db, connection.id, chooses);
    choosing = (await chosenCount(ctx.db, connection.id)) < chooses;
  }
  return {
    steps: [...(choosing ? steps.map((step): ScanStep => ({ ...step, choose: true })) : []), ...steps],
    index: 0,
    after: null,
    version: connection.configVersion,
    sinceMs: ctx.clock().getTime(),
    ...(chooses === null ? {} : { chooses }),
  };
}

/**
 * The pass as a run does it: where it goes over all contacts, both sides are read once and taken down first, and partners
 * are found there instead of being asked for page by page. Not where it goes page by page anyhow. Pure.
 */
export function withRoster(connection: ContactConnection, pass: ScanCursor<ScanStep>): ScanCursor {
  const { steps } = pass;
  const has = (side: 'hubspot' | 'klaviyo'): boolean =>
    steps.some((step) => step.side === side && step.source === 'all');
  if (pass.chooses !== undefined || goesPageByPage(connection) || !has('hubspot')) return pass;
  const lists = connection.rules.hubspotToKlaviyo.map(({ klaviyoListId }) => klaviyoListId);
  return {
    ...pass,
    steps: [
      { side: 'both', source: 'roster' },
      // Members of lists and segments are read as members.
      ...steps.filter((step) => step.side === 'klaviyo' && step.source !== 'all'),
      { side: 'hubspot', source: 'roster' },
      ...(has('klaviyo') ? [{ side: 'klaviyo', source: 'roster' } as const] : []),
    ],
    roster: emptyRoster(has('klaviyo'), lists),
  };
}

/** In a stage people come page by page, so that a bad mapping stops early; so do they where creations are counted. */
const goesPageByPage = ({ options }: ContactConnection): boolean =>
  options.stage !== 'all' || options.maxNewRecords !== null;

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
    return readRoster(ctx, scope, lease, run, { ...cursor, roster }, ahead.roster);
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
  const input = await notDoneYet(ctx, scope, pipeline, new Date(cursor.sinceMs), page.input);
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

/** Whether a step looks only who there is. */
const choosesOnly = (step: ScanStep | RosterStep): step is ScanStep => 'choose' in step && step.choose === true;

/** What a turn reads ahead for the run under way. */
export interface Ahead {
  pages: ReadAhead<Page>;
  roster: ReadAhead<Round>;
}

/** The roster in which partners are looked up, or null where not all profiles are on it. */
function completeRoster(ctx: SyncContext, run: Run<ScanCursor>, { roster }: ScanCursor): Roster | null {
  if (roster?.profiles.state !== 'read') return null;
  const lists = Object.entries(roster.lists).flatMap(([id, { state }]) => (state === 'read' ? id : []));
  return rosterOf(ctx, run, lists);
}

const keysOf = (input: BatchInput): RecordKey[] =>
  recordsOf(input).map(({ side, recordId }): RecordKey => `${side === 'hubspot' ? 'h' : 'k'}${recordId}`);

async function readPages(
  ctx: SyncContext,
  scope: AccountScope,
  step: ScanStep,
  after: string | null,
  pages: number,
): Promise<Page> {
  let page = await readPage(ctx, scope, step, after, true);
  for (let read = 1; read < pages && page.after !== null; read += 1)
    page = joined(page, await readPage(ctx, scope, step, page.after, true));
  return page;
}

/** Pages of a run that are worked off together; with a roster, as many as one import job and one list write carry. */
const pagesAtOnce = 5;
const pagesOfRoster = 10;

function following(cursor: ScanCursor, page: Page): ScanCursor {
  if (page.after !== null) return { ...cursor, after: page.after };
  const next = cursor.steps[cursor.index + 1];
  return {
    ...cursor,
    index: cursor.index + 1,
    after: next !== undefined && 'from' in next ? (next.from ?? null) : null,
  };
}

const joined = (one: Page, other: Page): Page => ({
  input: {
    hubspotIds: [...one.input.hubspotIds, ...other.input.hubspotIds],
    klaviyoIds: [...one.input.klaviyoIds, ...other.input.klaviyoIds],
    contacts: [...(one.input.contacts ?? []), ...(other.input.contacts ?? [])],
    profiles: [...(one.input.profiles ?? []), ...(other.input.profiles ?? [])],
  },
  size: one.size + other.size,
  after: other.after,
  total: other.total ?? one.total,
});

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

/** Plausible emails of a page's people. */
export async function emailsOfPage(ctx: SyncContext, scope: AccountScope, page: Page): Promise<string[]> {
  const { hubspotIds, contacts = [], profiles = [] } = page.input;
  const read =
    hubspotIds.length === 0
      ? []
      : (
          await hubspotContacts.readByIds(ctx.hubspot(scope.portalId, 'sweep'), hubspotIds, ['email'])
        ).contacts.values();
  return [
    ...[...contacts, ...read].map((contact) => normalEmail(contact.properties['email'])),
    ...profiles.map((profile) => normalEmail(profile.email)),
  ]
    .filter((email) => email !== null)
    .filter(isPlausibleEmail);
}

export interface Page {
  input: BatchInput;
  /** Records on the page. */
  size: number;
  after: string | null;
  /** Records of this source in all, where the vendor says so. */
  total: number | null;
  /** Where profiles beside contacts go on. */
  lone?: string | null;
}

/** Reads one page of a source. `stamp`: its members are known to the membership sweep from now on. */
export async function readPage(
  ctx: SyncContext,
  scope: AccountScope,
  step: ScanStep,
  after: string | null,
  stamp: boolean,
): Promise<Page> {
  const hubspot = ctx.hubspot(scope.portalId, 'sweep');
  const klaviyo = ctx.klaviyo(scope.klaviyoAccountId, 'sweep');
  const none = { hubspotIds: [], klaviyoIds: [] };
  const list = (side: 'hubspot' | 'klaviyo', listId: string) => ({
    portalId: scope.portalId,
    klaviyoAccountId: scope.klaviyoAccountId,
    side,
    listId,
  });
  if (step.side === 'hubspot' && step.source === 'all') {
    const page = await hubspotContacts.readPage(hubspot, { after, limit: 100, properties: scope.contactProperties });
    return { input: { ...none, contacts: page.contacts }, size: page.contacts.length, after: page.after, total: null };
  }
  if (step.side === 'hubspot') {
    const page = await hubspotLists.memberPage(hubspot, step.id, after);
    // Not newcomers to the membership sweep then.
    if (stamp) await stampMembers(ctx.db, list('hubspot', step.id), page.recordIds, 0);
    return {
      input: { ...none, hubspotIds: page.recordIds },
      size: page.recordIds.length,
      after: page.after,
      total: page.total ?? null,
    };
  }
  if (step.source === 'all') {
    const page = await klaviyoProfiles.readPage(klaviyo, {
      cursor: after,
      size: 100,
      sort: 'created',
      subscriptions: true,
    });
    return { input: { ...none, profiles: page.profiles }, size: page.profiles.length, after: page.cursor, total: null };
  }
  const read = step.source === 'list' ? klaviyoLists.memberPage : klaviyoSegments.memberPage;
  const page = await read(klaviyo, { id: step.id, cursor: after, subscriptions: true });
  if (stamp)
    await stampMembers(
      ctx.db,
      list('klaviyo', step.id),
      page.profiles.map((profile) => profile.id),
      0,
    );
  return { input: { ...none, profiles: page.profiles }, size: page.profiles.length, after: page.cursor, total: null };
}

/** Leaves out the records that an earlier page of this run brought, itself or through their partner. */
async function notDoneYet(
  ctx: SyncContext,
  scope: AccountScope,
  pipeline: RunPipeline,
  since: Date,
  input: BatchInput,
): Promise<BatchInput> {
  const hubspotIds = [...input.hubspotIds, ...(input.contacts ?? []).map(({ id }) => id)];
  const klaviyoIds = [...input.klaviyoIds, ...(input.profiles ?? []).map(({ id }) => id)];
  const links = await linksOfRecords(ctx.db, scope.klaviyoAccountId, hubspotIds, klaviyoIds);
  const through = new Set<string>(
    links.filter((link) => link.syncedAt >= since).flatMap((link) => [`h${link.hubspotId}`, `k${link.klaviyoId}`]),
  );
  const done = (key: RecordKey): boolean => through.has(key) || pipeline.holds(key);
  return {
    ...input,
    hubspotIds: input.hubspotIds.filter((id) => !done(`h${id}`)),
    klaviyoIds: input.klaviyoIds.filter((id) => !done(`k${id}`)),
    contacts: (input.contacts ?? []).filter(({ id }) => !done(`h${id}`)),
    profiles: (input.profiles ?? []).filter(({ id }) => !done(`k${id}`)),
  };
}

function recordsOf(input: BatchInput): { side: 'hubspot' | 'klaviyo'; recordId: string }[] {
  const hubspot = [...input.hubspotIds, ...(input.contacts ?? []).map(({ id }) => id)];
  const klaviyo = [...input.klaviyoIds, ...(input.profiles ?? []).map(({ id }) => id)];
  return [
    ...hubspot.map((recordId) => ({ side: 'hubspot', recordId }) as const),
    ...klaviyo.map((recordId) => ({ side: 'klaviyo', recordId }) as const),
  ];
}

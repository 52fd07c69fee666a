import { RetryLater, NeedsPerson } from '../errors.js';
import type { ContactConnection } from '../rules/connection.js';
import { isPlausibleEmail, normalEmail } from '../rules/email.js';
import { beginChoosing, chosenCount, concludeChoosing, putForward } from '../store/admissions.js';
import { noteChanges } from '../store/changes.js';
import { linksOfRecords } from '../store/links.js';
import { LeaseLost, type Lease } from '../store/lease.js';
import { stampMembers } from '../store/list-members.js';
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
import type { RecordKey, RunPipeline } from './run-pipeline.js';
import type { SyncContext } from './sync-context.js';

/** One source that a run pages through. */
export type ScanStep = {
  /** Only looks who there is, to choose the people of a limited connection (F9). */
  choose?: true;
} & (
  | { side: 'klaviyo'; source: 'all' }
  | { side: 'klaviyo'; source: 'list' | 'segment'; id: string }
  | { side: 'hubspot'; source: 'all' }
  | { side: 'hubspot'; source: 'list'; id: string }
);

/** Where a run stands: which source, and how far in it. */
export interface ScanCursor {
  steps: ScanStep[];
  index: number;
  after: string | null;
  /** Edit of the connection that this pass works under. */
  version: number;
  /** When this pass began: who was synced since is not done twice. */
  sinceMs: number;
  /** How many people the choosing steps choose. */
  chooses?: number;
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
export async function passOf(ctx: SyncContext, connection: ContactConnection): Promise<ScanCursor> {
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

/** Does the next page of a run: reads it, syncs its people, moves the cursor, all or nothing. */
export async function scanPage(
  ctx: SyncContext,
  scope: AccountScope,
  lease: Lease,
  run: Run<ScanCursor>,
  mayWrite: () => void,
  { ahead, pipeline }: { ahead: ReadAhead; pipeline: RunPipeline },
): Promise<void> {
  const connection = scope.connections.find(({ id }) => id === run.connectionId);
  if (connection === undefined) return finishRun(ctx.db, run.id, 'cancelled', 'The connection no longer syncs.');
  if (run.state === 'queued') await startRun(ctx.db, run.id, null);
  const underWay = pipeline.ahead(run.id);
  let cursor = underWay ?? run.cursor ?? (await passOf(ctx, connection));
  // Edited meanwhile: who was done under the old rules is gone over once more under the new ones.
  if (cursor.version !== connection.configVersion) cursor = await passOf(ctx, connection);
  const step = cursor.steps[cursor.index];
  // A source may bring the partners of the one before it: those must be through.
  if (underWay !== null && cursor.after === null) return pipeline.settle();
  if (step === undefined) {
    await finishRun(ctx.db, run.id, 'finished');
    ctx.log.info(
      { portalId: run.portalId, connectionId: run.connectionId, runId: run.id, done: run.done },
      'run finished',
    );
    return;
  }
  if (step.choose === true) {
    const page = await readPage(ctx, scope, step, cursor.after, true);
    return choose(ctx, scope, run, connection, page, following(cursor, page));
  }
  // In a stage page by page, so that a bad mapping stops early; else several pages share an import job and a transaction.
  const counted = connection.options.stage !== 'all' || connection.options.maxNewRecords !== null;
  const pages = counted ? 1 : pagesAtOnce;
  const key = ({ version, index, after }: ScanCursor): string => JSON.stringify([run.id, version, index, after]);
  const page = await ahead.take(key(cursor), () => readPages(ctx, scope, step, cursor.after, pages));
  const next = following(cursor, page);
  const nextStep = next.steps[next.index];
  if (nextStep !== undefined && nextStep.choose !== true)
    ahead.begin(key(next), () => readPages(ctx, scope, nextStep, next.after, pages));
  const total = page.total === null ? null : run.done + page.total;
  const progress = { id: run.id, cursor: next, total, done: page.size };
  const input = await notDoneYet(ctx, scope, pipeline, new Date(cursor.sinceMs), page.input);
  const { maxNewRecords } = connection.options;
  const created = (run.counts['createdInHubspot'] ?? 0) + (run.counts['createdInKlaviyo'] ?? 0);
  const createsLeft = maxNewRecords === null ? null : Math.max(0, maxNewRecords - created);
  const batch = { ...input, priority: 'sweep', claimed: [], run: progress, createsLeft, mayWrite } as const;
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

/** Pages of a run that are worked off together. */
const pagesAtOnce = 5;

const following = (cursor: ScanCursor, page: Page): ScanCursor =>
  page.after === null ? { ...cursor, index: cursor.index + 1, after: null } : { ...cursor, after: page.after };

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
    if (next.steps[next.index]?.choose !== true) await concludeChoosing(tx, connection.id);
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

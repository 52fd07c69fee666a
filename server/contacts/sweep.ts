import { NeedsPerson, RetryLater } from '../errors.js';
import type { ContactConnection } from '../rules/connection.js';
import { listsRead } from '../rules/eligibility.js';
import { isEcho, type SweptRecord } from '../rules/echo.js';
import { caresForConsent } from '../rules/plan-consent.js';
import { changePriority, noteChanges } from '../store/changes.js';
import { syncingConnections } from '../store/contact-connections.js';
import { restsForPerson } from '../store/issues.js';
import { hasRunLately } from '../store/runs.js';
import { ensureSweeps, moveSweep, readSweep, unseenRecords, type Sweep } from '../store/sweeps.js';
import * as hubspotContacts from '../vendors/hubspot/contacts.js';
import * as klaviyoProfiles from '../vendors/klaviyo/profiles.js';
import { loadMapped, type MappedScope } from './account-scope.js';
import { askForPerson } from './ask-for-person.js';
import { sweepOverlapMs } from './sweep-overlap.js';
import type { Asked } from './swept-profiles.js';
import { sweepCompanies } from './sweep-companies.js';
import { sweepConsent } from './sweep-consent.js';
import { sweepMembers } from './sweep-members.js';
import { sweepLinks } from './sweep-links.js';
import type { HubspotSession } from '../vendors/hubspot/session.js';
import type { KlaviyoSession } from '../vendors/klaviyo/session.js';
import type { SyncContext } from './sync-context.js';

/**
 * Sweeps find everything that hints missed: one over the modified contacts, one over the updated profiles, one over the
 * members of each list that a rule reads. A sweep only notes changes; the drain looks at them.
 */
export const fieldSweeps = { hubspot: 'hubspot_contacts', klaviyo: 'klaviyo_profiles' } as const;
/** Companies whose fields reach profiles, consent that moves without the profile, and pairs that nothing told about. */
export const otherSweeps = { companies: 'hubspot_companies', consent: 'klaviyo_consent', links: 'links' } as const;

/** Gives a pair of accounts the sweeps its connections need, and takes away the others. */
export async function arrangeSweeps(ctx: SyncContext, portalId: string, klaviyoAccountId: string): Promise<void> {
  const connections = await syncingConnections(ctx.db, klaviyoAccountId);
  // While all are paused the watermarks stay, so that nothing is lost when they resume.
  if (connections.length === 0) return;
  const lists = listsRead(connections);
  await ensureSweeps(ctx.db, portalId, klaviyoAccountId, [
    fieldSweeps.hubspot,
    fieldSweeps.klaviyo,
    otherSweeps.links,
    ...(readsCompanies(connections) ? [otherSweeps.companies] : []),
    ...(readsConsent(connections) ? [otherSweeps.consent] : []),
    ...lists.hubspotLists.map((id) => `hubspot_list:${id}`),
    ...lists.klaviyoLists.map((id) => `klaviyo_list:${id}`),
    ...lists.klaviyoSegments.map((id) => `klaviyo_segment:${id}`),
  ]);
}

const readsCompanies = (connections: readonly ContactConnection[]): boolean =>
  connections.some(({ mappings }) => mappings.some(({ hubspot }) => hubspot.object === 'company'));

const readsConsent = (connections: readonly ContactConnection[]): boolean =>
  caresForConsent(connections) ||
  connections.some(({ mappings }) => mappings.some(({ klaviyo }) => klaviyo.name.startsWith('subscriptions.')));

/**
 * Runs one sweep to its end, noting what it finds page by page, and wakes the drain when there is something. When the process
 * is to stop it ends behind the page under way; the watermark stands there.
 */
export async function sweep(
  ctx: SyncContext,
  klaviyoAccountId: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const stored = await readSweep(ctx.db, klaviyoAccountId, name);
  if (stored === null || (await restsForPerson(ctx.db, klaviyoAccountId))) return;
  if ((await syncingConnections(ctx.db, klaviyoAccountId)).length === 0) return;
  await wakeIfFound(ctx, stored, () => runSweep(ctx, stored, signal));
}

/** Goes on with a field sweep whose first page is there already. */
export async function sweepOn(
  ctx: SyncContext,
  stored: Sweep,
  first:
    | { side: 'hubspot'; session: HubspotSession; found: FirstPage<ContactPage> }
    | { side: 'klaviyo'; session: KlaviyoSession; found: FirstPage<ProfilePage> },
  signal: AbortSignal,
): Promise<void> {
  await wakeIfFound(ctx, stored, async () => {
    const mapped = await loadMapped(ctx, stored.portalId, stored.klaviyoAccountId);
    return first.side === 'hubspot'
      ? noteContacts(ctx, stored, first.session, mapped, first.found, signal)
      : noteProfiles(ctx, stored, first.session, mapped, first.found, signal);
  });
}

/** Wakes the drain when something was found; says what stands in the way of finding. */
export async function wakeIfFound(ctx: SyncContext, stored: Sweep, find: () => Promise<number>): Promise<void> {
  const { klaviyoAccountId, name } = stored;
  try {
    if ((await find()) > 0) await ctx.wakeDrain(klaviyoAccountId);
  } catch (error) {
    // The watermark stands where the last page left it; the next tick goes on from there.
    if (error instanceof RetryLater)
      ctx.log.info({ klaviyoAccountId, sweep: name, seconds: error.seconds }, 'sweep waits: vendor busy');
    else if (error instanceof NeedsPerson)
      await askForPerson(ctx, klaviyoAccountId, error, await syncingConnections(ctx.db, klaviyoAccountId));
    else throw error;
  }
}

async function runSweep(ctx: SyncContext, stored: Sweep, signal: AbortSignal): Promise<number> {
  if (stored.name === fieldSweeps.hubspot) return sweepContacts(ctx, stored, signal);
  if (stored.name === fieldSweeps.klaviyo) return sweepProfiles(ctx, stored, signal);
  if (stored.name === otherSweeps.companies) return sweepCompanies(ctx, stored, signal);
  if (stored.name === otherSweeps.consent) return sweepConsent(ctx, stored, signal);
  if (stored.name === otherSweeps.links) return sweepLinks(ctx, stored, signal);
  return sweepMembers(ctx, stored, signal);
}

export interface FieldPosition {
  sinceMs: number;
}

interface Found {
  modifiedAt: string;
  swept: SweptRecord;
}

/**
 * Notes records found by a field sweep that were not compared in that state yet, and moves the watermark with them. Echoes
 * of our own writes are not looked at again: a first sync would else read everybody twice. Answers the ids of those noted.
 */
async function noteFound(
  ctx: SyncContext,
  stored: Sweep,
  mapped: MappedScope,
  found: readonly Found[],
  position: FieldPosition,
  done: boolean,
): Promise<ReadonlySet<string>> {
  const side = stored.name === fieldSweeps.hubspot ? 'hubspot' : 'klaviyo';
  const byId = new Map(found.map(({ swept }) => [swept.record.id, swept]));
  const modified = found.map(({ swept, modifiedAt }) => ({ recordId: swept.record.id, modifiedAt }));
  const unseen = (await unseenRecords(ctx.db, stored.klaviyoAccountId, side, modified))
    .filter(({ recordId, agreed }) => {
      const swept = byId.get(recordId);
      return !(swept && agreed && isEcho(swept, agreed, mapped.fields, mapped.connections));
    })
    .map(({ recordId }) => recordId);
  await ctx.db.transaction(async (tx) => {
    await noteChanges(
      tx,
      stored.portalId,
      stored.klaviyoAccountId,
      unseen.map((recordId) => ({ side, recordId, priority: changePriority.sweep, cause: stored.name })),
    );
    await moveSweep(tx, stored, position, done);
  });
  return new Set(unseen);
}

/** What a first look at a side answered, and when it was asked, since when. */
export interface FirstPage<Page> {
  startedMs: number;
  sinceMs: number;
  page: Page;
  /** Of a page of profiles: what had been written to the account by then. */
  asked?: Asked;
}

type ContactPage = Awaited<ReturnType<typeof hubspotContacts.searchModified>>;
type ProfilePage = Awaited<ReturnType<typeof klaviyoProfiles.readPage>>;

/** Asks HubSpot for the first of the contacts that were modified since the watermark. */
export async function firstContacts(
  ctx: SyncContext,
  stored: Sweep,
  session: HubspotSession,
  properties: readonly string[],
): Promise<FirstPage<ContactPage>> {
  const startedMs = ctx.clock().getTime();
  const sinceMs = (stored.position as FieldPosition | null)?.sinceMs ?? startedMs - sweepOverlapMs;
  const page = await hubspotContacts.searchModified(session, { sinceMs, properties, limit: 200 });
  return { startedMs, sinceMs, page };
}

/** Asks Klaviyo for the first of the profiles that were updated since the watermark. */
export async function firstProfiles(
  ctx: SyncContext,
  stored: Sweep,
  session: KlaviyoSession,
): Promise<FirstPage<ProfilePage>> {
  const startedMs = ctx.clock().getTime();
  const sinceMs = (stored.position as FieldPosition | null)?.sinceMs ?? startedMs - sweepOverlapMs;
  const asked = ctx.swept.asking(stored.klaviyoAccountId);
  return { startedMs, sinceMs, asked, page: await profilesSince(session, sinceMs, null) };
}

/** Klaviyo's times have a grain of one second and only a strict "greater than": step back by one. */
const profilesSince = (session: KlaviyoSession, sinceMs: number, cursor: string | null): Promise<ProfilePage> =>
  klaviyoProfiles.readPage(session, {
    cursor,
    size: 100,
    sort: 'updated',
    // As a batch reads them: it takes over what is new.
    subscriptions: true,
    updatedAfter: new Date(sinceMs - 1000),
  });

/** Where the watermark stands after a look that found nothing. */
export const quietPosition = ({ startedMs, sinceMs }: FirstPage<unknown>): FieldPosition => ({
  sinceMs: Math.max(sinceMs, startedMs - sweepOverlapMs),
});

async function sweepContacts(ctx: SyncContext, stored: Sweep, signal: AbortSignal): Promise<number> {
  const session = ctx.hubspot(stored.portalId, 'sweep');
  const mapped = await loadMapped(ctx, stored.portalId, stored.klaviyoAccountId);
  return noteContacts(
    ctx,
    stored,
    session,
    mapped,
    await firstContacts(ctx, stored, session, mapped.contactProperties),
    signal,
  );
}

/** Notes the contacts of a first page and of all that follow. */
async function noteContacts(
  ctx: SyncContext,
  stored: Sweep,
  session: HubspotSession,
  mapped: MappedScope,
  { startedMs, sinceMs, page: first }: FirstPage<ContactPage>,
  signal: AbortSignal,
): Promise<number> {
  const end = startedMs - sweepOverlapMs;
  const freshFrom = await freshFromMs(ctx, stored, startedMs);
  let page = first;
  let total = 0;
  for (;;) {
    const { found, fresh } = leaveFresh(
      page.contacts.map((record): Found => ({
        modifiedAt: record.properties['lastmodifieddate'] ?? record.updatedAt,
        swept: { side: 'hubspot', record },
      })),
      freshFrom,
    );
    const done = page.done || fresh;
    const reached = done ? Math.max(sinceMs, end) : Math.max(sinceMs, Math.min(page.next?.modifiedMs ?? sinceMs, end));
    total += (await noteFound(ctx, stored, mapped, found, { sinceMs: reached }, done)).size;
    if (done || page.next === undefined || signal.aborted) return total;
    page = await hubspotContacts.searchModified(session, {
      sinceMs,
      after: page.next,
      properties: mapped.contactProperties,
      limit: 200,
    });
  }
}

async function sweepProfiles(ctx: SyncContext, stored: Sweep, signal: AbortSignal): Promise<number> {
  const session = ctx.klaviyo(stored.klaviyoAccountId, 'sweep');
  const mapped = await loadMapped(ctx, stored.portalId, stored.klaviyoAccountId);
  return noteProfiles(ctx, stored, session, mapped, await firstProfiles(ctx, stored, session), signal);
}

/** Notes the profiles of a first page and of all that follow. */
async function noteProfiles(
  ctx: SyncContext,
  stored: Sweep,
  session: KlaviyoSession,
  mapped: MappedScope,
  { startedMs, sinceMs, page: first, asked: firstAsked }: FirstPage<ProfilePage>,
  signal: AbortSignal,
): Promise<number> {
  const end = startedMs - sweepOverlapMs;
  const freshFrom = await freshFromMs(ctx, stored, startedMs);
  let page = first;
  let asked = firstAsked;
  let total = 0;
  for (;;) {
    const { found, fresh } = leaveFresh(
      page.profiles.map((record): Found => ({ modifiedAt: record.updated, swept: { side: 'klaviyo', record } })),
      freshFrom,
    );
    const last = Date.parse(page.profiles.at(-1)?.updated ?? '');
    const done = page.cursor === null || fresh;
    const reached = done || Number.isNaN(last) ? Math.max(sinceMs, end) : Math.max(sinceMs, Math.min(last, end));
    const unseen = await noteFound(ctx, stored, mapped, found, { sinceMs: reached }, done);
    total += unseen.size;
    if (asked !== undefined)
      ctx.swept.keep(
        asked,
        page.profiles.filter(({ id }) => unseen.has(id)),
      );
    if (page.cursor === null || fresh || signal.aborted) return total;
    asked = ctx.swept.asking(stored.klaviyoAccountId);
    page = await profilesSince(session, sinceMs, page.cursor);
  }
}

/**
 * From when on what was modified is left to the next sweep: while a run is under way, and right after, that is its own writing
 * for the most part, which nothing tells from an edit before its batch is written down. Everybody would be looked at twice.
 * Where the period allows it that is where the watermark will stand, so that nothing is listed twice either.
 */
async function freshFromMs(ctx: SyncContext, { klaviyoAccountId }: Sweep, startedMs: number): Promise<number> {
  const freshMs = Math.min(sweepOverlapMs, (ctx.pollSeconds * 1000 * 2) / 3);
  return (await hasRunLately(ctx.db, klaviyoAccountId, freshMs / 1000)) ? startedMs - freshMs : Infinity;
}

/** Records of a page, oldest first, without those that are too fresh. */
function leaveFresh(page: readonly Found[], freshFrom: number): { found: Found[]; fresh: boolean } {
  const found = page.filter(({ modifiedAt }) => Date.parse(modifiedAt) < freshFrom);
  return { found, fresh: found.length < page.length };
}

import { remainingProfiles, rosteredContactIds, rosteredContactsById, type Rostered } from '../store/roster.js';
import { syncedSince } from '../store/links.js';
import type { Database } from '../store/database.js';
import { readByIds } from '../vendors/hubspot/contacts.js';
import type { HubspotContact } from '../vendors/hubspot/types.js';
import type { KlaviyoProfile } from '../vendors/klaviyo/types.js';
import type { AccountScope } from './account-scope.js';
import { presentProfiles } from './roster.js';
import type { ScanCursor } from './pass-of.js';
import type { Page } from './read-page.js';
import type { SyncContext } from './sync-context.js';

/**
 * The next contacts of the roster and, where all contacts are on it, profiles beside them that none of them has: both
 * vendors write at the same time. Who was looked at by itself since the reading is read again.
 */
export async function rosterContacts(
  ctx: SyncContext,
  scope: AccountScope,
  run: { id: string; klaviyoAccountId: string },
  { after, sinceMs, lone, roster }: Pick<ScanCursor, 'after' | 'sinceMs' | 'lone' | 'roster'>,
): Promise<Page> {
  const beside = roster?.all === true && roster.contacts.state === 'read' && lone !== null;
  const { people, beside: mostBeside } = ctx.runSizes;
  const atOnce = beside ? people - mostBeside : people;
  const since = new Date(sinceMs);
  const [next, alone] = await Promise.all([
    contactsToDo(ctx.db, run, since, after ?? '', atOnce),
    beside ? loneProfiles(ctx, run, since, lone ?? '') : null,
  ]);
  const contacts = await presentContacts(ctx, scope, await rosteredContactsById(ctx.db, run.id, next.ids));
  return {
    input: { hubspotIds: [], klaviyoIds: [], contacts, ...alone?.input },
    size: next.size + (alone?.input.profiles.length ?? 0),
    after: next.after,
    total: null,
    ...(alone === null ? {} : { lone: alone.after }),
  };
}

/** Ids of the next contacts that were not worked on ahead, enough for a batch; how many were looked through, and how far. */
export async function contactsToDo(
  db: Database,
  run: { id: string; klaviyoAccountId: string },
  since: Date,
  from: string,
  atOnce: number,
): Promise<{ ids: string[]; size: number; after: string | null }> {
  const ids: string[] = [];
  let size = 0;
  let after: string | null = from;
  do {
    const limit = atOnce - ids.length;
    const page: string[] = await rosteredContactIds(db, run.id, after, limit);
    const through = await syncedSince(db, run.klaviyoAccountId, 'hubspot', page, since);
    ids.push(...page.filter((id) => !through.has(id)));
    size += page.length;
    after = page.length < limit ? null : (page.at(-1) ?? null);
  } while (after !== null && ids.length < 0.9 * atOnce);
  return { ids, size, after };
}

/** Contacts of the roster as they are: those that were looked at since are read again, and left out when they are gone. */
export async function presentContacts(
  ctx: SyncContext,
  scope: AccountScope,
  rows: readonly Rostered<HubspotContact>[],
): Promise<HubspotContact[]> {
  const again = rows.flatMap((row) => (row.stale || row.record === null ? row.recordId : []));
  const session = ctx.hubspot(scope.portalId, 'sweep');
  const read =
    again.length === 0
      ? new Map<string, HubspotContact>()
      : (await readByIds(session, again, scope.contactProperties)).contacts;
  return rows.flatMap((row) => read.get(row.recordId) ?? (row.stale ? [] : (row.record ?? [])));
}

/** Profiles that no contact has, in full batches of creates. */
async function loneProfiles(
  ctx: SyncContext,
  run: { id: string; klaviyoAccountId: string },
  since: Date,
  from: string,
): Promise<{ input: { profiles: KlaviyoProfile[]; notInHubspot: Set<string> }; after: string | null }> {
  const { people, page: createsAtOnce } = ctx.runSizes;
  const page = await remainingProfiles<KlaviyoProfile>(ctx.db, { ...run, since }, from, people);
  const absent = page.profiles.filter(({ stale, record, email, absent: gone }) => gone && !stale && record && email);
  const taken =
    page.after === null ? absent : absent.slice(0, Math.floor(absent.length / createsAtOnce) * createsAtOnce);
  const cut = taken.length < absent.length ? absent[taken.length] : undefined;
  return {
    input: {
      profiles: taken.flatMap(({ record }) => record ?? []),
      notInHubspot: new Set(taken.flatMap(({ email }) => email ?? [])),
    },
    // Those left over come first next time; where too few are there for a batch they are left to the last step.
    after: cut === undefined || taken.length === 0 ? page.after : (taken.at(-1)?.recordId ?? page.after),
  };
}

/** The next profiles of the roster that no contact brought. HubSpot is not asked for those whose email it does not have. */
export async function rosterProfiles(
  ctx: SyncContext,
  run: { id: string; klaviyoAccountId: string },
  { after, sinceMs }: Pick<ScanCursor, 'after' | 'sinceMs'>,
): Promise<Page> {
  const { people } = ctx.runSizes;
  const since = new Date(sinceMs);
  let at = after;
  const left: Awaited<ReturnType<typeof remainingProfiles<KlaviyoProfile>>>['profiles'] = [];
  // Most were brought by a contact: looked through until there are enough for a batch.
  do {
    const page = await remainingProfiles<KlaviyoProfile>(ctx.db, { ...run, since }, at ?? '', people);
    left.push(...page.profiles);
    at = page.after;
  } while (at !== null && left.length < people / 2);
  const profiles = await presentProfiles(ctx, run.klaviyoAccountId, left);
  return {
    input: {
      hubspotIds: [],
      klaviyoIds: [],
      profiles,
      notInHubspot: new Set(left.flatMap((row) => (row.absent && !row.stale && row.email !== null ? row.email : []))),
    },
    size: left.filter(({ absent }) => absent).length,
    after: at,
    total: null,
  };
}

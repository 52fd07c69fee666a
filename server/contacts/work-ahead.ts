import { LeaseLost, type Lease } from '../store/lease.js';
import { NeedsPerson, RetryLater } from '../errors.js';
import type { PersonPlan } from '../rules/plan-person.js';
import {
  addressesOnRoster,
  pairsOnRoster,
  remainingProfiles,
  rosteredContactsById,
  rosteredProfiles,
  type RosterRow,
} from '../store/roster.js';
import type { Run } from '../store/runs.js';
import type { HubspotContact } from '../vendors/hubspot/types.js';
import type { KlaviyoProfile } from '../vendors/klaviyo/types.js';
import type { AccountScope } from './account-scope.js';
import type { BatchInput } from './gather.js';
import { keysOf, notDoneYet } from './not-done-yet.js';
import type { ScanCursor } from './pass-of.js';
import { processBatch } from './process-batch.js';
import { rosterOf } from './roster.js';
import type { RosterProgress, Round, Walked } from './read-roster.js';
import { contactsToDo, presentContacts } from './roster-page.js';
import type { RunPipeline } from './run-pipeline.js';
import type { SyncContext } from './sync-context.js';

type Kind = 'contacts' | 'profiles';

/** Ids of contacts, with their profile or certainly without one, and of profiles that no contact has. */
type Ready = Record<Kind, readonly string[]>;

/** People of a run's roster who can be worked on while others are still read. Lives for one turn of a drain. */
export class ReadyPeople {
  private readonly waiting: Record<Kind, Set<string>> = { contacts: new Set(), profiles: new Set() };
  /** How far those who were read before they could be known to be ready have been looked through since. */
  walked: Walked | undefined;

  /** `atOnce`: people of a batch. */
  constructor(private readonly atOnce: number) {}

  add(ready: Ready): void {
    for (const kind of ['contacts', 'profiles'] as const) for (const id of ready[kind]) this.waiting[kind].add(id);
  }

  has(kind: Kind): boolean {
    return this.waiting[kind].size >= this.atOnce;
  }

  /** A full batch of one kind, or null while there is none. */
  take(): Ready | null {
    for (const kind of ['contacts', 'profiles'] as const) {
      if (!this.has(kind)) continue;
      const ids = [...this.waiting[kind]].slice(0, this.atOnce);
      for (const id of ids) this.waiting[kind].delete(id);
      return { contacts: [], profiles: [], [kind]: ids };
    }
    return null;
  }
}

/** Of which sides all is on the roster. */
export interface AllRead {
  contacts: boolean;
  profiles: boolean;
}

/**
 * Whether a person can be worked on before both sides are read: nothing that is read later changes what is decided. That is
 * so where both records are there, or the one there is and all of the other side; a number may be given only once all profiles
 * are read, for another one may have it. The others are left to their turn. Pure.
 */
export function isReady(plan: PersonPlan, read: AllRead): boolean {
  const { hubspot, klaviyo } = plan.person;
  return (
    (hubspot !== null || read.contacts) &&
    (klaviyo !== null || read.profiles) &&
    plan.ending === null &&
    plan.waits === undefined &&
    plan.issues.length === 0 &&
    plan.standings.some(({ state }) => state === 'in_sync') &&
    (read.profiles || !('phone_number' in (plan.klaviyo?.attributes ?? {})))
  );
}

/**
 * Works on people about whom all is known, while both sides are read on at the pace of the vendors' limits. The run stays
 * where it is: whoever is through by then is passed over when it comes to them, and whoever is not is done then.
 */
export async function workAhead(
  ctx: SyncContext,
  scope: AccountScope,
  lease: Lease,
  run: Run<ScanCursor>,
  { sinceMs }: Pick<ScanCursor, 'sinceMs'>,
  { rows, roster, through }: Round & { through: boolean },
  mayWrite: () => void,
  { ready, pipeline }: { ready: ReadyPeople; pipeline: RunPipeline },
): Promise<void> {
  // What follows must not take those for worked on whom a batch under way leaves to it.
  if (through) return pipeline.settle();
  const read = { contacts: roster.contacts.state === 'read', profiles: roster.profiles.state === 'read' };
  ready.add(await readyOf(ctx, run.id, rows, roster, read));
  // Who joins a list must not be on it already, which its members tell; after a first run hardly anybody joins one.
  const listsAreRead = Object.values(roster.lists).every(({ state }) => state === 'read');
  const isFirst = scope.connections.find(({ id }) => id === run.connectionId)?.state === 'initial_sync';
  if ((isFirst && !listsAreRead) || !pipeline.hasRoom()) return;
  await walk(ctx, run, sinceMs, roster, read, ready);
  const next = ready.take();
  if (next === null) return;
  const input = await notDoneYet(
    ctx,
    scope,
    pipeline,
    run,
    new Date(sinceMs),
    await recordsAhead(ctx, scope, run, next),
  );
  await pipeline.begin(null, keysOf(input), async (before) => {
    try {
      await processBatch(ctx, scope, lease, {
        ...input,
        roster: rosterOf(ctx, run, Object.keys(roster.lists)),
        does: (plan) => isReady(plan, read) && (listsAreRead || plan.listAdds.length === 0),
        priority: 'sweep',
        claimed: [],
        run: { id: run.id, total: null, done: 0 },
        mayWrite,
        before,
      });
    } catch (error) {
      if (error instanceof RetryLater || error instanceof NeedsPerson || error instanceof LeaseLost) throw error;
      // One bad record (G4): all of them are met again in their turn, where it is found.
      ctx.log.warn({ err: error, runId: run.id }, 'people could not be worked on ahead');
      await before;
    }
  });
}

/** Who is ready by what a round of the reading brought: a pair shows once, when the second of its records is read. */
async function readyOf(
  ctx: SyncContext,
  runId: string,
  rows: readonly RosterRow[],
  { all }: RosterProgress,
  read: AllRead,
): Promise<Ready> {
  const of = (kind: 'contact' | 'profile'): RosterRow[] => rows.filter((row) => row.kind === kind);
  const emails = (some: readonly RosterRow[]): string[] => some.flatMap(({ email }) => email ?? []);
  // With all profiles there, each contact is a pair or certainly alone.
  const certain = read.profiles ? of('contact').map(({ recordId }) => recordId) : [];
  const unsure = read.profiles ? of('profile') : [...of('contact'), ...of('profile')];
  const pairs = await pairsOnRoster(ctx.db, runId, emails(unsure));
  const contacts = [...new Set([...certain, ...pairs])];
  if (!read.contacts || !all) return { contacts, profiles: [] };
  const known = await addressesOnRoster(ctx.db, runId, emails(of('profile')));
  const alone = of('profile').filter(({ email }) => email != null && !known.has(email));
  return { contacts, profiles: alone.map(({ recordId }) => recordId) };
}

/**
 * Who was read before the other side was through is ready too from then on: looked through a batch at a time, as there is room.
 * Whoever comes before the place reached meanwhile is found by `readyOf`.
 */
async function walk(
  ctx: SyncContext,
  run: Run<ScanCursor>,
  sinceMs: number,
  roster: RosterProgress,
  read: AllRead,
  ready: ReadyPeople,
): Promise<void> {
  let walked: Walked = ready.walked ?? roster.walked ?? { contacts: '', profiles: '' };
  const since = new Date(sinceMs);
  if (read.profiles && walked.contacts !== null && !ready.has('contacts')) {
    const { ids, after } = await contactsToDo(ctx.db, run, since, walked.contacts, ctx.runSizes.people);
    ready.add({ contacts: ids, profiles: [] });
    walked = { ...walked, contacts: after };
  }
  if (read.contacts && roster.all && walked.profiles !== null && !ready.has('profiles')) {
    const at = { ...run, since };
    const { profiles, after } = await remainingProfiles(ctx.db, at, walked.profiles, ctx.runSizes.people);
    const alone = profiles.filter(({ absent, email }) => absent && email !== null);
    ready.add({ contacts: [], profiles: alone.map(({ recordId }) => recordId) });
    walked = { ...walked, profiles: after };
  }
  ready.walked = walked;
}

/** The records of a batch as they are; HubSpot is not asked for profiles' emails, which no contact has. */
async function recordsAhead(
  ctx: SyncContext,
  scope: AccountScope,
  run: { id: string },
  { contacts, profiles }: Ready,
): Promise<BatchInput> {
  const rows = await rosteredProfiles<KlaviyoProfile>(ctx.db, run.id, { ids: profiles });
  const fresh = rows.filter(({ stale, record }) => !stale && record !== null);
  return {
    hubspotIds: [],
    klaviyoIds: [],
    contacts: await presentContacts(ctx, scope, await rosteredContactsById<HubspotContact>(ctx.db, run.id, contacts)),
    profiles: fresh.flatMap(({ record }) => record ?? []),
    notInHubspot: new Set(fresh.flatMap(({ email }) => email ?? [])),
  };
}

import { normalEmail } from '../rules/email.js';
import { noteOnRoster, rosteredMembers, rosteredProfiles, type Rostered } from '../store/roster.js';
import { readByIds } from '../vendors/klaviyo/profiles.js';
import type { KlaviyoProfile } from '../vendors/klaviyo/types.js';
import type { SyncContext } from './sync-context.js';

/**
 * All profiles of a Klaviyo account as a run over everybody read them at its beginning (`read-roster.ts`): who is not on
 * it is not in Klaviyo. What hints and sweeps looked at since is read again.
 */
export interface Roster {
  profilesByEmail(emails: readonly string[]): Promise<Map<string, KlaviyoProfile[]>>;
  /** Under the ids asked for; those that are not on the roster are left out. */
  profilesById(ids: readonly string[]): Promise<Map<string, KlaviyoProfile>>;
  /** Who has these phone numbers, the profiles that this run made included; not certain of whom was looked at since. */
  holders(phones: readonly string[]): Promise<Map<string, { id: string; email: string | null; isCertain: boolean }>>;
  /** Which of these profiles are on a list; null when its members were not read. */
  members(listId: string, ids: readonly string[]): Promise<ReadonlySet<string> | null>;
  /** Takes down who came to be or has another number by this run. */
  note(profiles: readonly { recordId: string; email: string | null; phone: string | null }[]): Promise<void>;
}

/** The roster of a run whose reading is through. `lists`: whose members were read. */
export function rosterOf(
  ctx: SyncContext,
  run: { id: string; portalId: string; klaviyoAccountId: string },
  lists: readonly string[],
): Roster {
  const { db } = ctx;
  const present = (rows: readonly Rostered<KlaviyoProfile>[]): Promise<KlaviyoProfile[]> =>
    presentProfiles(ctx, run.klaviyoAccountId, rows);
  return {
    async profilesByEmail(emails) {
      const found = new Map<string, KlaviyoProfile[]>();
      for (const profile of await present(await rosteredProfiles<KlaviyoProfile>(db, run.id, { emails }))) {
        const email = normalEmail(profile.email) ?? '';
        found.set(email, [...(found.get(email) ?? []), profile]);
      }
      return found;
    },
    async profilesById(ids) {
      const rows = await rosteredProfiles<KlaviyoProfile>(db, run.id, { ids });
      return new Map(rows.flatMap((row) => (row.record === null || row.stale ? [] : [[row.recordId, row.record]])));
    },
    async holders(phones) {
      const rows = await rosteredProfiles(db, run.id, { phones });
      return new Map(
        rows.map(({ phone, recordId: id, email, stale, record }) => [
          phone ?? '',
          // Of a profile that the run wrote there is no record any more: what it wrote holds.
          { id, email, isCertain: !stale || record === null },
        ]),
      );
    },
    members: async (listId, ids) => (lists.includes(listId) ? rosteredMembers(db, run.id, listId, ids) : null),
    note: (profiles) => noteOnRoster(db, run, profiles),
  };
}

/** Profiles of the roster as they are: those that were looked at since are read again, and left out when they are gone. */
export async function presentProfiles(
  ctx: SyncContext,
  klaviyoAccountId: string,
  rows: readonly Rostered<KlaviyoProfile>[],
): Promise<KlaviyoProfile[]> {
  const again = rows.flatMap((row) => (row.record === null || row.stale ? row.recordId : []));
  const read = await readByIds(ctx.klaviyo(klaviyoAccountId, 'sweep'), again, { subscriptions: true });
  return rows.flatMap((row) => read.get(row.recordId) ?? (row.stale ? [] : (row.record ?? [])));
}

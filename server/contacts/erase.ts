import { createHmac, randomBytes } from 'node:crypto';
import { RecordRefused } from '../errors.js';
import {
  concludeErasure,
  dueErasures,
  erasedHashes,
  eraseRows,
  erasesInKlaviyo,
  keepErasureKey,
  readErasureKey,
  standingsToErase,
  tracesOf,
} from '../store/erasures.js';
import { eraseActivities } from '../store/erase-activities.js';
import { assertLease, type Lease } from '../store/lease.js';
import { saveStandings } from '../store/standings.js';
import { usageHash } from '../store/usage.js';
import { requestDeletion } from '../vendors/klaviyo/privacy.js';
import type { SyncContext } from './sync-context.js';

/**
 * Privacy deletions (B11): HubSpot erased a contact, so everything kept of the person here goes too, and where a
 * connection says so Klaviyo is asked to delete the profile. What remains is a keyed hash of the email, which keeps the
 * person from being created again from the other side. Works under the account's lease, so that no batch under way
 * writes the person down again; a paused connection erases like any other.
 */
export async function eraseDue(ctx: SyncContext, klaviyoAccountId: string, lease: Lease): Promise<void> {
  for (const { portalId, hubspotId } of await dueErasures(ctx.db, klaviyoAccountId)) {
    const { klaviyoIds, emails } = await tracesOf(ctx.db, klaviyoAccountId, hubspotId);
    let askedKlaviyo = false;
    if (klaviyoIds.length > 0 && (await erasesInKlaviyo(ctx.db, klaviyoAccountId))) {
      const session = ctx.klaviyo(klaviyoAccountId, 'person');
      for (const id of klaviyoIds) askedKlaviyo = (await deleteProfile(ctx, session, id)) || askedKlaviyo;
    }
    const hashes = emails.length === 0 ? [] : await hashesOf(ctx, portalId, emails, true);
    const report = await ctx.db.transaction(async (tx) => {
      await assertLease(tx, lease);
      const standings = await standingsToErase(tx, klaviyoAccountId, hubspotId, klaviyoIds);
      await saveStandings(tx, portalId, [], standings);
      const rows = await eraseRows(tx, {
        portalId,
        klaviyoAccountId,
        hubspotId,
        klaviyoIds,
        emails,
        usageHashes: emails.map((email) => usageHash(portalId, email)),
      });
      const activities = await eraseActivities(tx, portalId, {
        emails,
        profileIds: klaviyoIds,
        contactIds: [hubspotId],
      });
      const done = { ...rows, activities, standings: standings.length, askedKlaviyo };
      await concludeErasure(tx, { portalId, klaviyoAccountId, hubspotId }, hashes, done);
      return done;
    });
    ctx.log.info({ portalId, klaviyoAccountId, report }, 'a person was erased at their wish');
  }
}

/** Asks Klaviyo to delete a profile; one that is gone already counts as asked. */
async function deleteProfile(
  ctx: SyncContext,
  session: ReturnType<SyncContext['klaviyo']>,
  id: string,
): Promise<boolean> {
  try {
    await requestDeletion(session, id);
    return true;
  } catch (error) {
    if (!(error instanceof RecordRefused)) throw error;
    ctx.log.warn({ status: error.detail.status }, 'Klaviyo refused to delete an erased profile');
    return error.detail.status === 404;
  }
}

/** Which of these people asked to be forgotten. */
export async function erasedOf(
  ctx: Pick<SyncContext, 'db' | 'sealer'>,
  portalId: string,
  emails: readonly string[],
): Promise<Set<string>> {
  if (emails.length === 0) return new Set();
  const hashes = await hashesOf(ctx, portalId, emails, false);
  if (hashes.length === 0) return new Set();
  const byHash = new Map(hashes.map((hash, index) => [hash.toString('hex'), emails[index] ?? '']));
  const found = await erasedHashes(ctx.db, portalId, hashes);
  return new Set(found.flatMap((hash) => byHash.get(hash.toString('hex')) ?? []));
}

/** Keyed hashes of emails; none while the portal has no key, which comes to be with its first erasure. */
async function hashesOf(
  ctx: Pick<SyncContext, 'db' | 'sealer'>,
  portalId: string,
  emails: readonly string[],
  make: boolean,
): Promise<Buffer[]> {
  const owner = `portal:${portalId}:erasure`;
  let sealed = await readErasureKey(ctx.db, portalId);
  if (sealed === null) {
    if (!make) return [];
    sealed = await keepErasureKey(ctx.db, portalId, ctx.sealer.seal(randomBytes(32).toString('base64'), owner));
  }
  const key = Buffer.from(ctx.sealer.open(sealed, owner), 'base64');
  return emails.map((email) => createHmac('sha256', key).update(email).digest());
}

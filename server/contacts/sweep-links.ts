import { changePriority, noteChanges } from '../store/changes.js';
import { linkSlice } from '../store/links.js';
import { moveSweep, type Sweep } from '../store/sweeps.js';
import * as hubspotContacts from '../vendors/hubspot/contacts.js';
import * as klaviyoProfiles from '../vendors/klaviyo/profiles.js';
import type { SyncContext } from './sync-context.js';

interface LinkPosition {
  /** Id of the link looked at last; '0' at the beginning of a round. */
  after: string;
  /** When the round began. */
  startedMs: number;
}

/** Pairs looked at in one go: five calls to each vendor. */
const slice = 500;
/** A round over all pairs takes at least this many periods, so that small accounts are not read over and over. */
const periodsOfRound = 10;

/**
 * Goes round all pairs, a slice at a time, and notes those whose records are gone or were modified without any hint:
 * deletions have no feed on either side, and what a lost hint left behind is found here (B11, G1).
 */
export async function sweepLinks(ctx: SyncContext, stored: Sweep): Promise<number> {
  const nowMs = ctx.clock().getTime();
  const before = (stored.position as LinkPosition | null) ?? { after: '0', startedMs: nowMs };
  if (before.after === '0' && nowMs < before.startedMs) return 0;
  const links = await linkSlice(ctx.db, stored.klaviyoAccountId, before.after, slice);
  const noted = links.length === 0 ? [] : await differing(ctx, stored, links);
  await noteChanges(
    ctx.db,
    stored.portalId,
    stored.klaviyoAccountId,
    noted.map((recordId) => ({
      side: 'hubspot',
      recordId,
      priority: changePriority.sweep,
      cause: stored.name,
    })),
  );
  const last = links.at(-1);
  const roundMs = periodsOfRound * ctx.pollSeconds * 1000;
  const position: LinkPosition =
    last === undefined || links.length < slice
      ? { after: '0', startedMs: Math.max(nowMs, before.startedMs) + roundMs }
      : { after: last.id, startedMs: before.startedMs };
  await moveSweep(ctx.db, stored, position, true);
  return noted.length;
}

/** HubSpot ids of the pairs of which a record is gone or newer than the state that was compared. */
async function differing(
  ctx: SyncContext,
  stored: Sweep,
  links: Awaited<ReturnType<typeof linkSlice>>,
): Promise<string[]> {
  const [{ contacts }, profiles] = await Promise.all([
    hubspotContacts.readByIds(
      ctx.hubspot(stored.portalId, 'sweep'),
      links.map(({ hubspotId }) => hubspotId),
      ['lastmodifieddate'],
    ),
    klaviyoProfiles.readByIds(
      ctx.klaviyo(stored.klaviyoAccountId, 'sweep'),
      links.map(({ klaviyoId }) => klaviyoId),
      {},
    ),
  ]);
  const newer = (modified: string | null | undefined, known: Date | null): boolean =>
    known === null || modified == null || Date.parse(modified) > known.getTime();
  return links
    .filter(({ hubspotId, klaviyoId, hubspotModifiedAt, klaviyoModifiedAt }) => {
      const contact = contacts.get(hubspotId);
      const profile = profiles.get(klaviyoId);
      return (
        contact === undefined ||
        profile?.id !== klaviyoId ||
        newer(contact.properties['lastmodifieddate'] ?? contact.updatedAt, hubspotModifiedAt) ||
        newer(profile.updated, klaviyoModifiedAt)
      );
    })
    .map(({ hubspotId }) => hubspotId);
}

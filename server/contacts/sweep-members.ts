import { RecordRefused } from '../errors.js';
import { changePriority, noteChanges } from '../store/changes.js';
import { stampMembers, takeLeavers, type ListKey } from '../store/list-members.js';
import { moveSweep, type Sweep } from '../store/sweeps.js';
import * as hubspotLists from '../vendors/hubspot/lists.js';
import * as klaviyoLists from '../vendors/klaviyo/lists.js';
import * as klaviyoSegments from '../vendors/klaviyo/segments.js';
import { foundList, missingList } from './missing-lists.js';
import { sweepOverlapMs } from './sweep-overlap.js';
import type { SyncContext } from './sync-context.js';

interface MemberPosition {
  /** Number of the round under way, or of the last one. */
  number: number;
  /** Where the round under way goes on; null between rounds. */
  after: string | null;
  /** Pages of the round so far; between rounds those of the last one. */
  pages: number;
  /** When the last round began. */
  roundMs: number;
  /** HubSpot: where newcomers are appended. */
  tail: string | null;
  /** HubSpot: members by the last round and by those who joined since; null before the first round is through. */
  members: number | null;
  /** Somebody has left: the round under way takes more of the budget. */
  haste: boolean;
  /** False once HubSpot's count spoke of somebody who left and nobody had: it is not listened to any more. */
  counts: boolean;
}

type Kind = 'hubspot_list' | 'klaviyo_list' | 'klaviyo_segment';

/**
 * Pages read in one period: a fifth of HubSpot's budget, two fifths of Klaviyo's. Lists up to 60,000 members are gone
 * round within two minutes; of larger ones newcomers are still found in every period, and leavers once the round is
 * through. Who left is told by HubSpot's Webhooks Journal alone, which is not generally available.
 */
const pagesAtOnce: Record<Kind, number> = { hubspot_list: 60, klaviyo_list: 150, klaviyo_segment: 150 };
/**
 * HubSpot's pages tell how many members there are: fewer than known means that somebody left. Then a round takes four
 * fifths of the budget, 240,000 members in two minutes; beyond that its limit of calls allows no more.
 */
const pagesInHaste = 240;
/** As many as known: nobody left, and the list is gone round now and then only, should HubSpot's count be late. */
const trustCountMs = 90_000;
/** A round over a large list rests in between, so that it takes that share of the budget and no more. */
const msPerPage: Record<Kind, number> = { hubspot_list: 500, klaviyo_list: 200, klaviyo_segment: 200 };

/**
 * Pages through a list: newcomers are noted as they show up, leavers once the whole list has been seen (B10). What is on
 * the list is kept as rows with the number of the round that saw them: no list is ever held in memory.
 */
export async function sweepMembers(ctx: SyncContext, stored: Sweep, signal: AbortSignal): Promise<number> {
  const [name = '', listId = ''] = stored.name.split(':');
  const kind: Kind = name === 'hubspot_list' || name === 'klaviyo_list' ? name : 'klaviyo_segment';
  try {
    const found = await round(ctx, stored, kind, listId, signal);
    await foundList(ctx, stored.klaviyoAccountId, listId);
    return found;
  } catch (error) {
    if (!(error instanceof RecordRefused)) throw error;
    // The rule rests until somebody chooses another list; nobody leaves because of it (B9).
    await missingList(ctx, stored.klaviyoAccountId, listId);
    return 0;
  }
}

async function round(
  ctx: SyncContext,
  stored: Sweep,
  kind: Kind,
  listId: string,
  signal: AbortSignal,
): Promise<number> {
  const list: ListKey = {
    portalId: stored.portalId,
    klaviyoAccountId: stored.klaviyoAccountId,
    side: kind === 'hubspot_list' ? 'hubspot' : 'klaviyo',
    listId,
  };
  const nowMs = ctx.clock().getTime();
  let position: MemberPosition = {
    number: 0,
    after: null,
    pages: 0,
    roundMs: 0,
    tail: null,
    members: null,
    haste: false,
    counts: true,
    ...(stored.position as Partial<MemberPosition> | null),
  };
  let total = 0;
  const note = (recordIds: readonly string[], cause: string, tx: Parameters<typeof noteChanges>[0]): Promise<void> =>
    noteChanges(
      tx,
      stored.portalId,
      stored.klaviyoAccountId,
      recordIds.map((recordId) => ({ side: list.side, recordId, priority: changePriority.sweep, cause })),
    );
  const save = async (recordIds: readonly string[], after: MemberPosition, number: number): Promise<void> => {
    total += await ctx.db.transaction(async (tx) => {
      const entered = await stampMembers(tx, list, recordIds, number);
      await note(entered, `entered ${stored.name}`, tx);
      const members = after.members === null ? null : after.members + entered.length;
      position = { ...after, members };
      await moveSweep(tx, stored, position, false);
      return entered.length;
    });
  };

  const between = position.after === null;
  const sinceRound = nowMs - position.roundMs;
  let rests =
    between &&
    (sinceRound < Math.max(0, position.pages - pagesAtOnce[kind]) * msPerPage[kind] ||
      (position.counts && position.members !== null && sinceRound < trustCountMs));
  if (!between || rests) {
    // While a long round is under way or rests, newcomers are looked for on their own.
    let count: number | null = null;
    for (let more = true; more;) {
      const page = await newcomers(ctx, stored, kind, listId, position.tail);
      await save(page.recordIds, { ...position, tail: page.after ?? position.tail }, position.number);
      count = page.total;
      more = page.after !== null;
      // What follows is found by the next sweep, from the tail on.
      if (more && signal.aborted) return total;
    }
    if (position.counts && count !== null && position.members !== null && count < position.members) {
      rests = false;
      position = { ...position, haste: true };
    }
  }
  if (rests) {
    await moveSweep(ctx.db, stored, position, true);
    return total;
  }
  if (between) position = { ...position, number: position.number + 1, pages: 0, roundMs: nowMs };
  let after = position.after;
  const pages = position.haste ? pagesInHaste : pagesAtOnce[kind];
  let count: number | null = null;
  for (let read = 0; read < pages; read += 1) {
    const page = await memberPage(ctx, stored, kind, listId, after);
    after = page.after;
    count = page.total;
    const tail = kind === 'hubspot_list' && page.after !== null ? page.after : position.tail;
    await save(page.recordIds, { ...position, after, pages: position.pages + 1, tail }, position.number);
    if (after === null || signal.aborted) break;
  }
  if (after !== null) {
    await moveSweep(ctx.db, stored, position, true);
    return total;
  }
  let leavers = 0;
  for (;;) {
    const left = await ctx.db.transaction(async (tx) => {
      const gone = await takeLeavers(tx, list, position.number, 1000);
      await note(gone, `left ${stored.name}`, tx);
      return gone.length;
    });
    leavers += left;
    if (left === 0) break;
  }
  const counts = position.counts && !(position.haste && leavers === 0);
  await moveSweep(ctx.db, stored, { ...position, members: count, haste: false, counts }, true);
  return total + leavers;
}

interface Page {
  recordIds: string[];
  after: string | null;
  /** Members of the list, where the vendor says so. */
  total: number | null;
}

async function memberPage(
  ctx: SyncContext,
  stored: Sweep,
  kind: Kind,
  listId: string,
  after: string | null,
): Promise<Page> {
  // In the order of joining, so that the end of the round is where newcomers will be appended.
  if (kind === 'hubspot_list') return joinOrderPage(ctx, stored, listId, after);
  const read = kind === 'klaviyo_list' ? klaviyoLists.memberIdsPage : klaviyoSegments.memberIdsPage;
  const page = await read(ctx.klaviyo(stored.klaviyoAccountId, 'sweep'), { id: listId, cursor: after });
  return { recordIds: page.ids, after: page.cursor, total: null };
}

/** A page of those who joined lately: HubSpot appends them, Klaviyo is asked by the time of joining. */
async function newcomers(
  ctx: SyncContext,
  stored: Sweep,
  kind: Kind,
  listId: string,
  tail: string | null,
): Promise<Page> {
  if (kind === 'hubspot_list') return joinOrderPage(ctx, stored, listId, tail);
  const read = kind === 'klaviyo_list' ? klaviyoLists.memberPage : klaviyoSegments.memberPage;
  const session = ctx.klaviyo(stored.klaviyoAccountId, 'sweep');
  const joinedSince = new Date(ctx.clock().getTime() - 3 * ctx.pollSeconds * 1000 - sweepOverlapMs);
  const recordIds: string[] = [];
  for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
    const page: Awaited<ReturnType<typeof read>> = await read(session, { id: listId, cursor, joinedSince });
    recordIds.push(...page.profiles.map(({ id }) => id));
    cursor = page.cursor;
  }
  return { recordIds, after: null, total: null };
}

async function joinOrderPage(ctx: SyncContext, stored: Sweep, listId: string, after: string | null): Promise<Page> {
  const page = await hubspotLists.joinOrderPage(ctx.hubspot(stored.portalId, 'sweep'), listId, after);
  return { ...page, total: page.total ?? null };
}

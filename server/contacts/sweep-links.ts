import { auditPerson } from '../rules/audit-person.js';
import type { Person } from '../rules/person.js';
import { planPerson } from '../rules/plan-person.js';
import { alertWords } from '../rules/words.js';
import { clearAlerts, raiseAlert } from '../store/alerts.js';
import { changePriority, noteChanges } from '../store/changes.js';
import { accountsWithIssuesDue, fieldsWithIssues, issuesDueAgain } from '../store/issue-list.js';
import { linkSlice } from '../store/links.js';
import {
  checkedWithoutPairs,
  connectionsWithRuns,
  mostDifferences,
  readParity,
  saveParity,
  waitingOf,
  type Parity,
} from '../store/parity.js';
import { moveSweep, type Sweep } from '../store/sweeps.js';
import { loadScope, type AccountScope } from './account-scope.js';
import { gather } from './gather.js';
import type { SyncContext } from './sync-context.js';

interface LinkPosition {
  /** Id of the link looked at last; '0' at the beginning of a round. */
  after: string;
  /** When the round began, or the next one may. */
  startedMs: number;
}

/** Pairs looked at in one period, and in one go: some five calls a hundred of HubSpot's and Klaviyo's. */
const slice = 500;
const atOnce = 100;
/** A round over all pairs takes at least this many periods, so that small accounts are not read over and over. */
const periodsOfRound = 10;
/** So many differences that nobody had noticed, in one round, are worth an alert. */
const driftWorthAnAlert = 20;

/**
 * The rolling audit (F10): goes round all pairs, a slice a period, reads both sides, and compares every mapped value. What
 * differs is explained or noted to be repaired; so is a pair of which a record is gone, for deletions have no feed on
 * either side (B11). The figures of a round are the proof of parity.
 */
export async function sweepLinks(ctx: SyncContext, stored: Sweep, signal: AbortSignal): Promise<number> {
  const nowMs = ctx.clock().getTime();
  const before = (stored.position as LinkPosition | null) ?? { after: '0', startedMs: nowMs };
  const again = await lookAgain(ctx, stored);
  if (before.after === '0' && nowMs < before.startedMs) return again;
  const scope = await loadScope(ctx, stored.klaviyoAccountId);
  if (scope === null) return again;
  let after = before.after;
  let found = again;
  let ended = false;
  for (let looked = 0; looked < slice && !ended && !signal.aborted; looked += atOnce) {
    const links = await linkSlice(ctx.db, stored.klaviyoAccountId, after, atOnce);
    ended = links.length < atOnce;
    after = links.at(-1)?.id ?? after;
    found += await audit(ctx, stored, scope, links, ended);
  }
  const position: LinkPosition = ended ? nextRound(ctx, nowMs) : { after, startedMs: before.startedMs };
  await moveSweep(ctx.db, stored, position, true);
  return found;
}

/**
 * Of these sweeps of pairs, those for which nothing is to be done, with where they stand then: they rest between two
 * rounds, or have no pairs to go round; and no issue is to be looked at again.
 */
export async function restingLinks<S extends Sweep>(ctx: SyncContext, sweeps: readonly S[]): Promise<S[]> {
  const nowMs = ctx.clock().getTime();
  const due = await accountsWithIssuesDue(
    ctx.db,
    sweeps.map(({ klaviyoAccountId }) => klaviyoAccountId),
    periodsOfRound * ctx.pollSeconds,
  );
  const between = sweeps.filter(({ klaviyoAccountId, position }) => {
    const { after } = (position as LinkPosition | null) ?? { after: '' };
    return after === '0' && !due.has(klaviyoAccountId);
  });
  const rests = ({ position }: Sweep): boolean => nowMs < (position as LinkPosition).startedMs;
  const empty = await checkedWithoutPairs(
    ctx.db,
    between.filter((one) => !rests(one)).map(({ klaviyoAccountId }) => klaviyoAccountId),
  );
  return between.flatMap((one) => {
    if (rests(one)) return [one];
    return empty.has(one.klaviyoAccountId) ? [{ ...one, position: nextRound(ctx, nowMs) }] : [];
  });
}

/** Where a sweep stands that has come round. */
const nextRound = ({ pollSeconds }: SyncContext, nowMs: number): LinkPosition => ({
  after: '0',
  startedMs: nowMs + periodsOfRound * pollSeconds * 1000,
});

/** Notes people whose issue may be over because of what happened to somebody else. Answers how many. */
async function lookAgain(ctx: SyncContext, { portalId, klaviyoAccountId, name }: Sweep): Promise<number> {
  const due = await issuesDueAgain(ctx.db, klaviyoAccountId, periodsOfRound * ctx.pollSeconds, atOnce);
  await noteChanges(
    ctx.db,
    portalId,
    klaviyoAccountId,
    due.map((at) => ({ ...at, priority: changePriority.retry, cause: name })),
  );
  return due.length;
}

async function audit(
  ctx: SyncContext,
  stored: Sweep,
  scope: AccountScope,
  links: Awaited<ReturnType<typeof linkSlice>>,
  ended: boolean,
): Promise<number> {
  const ids = { hubspot: links.map(({ hubspotId }) => hubspotId), klaviyo: links.map(({ klaviyoId }) => klaviyoId) };
  // Asked before and after the reading: who waited before it may be through by its end, and was read as they were.
  const waitingNow = (): ReturnType<typeof waitingOf> =>
    waitingOf(ctx.db, stored.klaviyoAccountId, ids.hubspot, ids.klaviyo);
  const waitedBefore = await waitingNow();
  const persons = await gather(ctx, scope, { hubspotIds: ids.hubspot, klaviyoIds: ids.klaviyo }, 'sweep');
  const waiting = await waitingNow();
  for (const record of waitedBefore.records) waiting.records.add(record);
  const moment = { ...scope, consent: { ...scope.consent, now: ctx.clock().toISOString() } };
  const plans = persons.map((person) => planPerson(person, moment));
  const issues = await fieldsWithIssues(
    ctx.db,
    scope.connections.map(({ id }) => id),
    ids.hubspot,
  );
  const withIssues = (person: Person): ReadonlySet<string> => issues.get(person.hubspot?.id ?? '') ?? new Set();
  // What a run under way has not come to yet is no drift.
  const running = await connectionsWithRuns(
    ctx.db,
    scope.connections.map(({ id }) => id),
  );
  const repairs = new Set<string>();
  for (const plan of plans) {
    const { person } = plan;
    const waits = isWaiting(person, waiting.records);
    if (waits || person.link === null) continue;
    // Gone, moved to another record, or different without anybody having noticed.
    const moved =
      person.link.hubspotId !== (person.hubspot?.id ?? person.link.hubspotId) ||
      person.gone.hubspot ||
      person.gone.klaviyo;
    const drifted =
      plan.writes.some(({ field }) => !withIssues(person).has(field)) ||
      plan.listAdds.length > 0 ||
      plan.listRemoves.length > 0 ||
      plan.optOuts.length > 0;
    if (moved || drifted) repairs.add(person.link.hubspotId);
  }
  const rounds = await Promise.all(
    scope.connections.map(async (connection) => {
      const known = (await readParity(ctx.db, connection.id))?.round ?? null;
      const round: Parity = known ?? {
        startedAt: ctx.clock().toISOString(),
        checkedPairs: 0,
        comparedValues: 0,
        agreeing: 0,
        drift: 0,
        causes: {},
        worstLagSeconds: 0,
        differences: [],
      };
      round.worstLagSeconds = Math.max(round.worstLagSeconds, Math.round(waiting.lagSeconds));
      for (const plan of plans) {
        const { person } = plan;
        if (!plan.connectionIds.includes(connection.id) || person.hubspot === null || person.klaviyo === null) continue;
        const result = auditPerson(
          plan,
          connection,
          scope.fieldsOf(plan.connectionIds),
          isWaiting(person, waiting.records) || running.has(connection.id),
          withIssues(person),
        );
        round.checkedPairs += 1;
        round.comparedValues += result.compared;
        round.agreeing += result.agreeing;
        const contact = { email: plan.email, hubspotId: person.hubspot.id, klaviyoId: person.klaviyo.id };
        for (const difference of result.differences) {
          round.causes[difference.because] = (round.causes[difference.because] ?? 0) + 1;
          if (difference.because === 'drift') round.drift += 1;
          if (round.differences.length < mostDifferences) round.differences.push({ contact, ...difference });
        }
      }
      return { connection, round };
    }),
  );
  await ctx.db.transaction(async (tx) => {
    await noteChanges(
      tx,
      stored.portalId,
      stored.klaviyoAccountId,
      [...repairs].map((recordId) => ({
        side: 'hubspot',
        recordId,
        priority: changePriority.sweep,
        cause: stored.name,
      })),
    );
    for (const { connection, round } of rounds) await saveParity(tx, stored.portalId, connection.id, round, ended);
  });
  for (const { connection, round } of rounds) {
    if (!ended) continue;
    if (round.drift > 0) ctx.onDrift?.(round.drift);
    if (round.drift < driftWorthAnAlert) await clearAlerts(ctx.db, connection.id, ['drift']);
    else
      await raiseAlert(ctx.db, {
        portalId: connection.portalId,
        connectionId: connection.id,
        code: 'drift',
        message: `“${connection.name}”: ${round.drift} values differed without either vendor having said so.`,
        fix: alertWords.drift,
      });
  }
  return repairs.size;
}

const isWaiting = (person: Person, records: ReadonlySet<string>): boolean =>
  records.has(`hubspot:${person.hubspot?.id ?? person.link?.hubspotId ?? ''}`) ||
  records.has(`klaviyo:${person.klaviyo?.id ?? person.link?.klaviyoId ?? ''}`);

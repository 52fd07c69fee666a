import { Router } from 'express';
import { leftAsideWords } from '../rules/engagement/activity-words.js';
import { differenceWords, issueWords, standingReasons, type StandingReason } from '../rules/words.js';
import { openAlerts } from '../store/alerts.js';
import { connectionsOf, type Connection } from '../store/connections.js';
import { engagementLag } from '../store/engagement-accounts.js';
import { engagementCounts } from '../store/engagement-connections.js';
import { issueGroups } from '../store/issue-list.js';
import { klaviyoAccounts } from '../store/klaviyo-accounts.js';
import { readParity } from '../store/parity.js';
import { findPortal } from '../store/portals.js';
import { vendorBanner, type Banner } from '../rules/vendor-trouble.js';
import { vendorTroubles } from '../store/vendor-troubles.js';
import { lagSeconds, runsOf, standingCounts, type RunRow, type StandingCounts } from '../store/status.js';
import { connectionOf } from './connections.js';
import type { ApiDependencies } from './dependencies.js';
import { pageSchema } from './schema.js';
import { shortValues } from './short-values.js';
import { callerOf } from './signed.js';

/**
 * A run with its pace: records a second since it began, and how long the rest will take at that pace. What a run under way
 * has read and not worked on yet is part of its pace: reading takes about as long as the work that follows.
 */
function runJson(run: RunRow, now: Date): Record<string, unknown> {
  const seconds = run.startedAt === null ? 0 : ((run.finishedAt ?? now).getTime() - run.startedAt.getTime()) / 1000;
  const read = run.state === 'running' ? (run.counts['read'] ?? 0) : 0;
  const rate = seconds > 0 ? (run.done + read) / seconds : 0;
  const left = run.total === null || run.state !== 'running' ? null : Math.max(0, run.total - run.done);
  return {
    id: run.id,
    kind: run.kind,
    state: run.state,
    done: run.done,
    total: run.total,
    ratePerSecond: Math.round(rate * 10) / 10,
    estimatedSeconds: left === null || rate === 0 ? null : Math.ceil(left / rate),
    startedAt: run.startedAt?.toISOString() ?? null,
    finishedAt: run.finishedAt?.toISOString() ?? null,
    counts: run.counts,
    error: run.error,
  };
}

const contactStanding = async (
  db: ApiDependencies['db'],
  id: string,
  klaviyoAccountId: string,
): Promise<StandingCounts & { engagements: number }> => ({
  ...(await standingCounts(db, id, klaviyoAccountId)),
  engagements: 0,
});

/** Activities in the words of the status: what is shown, what waits, what was left aside and why. */
async function engagementStanding(
  db: ApiDependencies['db'],
  id: string,
  klaviyoAccountId: string,
): Promise<StandingCounts & { engagements: number }> {
  const { engagements, waiting, unapproved, refused, skippedBy } = await engagementCounts(db, id, klaviyoAccountId);
  const skipped = skippedBy.reduce((sum, { count }) => sum + count, 0);
  return { inSync: 0, skipped, failed: refused, waiting: waiting + unapproved, skippedBy, engagements };
}

/** A reason of skipping as a sentence. */
export function reasonWords(reason: string): string {
  if (Object.hasOwn(leftAsideWords, reason)) return leftAsideWords[reason] ?? reason;
  return Object.hasOwn(standingReasons, reason)
    ? standingReasons[reason as StandingReason]
    : (issueWords[reason]?.title ?? reason);
}

/** Status of a connection, its runs, and the overview of all of them. */
export function statusRoutes(deps: ApiDependencies, pollSeconds: number): Router {
  const router = Router();
  /** What ails the accounts of a portal, each with the Klaviyo account it is about; null: HubSpot. */
  const troublesOf = async (portalId: string): Promise<{ account: string | null; banner: Banner }[]> => {
    const [portal, accounts, vendors] = await Promise.all([
      findPortal(deps.db, portalId),
      klaviyoAccounts(deps.db, portalId),
      vendorTroubles(deps.db, portalId),
    ]);
    const found: { account: string | null; banner: Banner }[] = [];
    if (portal?.state === 'reconnect')
      found.push({
        account: null,
        banner: {
          severity: 'danger',
          message: 'HubSpot no longer accepts the app’s access.',
          fix: 'Install the app again.',
          link: `${deps.publicUrl}/oauth/hubspot/install`,
        },
      });
    for (const { id, name, state } of accounts)
      if (state === 'reconnect')
        found.push({
          account: id,
          banner: {
            severity: 'danger',
            message: `${name} needs to be connected again.`,
            fix: 'Connect Klaviyo again.',
            link: null,
          },
        });
    for (const trouble of vendors) {
      const banner = vendorBanner(trouble);
      if (banner !== null) found.push({ account: trouble.account === '' ? null : trouble.account, banner });
    }
    return found;
  };
  const statusOf = async (
    connection: Connection,
    troubles: { account: string | null; banner: Banner }[],
  ): Promise<Record<string, unknown>> => {
    const { id, portalId, klaviyoAccountId } = connection;
    const engagement = connection.type === 'engagement';
    const [{ runs }, lag, budget] = await Promise.all([
      runsOf(deps.db, id, { limit: 1 }),
      (engagement ? engagementLag : lagSeconds)(deps.db, klaviyoAccountId, pollSeconds),
      deps.budget(portalId, klaviyoAccountId),
    ]);
    const [run] = runs;
    // After the run: beside one that says “finished” must stand what it left, not what was a moment before.
    const counts = await (engagement ? engagementStanding : contactStanding)(deps.db, id, klaviyoAccountId);
    const { skippedBy, ...numbers } = counts;
    return {
      state: connection.state,
      stateReason: connection.stateReason,
      troubles: troubles.flatMap(({ account, banner }) =>
        account === null || account === klaviyoAccountId ? [banner] : [],
      ),
      counts: numbers,
      skippedBy: skippedBy.map(({ reason, count }) => ({ reason, count, message: reasonWords(reason) })),
      lagSeconds: lag,
      run: run === undefined ? null : runJson(run, deps.clock()),
      lastSuccessAt: connection.lastSuccessAt?.toISOString() ?? null,
      budget,
    };
  };

  router.get('/connections/:id/status', async (request, response) => {
    const connection = await connectionOf(deps, request);
    response.json(await statusOf(connection, await troublesOf(connection.portalId)));
  });
  router.get('/connections/:id/parity', async (request, response) => {
    const connection = await connectionOf(deps, request);
    const parity = await readParity(deps.db, connection.id);
    const shown = parity?.last ?? parity?.round ?? null;
    response.json({
      checkedPairs: shown?.checkedPairs ?? 0,
      comparedValues: shown?.comparedValues ?? 0,
      agreeing: shown?.agreeing ?? 0,
      drift: shown?.drift ?? 0,
      causes: shown?.causes ?? {},
      differences: (shown?.differences ?? []).map((difference) => ({
        ...difference,
        hubspot: shortValues(difference.hubspot),
        klaviyo: shortValues(difference.klaviyo),
        message: differenceWords[difference.because] ?? difference.because,
      })),
      worstLagSeconds: shown?.worstLagSeconds ?? 0,
      checkedAt: parity?.checkedAt?.toISOString() ?? null,
      complete: parity?.last != null,
    });
  });
  router.get('/connections/:id/runs', async (request, response) => {
    const connection = await connectionOf(deps, request);
    const { runs, next } = await runsOf(deps.db, connection.id, pageSchema.parse(request.query));
    response.json({ results: runs.map((run) => runJson(run, deps.clock())), next });
  });
  router.get('/overview', async (request, response) => {
    const { portalId } = callerOf(request);
    const [troubles, connections, groups] = await Promise.all([
      troublesOf(portalId),
      connectionsOf(deps.db, portalId),
      issueGroups(deps.db, portalId, {}),
    ]);
    const banners: Banner[] = troubles.map(({ banner }) => banner);
    for (const alert of await openAlerts(deps.db, portalId))
      banners.push({ severity: 'warning', message: alert.message, fix: alert.fix, link: null });
    const results = await Promise.all(
      connections.map(async (connection) => ({
        id: connection.id,
        name: connection.name,
        type: connection.type,
        ...(await statusOf(connection, troubles)),
      })),
    );
    const health = banners.some(({ severity }) => severity === 'danger')
      ? 'broken'
      : banners.some(({ severity }) => severity === 'warning') ||
          groups.length > 0 ||
          connections.some(({ state }) => state === 'stopped')
        ? 'attention'
        : 'good';
    response.json({ health, connections: results, banners });
  });
  return router;
}

import { randomUUID } from 'node:crypto';
import type { Express } from 'express';
import type { Logger } from 'pino';
import { createApp } from './api/app.js';
import { catalogueFor } from './api/catalogue.js';
import type { ApiDependencies } from './api/dependencies.js';
import type { Config } from './config.js';
import { createEngagement } from './engagement-service.js';
import { drain, noteAndWake } from './contacts/drain.js';
import { activate, configChanged, deleted, pause, resume, sync } from './contacts/lifecycle.js';
import { notice } from './contacts/notice.js';
import type { SyncContext } from './contacts/sync-context.js';
import { explain } from './contacts/explain.js';
import { preview } from './contacts/preview.js';
import { repairIssue, repairIssues, type RepairContext } from './contacts/repair.js';
import { showUndo, startUndo } from './contacts/undo.js';
import { runSizes } from './contacts/run-sizes.js';
import { SweptProfiles } from './contacts/swept-profiles.js';
import { glances } from './contacts/glance.js';
import { sweep } from './contacts/sweep.js';
import { hubspotWebhooks } from './intake/hubspot-webhooks.js';
import { unpack, unpackSome, type UnpackDeps } from './intake/unpack.js';
import { unpackLine } from './intake/unpack-line.js';
import { watchDatabase } from './metrics-of-database.js';
import type { Metrics } from './metrics.js';
import { hubspotInstall } from './oauth/hubspot-install.js';
import { klaviyoConnect, type ConnectDeps } from './oauth/klaviyo-connect.js';
import { createSealer, type SealKey } from './oauth/seal.js';
import { openQueue } from './queue/queue.js';
import { startTicks } from './queue/ticks.js';
import { changePriority } from './store/changes.js';
import { moveActivities } from './store/move-activities.js';
import { openPool, poolDatabase } from './store/database.js';
import { readGauges } from './store/gauges.js';
import { portalOfPreview } from './store/previews.js';
import { acrossPortals, withinPortal } from './store/portal-scope.js';
import { runForAccount } from './store/run-for-account.js';
import { createRateLimiter, unlimited } from './store/rate-limit.js';
import { openSharedClock } from './store/shared-clock.js';
import { tick } from './tick.js';
import { traced } from './tracing.js';
import { troublesOfAll } from './store/vendor-troubles.js';
import { hubspotWindows, openHubspotSession } from './vendors/hubspot/session.js';
import { endpointOf, klaviyoWindows } from './vendors/klaviyo/limits.js';
import { KlaviyoSession } from './vendors/klaviyo/session.js';
import { vendorSessions } from './vendor-sessions.js';

/** One process of the service, wired. */
export interface Service {
  app: Express;
  /** What the steps are given, for the operator's commands. */
  sync: SyncContext;
  /** Handles wake-ups and ticks until `stop`. */
  startWorking(): Promise<void>;
  /** Takes no more work, finishes or returns what is under way, closes the database. */
  stop(seconds: number): Promise<void>;
}

/** Pairs of accounts that one process works on at a time. */
const drainsAtOnce = 24;
/** Portals whose webhooks one process turns into changes at a time. */
const portalsUnpackedAtOnce = 4;

/** Wires everything. The only place that sees all parts. */
export async function createService(
  config: Config,
  databaseUrl: string,
  keys: readonly SealKey[],
  log: Logger,
  metrics: Metrics,
): Promise<Service> {
  const owner = `${process.pid}-${randomUUID().slice(0, 8)}`;
  let stopping = false;
  const idle = (error: Error): void => {
    if (!stopping) log.warn({ err: error }, 'an idle database connection broke');
  };
  const pool = openPool(databaseUrl, { max: 16, applicationName: 'tandem' }, idle);
  // Limits are asked at every call and lose nothing of worth in a crash: their commits need not reach the disk first.
  const limiterPool = openPool(
    databaseUrl,
    { max: 4, applicationName: 'tandem-limits', sessionOptions: '-c synchronous_commit=off' },
    idle,
  );
  const db = poolDatabase(pool);
  const sharedClock = await openSharedClock(
    db,
    () => Date.now(),
    (error) => log.warn({ err: error }, 'the clock could not be compared with the database'),
  );
  const clock = sharedClock.now;
  const limiter = config.pacing
    ? createRateLimiter(poolDatabase(limiterPool), (seconds) => metrics.limiterWait.observe({ vendor: 'any' }, seconds))
    : unlimited;
  const sealer = createSealer(keys);
  const queue = await openQueue(databaseUrl, log);
  watchDatabase(metrics.registry, {
    read: () => readGauges(db, config.pollSeconds),
    depths: () => queue.depths(),
    log,
    now: () => Date.now(),
  });

  const { vendor, klaviyoApp, hubspot, klaviyo } = vendorSessions({
    db,
    log,
    clock,
    owner,
    sealer,
    metrics,
    limiter,
    config,
  });
  const hubspotApp = config.hubspot;

  const ctx: SyncContext = {
    db,
    log,
    clock,
    owner,
    sealer,
    pollSeconds: config.pollSeconds,
    runSizes: runSizes(config.runBatch),
    hubspot,
    klaviyo,
    swept: new SweptProfiles(),
    catalogue: (portalId, accountId) =>
      catalogueFor(
        { db, hubspot: (id) => hubspot(id, 'person'), klaviyo: (id) => klaviyo(id, 'person') },
        portalId,
        accountId,
      ),
    onDrift: (values) => metrics.drift.inc(values),
    wakeDrain: (klaviyoAccountId, afterSeconds) =>
      queue.wake('drain', klaviyoAccountId, { klaviyoAccountId }, afterSeconds),
  };
  const forAccount = runForAccount(db);
  const engagement = createEngagement(ctx, queue, metrics, config, forAccount);
  const repairs: RepairContext = {
    ...ctx,
    async refreshFields(portalId, accountId) {
      await catalogueFor(
        { db, hubspot: (id) => hubspot(id, 'person'), klaviyo: (id) => klaviyo(id, 'person') },
        portalId,
        accountId,
        true,
      );
    },
  };
  const connect: ConnectDeps = {
    db,
    log,
    clock,
    sealer,
    app: klaviyoApp,
    apiUrl: config.klaviyo.apiUrl,
    publicUrl: config.publicUrl,
    klaviyo: (accountId) => klaviyo(accountId, 'person'),
    sessionWith: (credential, portalId) =>
      new KlaviyoSession({
        ...vendor,
        accountId: `connecting:${portalId}`,
        priority: 'person',
        apiUrl: config.klaviyo.apiUrl,
        credential: () => Promise.resolve(credential),
      }),
  };
  const deps: ApiDependencies = {
    db,
    log,
    clock,
    metrics,
    publicUrl: config.publicUrl,
    klaviyoAppUrl: config.klaviyo.appUrl,
    clientSecret: hubspotApp.clientSecret,
    connect,
    hubspot: (portalId) => hubspot(portalId, 'person'),
    klaviyo: (accountId) => klaviyo(accountId, 'person'),
    async budget(portalId, klaviyoAccountId) {
      const { operation, tier } = endpointOf('GET', '/api/profiles');
      const steady = klaviyoWindows(klaviyoAccountId, operation, tier)[1];
      const [hubspotLeft, klaviyoLeft] = await Promise.all([
        limiter.left(hubspotWindows.general(portalId)),
        steady === undefined ? 0 : limiter.left(steady),
      ]);
      return { hubspot: hubspotLeft, klaviyo: klaviyoLeft };
    },
    explain: (portalId, asked) => explain(ctx, portalId, asked),
    undo: {
      start: (connection, subject) => startUndo(ctx, connection, subject),
      show: (connection, subject) => showUndo(ctx, connection, subject),
    },
    wakePreview: (previewId) => queue.wake('preview', previewId, { previewId }),
    lifecycle: {
      activate: (connection) =>
        connection.type === 'engagement' ? engagement.lifecycle.activate(connection) : activate(ctx, connection),
      pause: (connection) =>
        connection.type === 'engagement' ? engagement.lifecycle.pause(connection) : pause(ctx, connection),
      resume: (connection) =>
        connection.type === 'engagement' ? engagement.lifecycle.resume(connection) : resume(ctx, connection),
      sync: (connection) =>
        connection.type === 'engagement' ? engagement.lifecycle.sync(connection) : sync(ctx, connection),
      configChanged: (connection) =>
        connection.type === 'engagement'
          ? engagement.lifecycle.configChanged(connection)
          : configChanged(ctx, connection),
      deleted: (connection) =>
        connection.type === 'engagement' ? engagement.lifecycle.deleted(connection) : deleted(ctx, connection),
    },
    repairs: {
      one: (portalId, issueId, choice) => repairIssue(repairs, portalId, issueId, choice),
      all: (portalId, filter, choice) => repairIssues(repairs, portalId, filter, choice),
    },
    notice: (portalId, changes) =>
      notice(
        ctx,
        portalId,
        changes.map((change) => ({ ...change, side: 'hubspot' })),
      ),
    noticeRecords: (portalId, klaviyoAccountId, changes) => noteAndWake(ctx, portalId, klaviyoAccountId, changes),
  };
  const unpackDeps: UnpackDeps = {
    db,
    merged: (id, merged, survivor) => moveActivities(db, id, merged, survivor),
    notice: (id, hints) =>
      notice(
        ctx,
        id,
        hints.map((hint) => ({ ...hint, priority: changePriority.hint })),
      ),
  };
  const unpacking = unpackLine(
    (portalId) => withinPortal(portalId, () => unpackSome(unpackDeps, portalId)),
    portalsUnpackedAtOnce,
    // The hints are safe: the next tick finds them.
    (error) => log.warn({ err: error }, 'hints could not be unpacked'),
  );
  const app = createApp({
    deps,
    pollSeconds: config.pollSeconds,
    metricsToken: config.metricsToken,
    routers: [
      hubspotWebhooks({
        db,
        log,
        clock,
        metrics,
        clientSecret: hubspotApp.clientSecret,
        publicUrl: config.publicUrl,
        wakeUnpacking: (portalId) => unpacking.join(portalId),
      }),
      hubspotInstall({
        db,
        log,
        clock,
        sealer,
        app: hubspotApp,
        appId: config.hubspot.appId,
        publicUrl: config.publicUrl,
        sessionWith: (portalId, token) =>
          openHubspotSession({
            ...vendor,
            portalId,
            priority: 'person',
            apiUrl: hubspotApp.apiUrl,
            token: () => Promise.resolve(token),
          }),
      }),
      klaviyoConnect(connect),
      engagement.router,
    ],
    async ready() {
      // Database, migrations and queue in one question; each has its own word when it is not there.
      const [ground] = await db.query<{ migrated: boolean; queued: boolean }>(
        `select to_regclass('public.pgmigrations') is not null as migrated, to_regclass('pgboss.job') is not null as queued`,
      );
      if (ground?.migrated !== true) throw new Error('The database is not migrated.');
      if (ground.queued !== true) throw new Error('The queue is not set up.');
      return troublesOfAll(db);
    },
  });

  const wakeSweep = (klaviyoAccountId: string, name: string): Promise<void> =>
    queue.wake('sweep', `${klaviyoAccountId} ${name}`, { klaviyoAccountId, name });
  const glance = glances(ctx, wakeSweep);
  let ticks: { stop(): Promise<void> } | null = null;
  return {
    app,
    sync: ctx,
    async startWorking() {
      await queue.work('drain', drainsAtOnce, ({ klaviyoAccountId }, signal) =>
        forAccount(klaviyoAccountId, () => traced('drain', () => drain(ctx, klaviyoAccountId, signal))),
      );
      await queue.work('sweep', 8, (data, signal) =>
        'together' in data
          ? acrossPortals(() => traced('sweeps', () => glance({ sweeps: data.together, at: data.at }, signal)))
          : forAccount(data.klaviyoAccountId, () =>
              traced(`sweep ${data.name}`, () => sweep(ctx, data.klaviyoAccountId, data.name, signal)),
            ),
      );
      await queue.work('preview', 2, async ({ previewId }, signal) => {
        const portalId = await portalOfPreview(db, previewId);
        if (portalId === null) return;
        const again = await withinPortal(portalId, () => traced('preview', () => preview(ctx, previewId, signal)));
        if (again !== null) await queue.wake('preview', previewId, { previewId }, again);
      });
      await queue.work('intake', 12, ({ portalId }, signal) =>
        withinPortal(portalId, () => unpack(unpackDeps, portalId, signal)),
      );
      await engagement.startWorking();
      await queue.work('tick', 2, ({ name }) => acrossPortals(() => tick(ctx, queue, config, engagement, name)));
      ticks = startTicks(queue, config.pollSeconds, log);
    },
    async stop(seconds) {
      stopping = true;
      await ticks?.stop();
      await unpacking.stop();
      await queue.stop(seconds);
      sharedClock.stop();
      await Promise.all([pool.end(), limiterPool.end()]);
    },
  };
}

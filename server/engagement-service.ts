import type { Router } from 'express';
import type { Config } from './config.js';
import type { SyncContext } from './contacts/sync-context.js';
import { webhookSecretOwner } from './engagement/arrange-webhook.js';
import { collect } from './engagement/collect.js';
import { engage } from './engagement/engage.js';
import type { EngagementContext } from './engagement/engagement-context.js';
import { keepDelivery } from './engagement/keep-delivery.js';
import {
  activateEngagement,
  engagementChanged,
  engagementDeleted,
  pauseEngagement,
  resumeEngagement,
  syncEngagement,
  type ConnectionRef,
} from './engagement/lifecycle.js';
import { klaviyoWebhooks } from './intake/klaviyo-webhooks.js';
import type { Metrics } from './metrics.js';
import type { Queue } from './queue/queue.js';
import { accountsToEngage, accountsToTidy, takeDueAccounts } from './store/engagement-accounts.js';
import { withinPortal } from './store/portal-scope.js';
import type { ForAccount } from './store/run-for-account.js';
import { traced } from './tracing.js';
import { pruneActivities } from './store/erase-activities.js';

/** The engagement path, wired. */
export interface EngagementService {
  lifecycle: {
    activate(connection: ConnectionRef): Promise<{ runId: string }>;
    pause(connection: ConnectionRef): Promise<void>;
    resume(connection: ConnectionRef): Promise<{ runId: string }>;
    sync(connection: ConnectionRef): Promise<{ runId: string }>;
    configChanged(connection: ConnectionRef & { state: string }): Promise<void>;
    deleted(connection: ConnectionRef): Promise<void>;
  };
  /** Klaviyo's webhooks. */
  router: Router;
  startWorking(): Promise<void>;
  /** Wakes whoever is due; once for all processes. */
  wakeDue(): Promise<void>;
  /** Takes away what is older than is kept. */
  prune(): Promise<void>;
}

/** Accounts whose events one process reads, or whose activity it works on, at a time. */
const accountsAtOnce = 6;
/** Activities that are taken away at a time, and how often in a minute. */
const pruning = { step: 2000, most: 20 };

/** Wires the engagement path. */
export function createEngagement(
  sync: SyncContext,
  queue: Queue,
  metrics: Metrics,
  config: Pick<Config, 'publicUrl' | 'pollSeconds' | 'activityMonths'> & { klaviyo: Pick<Config['klaviyo'], 'appUrl'> },
  forAccount: ForAccount,
): EngagementService {
  const wakeCollect = (klaviyoAccountId: string, afterSeconds?: number): Promise<void> =>
    queue.wake('collect', klaviyoAccountId, { klaviyoAccountId }, afterSeconds);
  const wakeEngage = (klaviyoAccountId: string, afterSeconds?: number): Promise<void> =>
    queue.wake('engage', klaviyoAccountId, { klaviyoAccountId }, afterSeconds);
  const ctx: EngagementContext = {
    ...sync,
    publicUrl: config.publicUrl,
    klaviyoAppUrl: config.klaviyo.appUrl,
    activityMonths: config.activityMonths,
    turns: new Map(),
    wakeCollect,
    wakeEngage,
  };
  return {
    lifecycle: {
      activate: (connection) => activateEngagement(ctx, connection),
      pause: (connection) => pauseEngagement(ctx, connection),
      resume: (connection) => resumeEngagement(ctx, connection),
      sync: (connection) => syncEngagement(ctx, connection),
      configChanged: (connection) => engagementChanged(ctx, connection),
      deleted: (connection) => engagementDeleted(ctx, connection),
    },
    router: klaviyoWebhooks({
      db: ctx.db,
      log: ctx.log,
      clock: ctx.clock,
      metrics,
      secretOf: ({ klaviyoAccountId, webhook }) =>
        webhook.secret === null ? null : ctx.sealer.open(webhook.secret, webhookSecretOwner(klaviyoAccountId)),
      keep: (account, items) => withinPortal(account.portalId, () => keepDelivery(ctx, account, items)),
      wakeEngage,
      wakeCollect,
    }),
    async startWorking() {
      await queue.work('collect', accountsAtOnce, ({ klaviyoAccountId }, signal) =>
        forAccount(klaviyoAccountId, () => traced('collect', () => collect(ctx, klaviyoAccountId, signal))),
      );
      await queue.work('engage', accountsAtOnce, ({ klaviyoAccountId }, signal) =>
        forAccount(klaviyoAccountId, () => traced('engage', () => engage(ctx, klaviyoAccountId, signal))),
      );
    },
    async wakeDue() {
      for (;;) {
        const due = await takeDueAccounts(ctx.db, config.pollSeconds, 200);
        await Promise.all(due.map((klaviyoAccountId) => wakeCollect(klaviyoAccountId)));
        if (due.length < 200) break;
      }
      await Promise.all((await accountsToTidy(ctx.db, 200)).map((klaviyoAccountId) => wakeCollect(klaviyoAccountId)));
      // Wake-ups that a crash swallowed: rows are the truth, jobs only wake.
      await Promise.all((await accountsToEngage(ctx.db, 1000)).map((klaviyoAccountId) => wakeEngage(klaviyoAccountId)));
    },
    async prune() {
      for (let step = 0; step < pruning.most; step += 1)
        if ((await pruneActivities(ctx.db, config.activityMonths, pruning.step)) < pruning.step) return;
    },
  };
}

import { randomBytes } from 'node:crypto';
import { cancelRuns, openInitialRun, queueRun, type RunKind } from '../store/runs.js';
import { engagementAccount, ensureEngagementAccount, forgetApproval } from '../store/engagement-accounts.js';
import { engagingConnections } from '../store/engagement-connections.js';
import { clearConnectionIssues } from '../store/issues.js';
import { releaseAppEvents, releaseRefused } from '../store/app-events-due.js';
import { noteAllRollups } from '../store/rollups.js';
import type { EngagementContext } from './engagement-context.js';
import { removeWebhook } from './remove-webhook.js';

/** Names one connection and its pair of accounts. */
export interface ConnectionRef {
  id: string;
  portalId: string;
  klaviyoAccountId: string;
}

/** Starts a drafted connection: live from now on, and a run over the past from where it is to start (E7). */
export async function activateEngagement(
  ctx: EngagementContext,
  connection: ConnectionRef,
): Promise<{ runId: string }> {
  await ctx.db.query(
    `update connection set state = 'initial_sync', state_reason = null, activated_at = coalesce(activated_at, now()), updated_at = now()
     where id = $1 and state in ('draft', 'stopped', 'paused')`,
    [connection.id],
  );
  return startRun(ctx, connection, 'initial');
}

/** Rests a connection. Watermarks and runs keep their place. */
export async function pauseEngagement(ctx: EngagementContext, connection: ConnectionRef): Promise<void> {
  await ctx.db.query(
    `update connection set state = 'paused', updated_at = now() where id = $1 and state in ('initial_sync', 'active')`,
    [connection.id],
  );
  await withoutConnections(ctx, connection);
}

/** Goes on after a pause: with all that happened meanwhile, and with an unfinished run where it stood. */
export async function resumeEngagement(ctx: EngagementContext, connection: ConnectionRef): Promise<{ runId: string }> {
  const initial = await openInitialRun(ctx.db, connection.id);
  await ctx.db.query(
    `update connection set state = $2, state_reason = null, updated_at = now() where id = $1 and state in ('paused', 'stopped')`,
    [connection.id, initial ? 'initial_sync' : 'active'],
  );
  return startRun(ctx, connection, 'continuous');
}

/**
 * "Sync now": reads the last week again, asks HubSpot at once whether it has approved the app's events, and sends again
 * what it refused.
 */
export async function syncEngagement(ctx: EngagementContext, connection: ConnectionRef): Promise<{ runId: string }> {
  await forgetApproval(ctx.db, connection.portalId);
  await releaseAppEvents(ctx.db, connection.portalId);
  await releaseRefused(ctx.db, connection.klaviyoAccountId);
  const connections = await engagingConnections(ctx.db, connection.klaviyoAccountId);
  await clearConnectionIssues(
    ctx.db,
    connections.map(({ id }) => id),
    ['timeline_event_refused'],
  );
  return startRun(ctx, connection, 'manual');
}

/** Sources, activities or options changed: what was left aside since the start is put before the new rules. */
export async function engagementChanged(
  ctx: EngagementContext,
  connection: ConnectionRef & { state: string },
): Promise<void> {
  if (connection.state !== 'initial_sync' && connection.state !== 'active') return;
  await startRun(ctx, connection, 'continuous');
}

/** A connection is about to be deleted: its runs end; what is on timelines stays (B9). */
export async function engagementDeleted(ctx: EngagementContext, connection: ConnectionRef): Promise<void> {
  await cancelRuns(ctx.db, connection.id);
  await withoutConnections(ctx, connection);
}

async function startRun(ctx: EngagementContext, connection: ConnectionRef, kind: RunKind): Promise<{ runId: string }> {
  const { portalId, klaviyoAccountId } = connection;
  await ensureEngagementAccount(ctx.db, portalId, klaviyoAccountId, randomBytes(24).toString('base64url'));
  const connections = await engagingConnections(ctx.db, klaviyoAccountId);
  if (connections.some(({ options }) => options.rollups)) await noteAllRollups(ctx.db, portalId, klaviyoAccountId);
  const runId = await queueRun(ctx.db, connection, kind);
  await ctx.wakeCollect(klaviyoAccountId);
  await ctx.wakeEngage(klaviyoAccountId);
  return { runId };
}

/** Without a connection that syncs, Klaviyo need not tell us of events. */
async function withoutConnections(ctx: EngagementContext, connection: ConnectionRef): Promise<void> {
  const others = (await engagingConnections(ctx.db, connection.klaviyoAccountId)).filter(
    ({ id }) => id !== connection.id,
  );
  if (others.length > 0) return;
  const account = await engagementAccount(ctx.db, connection.klaviyoAccountId);
  if (account !== null) await removeWebhook({ ...ctx, klaviyo: (id) => ctx.klaviyo(id, 'person') }, account);
}

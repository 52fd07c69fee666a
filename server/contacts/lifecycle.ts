import { clearAlerts } from '../store/alerts.js';
import { cancelRuns, openInitialRun, queueRun, resetIssueCounts, type RunKind } from '../store/runs.js';
import { hastenSweeps } from '../store/sweeps.js';
import { arrangeSweeps } from './sweep.js';
import type { SyncContext } from './sync-context.js';

/** Names one connection and its pair of accounts. */
export interface ConnectionRef {
  id: string;
  portalId: string;
  klaviyoAccountId: string;
}

/** Starts a drafted connection: sweeps watch from now on, and the initial run brings everybody in. */
export async function activate(ctx: SyncContext, connection: ConnectionRef): Promise<{ runId: string }> {
  await ctx.db.query(
    `update connection set state = 'initial_sync', state_reason = null, activated_at = coalesce(activated_at, now()), updated_at = now()
     where id = $1 and state in ('draft', 'stopped', 'paused')`,
    [connection.id],
  );
  const [config] = await ctx.db.query<{ stage: string | null }>(
    `select config #>> '{options,stage}' as stage from connection where id = $1`,
    [connection.id],
  );
  return startRun(ctx, connection, config?.stage === 'all' || config?.stage == null ? 'initial' : 'canary');
}

/** Rests a connection. Runs keep their place; nobody is removed or unsubscribed (B9). */
export async function pause(ctx: SyncContext, connection: ConnectionRef): Promise<void> {
  await ctx.db.query(
    `update connection set state = 'paused', updated_at = now() where id = $1 and state in ('initial_sync', 'active')`,
    [connection.id],
  );
}

/** Goes on after a pause: an unfinished initial run where it stood, else a run over everybody, so that nothing is lost. */
export async function resume(ctx: SyncContext, connection: ConnectionRef): Promise<{ runId: string }> {
  const initial = await openInitialRun(ctx.db, connection.id);
  await ctx.db.query(
    `update connection set state = $2, state_reason = null, updated_at = now() where id = $1 and state in ('paused', 'stopped')`,
    [connection.id, initial ? 'initial_sync' : 'active'],
  );
  await clearAlerts(ctx.db, connection.id, ['too_many_issues', 'max_new_records']);
  await resetIssueCounts(ctx.db, connection.id);
  return startRun(ctx, connection, 'continuous');
}

/** "Sync now": what changed is looked for at once, and a run goes over everybody. */
export async function sync(ctx: SyncContext, connection: ConnectionRef): Promise<{ runId: string }> {
  return startRun(ctx, connection, 'manual');
}

/** A connection's rules, mappings or options changed: a run under way goes on under them, an active one runs once more. */
export async function configChanged(ctx: SyncContext, connection: ConnectionRef & { state: string }): Promise<void> {
  if (connection.state !== 'initial_sync' && connection.state !== 'active') return;
  await startRun(ctx, connection, 'continuous');
}

/** A connection is about to be deleted: its runs end; the sweeps of its lists go with the next arrangement. */
export async function deleted(ctx: SyncContext, connection: ConnectionRef): Promise<void> {
  await cancelRuns(ctx.db, connection.id);
  await arrangeSweeps(ctx, connection.portalId, connection.klaviyoAccountId);
}

async function startRun(ctx: SyncContext, connection: ConnectionRef, kind: RunKind): Promise<{ runId: string }> {
  await arrangeSweeps(ctx, connection.portalId, connection.klaviyoAccountId);
  const runId = await queueRun(ctx.db, connection, kind);
  if (kind !== 'initial' && kind !== 'canary') await hastenSweeps(ctx.db, connection.klaviyoAccountId);
  await ctx.wakeDrain(connection.klaviyoAccountId);
  return { runId };
}

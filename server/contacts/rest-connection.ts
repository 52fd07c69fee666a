import type { ContactConnection } from '../rules/connection.js';
import { alertWords } from '../rules/words.js';
import { raiseAlert } from '../store/alerts.js';
import type { SyncContext } from './sync-context.js';

/**
 * Rests a connection for a reason that a person must look at: its run keeps its place, nobody is touched, and its owner
 * hears of it (F12–F14). `resume` goes on.
 */
export async function restConnection(
  ctx: SyncContext,
  connection: ContactConnection,
  state: 'paused' | 'stopped',
  code: 'too_many_issues' | 'max_new_records',
  message: string,
): Promise<void> {
  await ctx.db.query(
    `update connection set state = $2, state_reason = $3, updated_at = now() where id = $1 and state in ('initial_sync', 'active')`,
    [connection.id, state, code],
  );
  await raiseAlert(ctx.db, {
    portalId: connection.portalId,
    connectionId: connection.id,
    code,
    message: `“${connection.name}” rests. ${message}`,
    fix: alertWords[code],
  });
  ctx.log.warn({ portalId: connection.portalId, connectionId: connection.id, code }, 'a connection rests');
}

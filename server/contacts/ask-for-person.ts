import type { NeedsPerson } from '../errors.js';
import { issueWords } from '../rules/words.js';
import { markReconnect } from '../store/contact-connections.js';
import { openIssues } from '../store/issues.js';
import type { SyncContext } from './sync-context.js';

/**
 * Something only a person can put right: what these connections of a pair of accounts do rests, and each of them says why.
 */
export async function askForPerson(
  ctx: SyncContext,
  klaviyoAccountId: string,
  needs: NeedsPerson,
  connections: readonly { id: string; portalId: string }[],
): Promise<void> {
  const [first] = connections;
  if (first === undefined) return;
  if (
    (needs.code === 'reconnect_hubspot' || needs.code === 'reconnect_klaviyo') &&
    !(await markReconnect(ctx.db, needs.code, first.portalId, klaviyoAccountId, needs.message))
  ) {
    ctx.log.info({ portalId: first.portalId, klaviyoAccountId, code: needs.code }, 'somebody was needed, and came');
    return;
  }
  await openIssues(
    ctx.db,
    first.portalId,
    connections.map((connection) => ({
      connectionId: connection.id,
      code: needs.code,
      side: needs.side,
      recordId: '',
      field: '',
      title: issueWords[needs.code]?.title ?? needs.code,
      detail: needs.message,
      fix: needs.fix,
      hubspotId: null,
      klaviyoId: null,
      email: null,
    })),
  );
  ctx.log.warn({ portalId: first.portalId, klaviyoAccountId, code: needs.code }, 'a person is needed');
}

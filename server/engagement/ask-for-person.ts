import type { NeedsPerson } from '../errors.js';
import { issueWords } from '../rules/words.js';
import { markReconnect } from '../store/contact-connections.js';
import { engagingConnections } from '../store/engagement-connections.js';
import { openIssues } from '../store/issues.js';
import type { SyncContext } from '../contacts/sync-context.js';

/** Something only a person can put right: the engagement sync of this pair of accounts rests and says why. */
export async function askForPerson(ctx: SyncContext, klaviyoAccountId: string, needs: NeedsPerson): Promise<void> {
  const connections = await engagingConnections(ctx.db, klaviyoAccountId);
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
      side: needs.message.includes('HubSpot') ? 'hubspot' : 'klaviyo',
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

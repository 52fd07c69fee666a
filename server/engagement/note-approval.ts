import type { NeedsPerson } from '../errors.js';
import { clearConnectionIssues, openIssues } from '../store/issues.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';

const code = 'app_events_not_approved';

/** Says on each connection that HubSpot has not approved the app's timeline events yet, or that it has. */
export async function noteApproval(
  ctx: EngagementContext,
  scope: EngagementScope,
  missing: NeedsPerson | null,
): Promise<void> {
  const ids = scope.connections.map(({ id }) => id);
  if (missing === null) return clearConnectionIssues(ctx.db, ids, [code]);
  return openIssues(
    ctx.db,
    scope.portalId,
    ids.map((connectionId) => ({
      connectionId,
      code,
      side: 'hubspot',
      recordId: '',
      field: '',
      title: 'Timeline events wait for HubSpot’s approval',
      detail: missing.message,
      fix: missing.fix,
      hubspotId: null,
      klaviyoId: null,
      email: null,
    })),
  );
}

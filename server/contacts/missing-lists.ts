import { RecordRefused } from '../errors.js';
import type { ContactConnection } from '../rules/connection.js';
import { listsRead } from '../rules/eligibility.js';
import { issueWords } from '../rules/words.js';
import { syncingConnections } from '../store/contact-connections.js';
import { clearConnectionIssue, openIssues } from '../store/issues.js';
import { listExists } from '../vendors/hubspot/lists.js';
import { groupExists } from '../vendors/klaviyo/groups.js';
import type { AccountScope } from './account-scope.js';
import type { SyncContext } from './sync-context.js';

const reads = (connection: ContactConnection, listId: string): boolean => {
  const { hubspotLists, klaviyoLists, klaviyoSegments } = listsRead([connection]);
  return [...hubspotLists, ...klaviyoLists, ...klaviyoSegments].includes(listId);
};

/** A list that rules read is gone: an issue of each connection that names it. */
export async function missingList(ctx: SyncContext, klaviyoAccountId: string, listId: string): Promise<void> {
  const connections = (await syncingConnections(ctx.db, klaviyoAccountId)).filter((one) => reads(one, listId));
  const first = connections[0];
  if (first === undefined) return;
  await openIssues(
    ctx.db,
    first.portalId,
    connections.map((connection) => ({
      connectionId: connection.id,
      code: 'list_missing',
      side: listsRead([connection]).hubspotLists.includes(listId) ? 'hubspot' : 'klaviyo',
      recordId: '',
      field: listId,
      title: issueWords['list_missing']?.title ?? 'list_missing',
      detail: `The list ${listId} that a rule reads no longer exists. Its people are left as they are.`,
      fix: issueWords['list_missing']?.fix ?? '',
      hubspotId: null,
      klaviyoId: null,
      email: null,
    })),
  );
}

/** The list is there (again). */
export async function foundList(ctx: SyncContext, klaviyoAccountId: string, listId: string): Promise<void> {
  await clearConnectionIssue(ctx.db, klaviyoAccountId, 'list_missing', listId);
}

/**
 * Which of the lists that rules read are gone, asked right before somebody would leave a rule: a deleted list is not an
 * empty one, and nobody is taken off a list or unsubscribed because of it (B9).
 */
export async function listsGone(ctx: SyncContext, scope: AccountScope): Promise<Set<string>> {
  const hubspot = ctx.hubspot(scope.portalId, 'sweep');
  const klaviyo = ctx.klaviyo(scope.klaviyoAccountId, 'sweep');
  const { hubspotLists, klaviyoLists, klaviyoSegments } = scope.lists;
  const checks = [
    ...hubspotLists.map((id) => ({ id, exists: () => listExists(hubspot, id) })),
    ...klaviyoLists.map((id) => ({ id, exists: () => groupExists(klaviyo, 'lists', id) })),
    ...klaviyoSegments.map((id) => ({ id, exists: () => groupExists(klaviyo, 'segments', id) })),
  ];
  const gone = new Set<string>();
  for (const { id, exists } of checks) {
    if (await exists()) continue;
    gone.add(id);
    await missingList(ctx, scope.klaviyoAccountId, id);
  }
  return gone;
}

/** Members of a list by email; of a list that is gone none, and it is remembered as gone. */
export async function membersUnlessGone<Member>(
  gone: Set<string>,
  listId: string,
  read: () => Promise<Member[]>,
): Promise<Member[]> {
  if (gone.has(listId)) return [];
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof RecordRefused) || error.detail.status !== 404) throw error;
    gone.add(listId);
    return [];
  }
}

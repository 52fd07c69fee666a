import { erasedOf } from '../contacts/erase.js';
import type { NewActivity } from '../store/activities.js';
import type { Database } from '../store/database.js';
import { lockPeople } from '../store/lock-people.js';
import type { SyncContext } from '../contacts/sync-context.js';

/**
 * Leaves out the events of people who asked to be forgotten (B11). In the transaction that keeps the others: an erasure
 * waits for its commit and takes away what it kept, or is through and known here.
 */
export async function withoutErased(
  ctx: Pick<SyncContext, 'sealer'>,
  tx: Database,
  portalId: string,
  events: readonly NewActivity[],
): Promise<NewActivity[]> {
  const emailsOf = ({ email, facts }: NewActivity): string[] => [email, facts.recipient].filter((one) => one !== null);
  await lockPeople(tx, portalId, 'shared');
  const erased = await erasedOf({ sealer: ctx.sealer, db: tx }, portalId, [...new Set(events.flatMap(emailsOf))]);
  return events.filter((event) => !emailsOf(event).some((email) => erased.has(email)));
}

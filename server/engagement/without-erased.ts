import { erasedOf } from '../contacts/erase.js';
import type { NewActivity } from '../store/activities.js';
import type { SyncContext } from '../contacts/sync-context.js';

/** Leaves out the events of people who asked to be forgotten (B11). */
export async function withoutErased(
  ctx: SyncContext,
  portalId: string,
  events: readonly NewActivity[],
): Promise<NewActivity[]> {
  const emailsOf = ({ email, facts }: NewActivity): string[] => [email, facts.recipient].filter((one) => one !== null);
  const erased = await erasedOf(ctx, portalId, [...new Set(events.flatMap(emailsOf))]);
  return events.filter((event) => !emailsOf(event).some((email) => erased.has(email)));
}

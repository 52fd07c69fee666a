import type { ContactConnection } from './connection.js';
import type { Person } from './person.js';
import { rankSpan, stableRank } from './stable-rank.js';

/** Share of the people that a connection in its first stage works on (F12). */
export const canaryShare = 0.01;

/** Why a connection leaves this person for later although its rules match, or null (F9, F12). Pure. */
export function heldBack(
  connection: ContactConnection,
  person: Person,
  email: string | null,
): 'beyond_limit' | 'beyond_stage' | null {
  const { limit, stage } = connection.options;
  if (limit !== null && !person.admittedBy.has(connection.id)) return 'beyond_limit';
  if (stage === 'canary' && email !== null && stableRank(email) >= canaryShare * rankSpan) return 'beyond_stage';
  return null;
}

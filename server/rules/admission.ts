import type { ContactConnection } from './connection.js';
import type { Person } from './person.js';
import { rankSpan, stableRank } from './stable-rank.js';

/** Share of the people that a connection works on in each stage (F12): a person widens it, one click a stage. */
export const stageShares = { canary: 0.01, tenth: 0.1 } as const;

/** Why a connection leaves this person for later although its rules match, or null (F9, F12). Pure. */
export function heldBack(
  connection: ContactConnection,
  person: Person,
  email: string | null,
): 'beyond_limit' | 'beyond_stage' | null {
  const { limit, stage } = connection.options;
  const chosen = person.admittedBy.has(connection.id);
  if (limit !== null && !chosen) return 'beyond_limit';
  if (stage === 'all' || email === null) return null;
  // However few the share comes to, some are chosen: a stage of nobody shows nothing.
  const within = stableRank(email) < stageShares[stage] * rankSpan || (limit === null && chosen);
  return within ? null : 'beyond_stage';
}

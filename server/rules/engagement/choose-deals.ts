import type { DealChoice } from './engagement-config.js';

/** What of a deal decides whether an activity is put on it. */
export interface DealFacts {
  id: string;
  closed: boolean;
  /** ISO time. */
  createdAt: string;
  pipeline: string;
}

/** The deals that get a contact's activities (E5, E12): of the chosen pipelines, open ones only; ties go to the lower id. */
export function chooseDeals<T extends DealFacts>(
  deals: readonly T[],
  choice: DealChoice,
  pipelines: readonly string[],
): T[] {
  if (choice === 'none') return [];
  const open = deals
    .filter((deal) => !deal.closed && (pipelines.length === 0 || pipelines.includes(deal.pipeline)))
    .sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt) || byId(a.id, b.id));
  if (choice === 'all_open') return open;
  const newest = open.at(-1)?.createdAt ?? '';
  return choice === 'oldest_open' ? open.slice(0, 1) : open.filter(({ createdAt }) => createdAt === newest).slice(0, 1);
}

/** Ids are numbers of any length. */
const byId = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

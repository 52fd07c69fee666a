import type { Standing } from '../rules/person.js';
import type { StandingRow } from '../store/standings.js';
import type { Applied } from './apply.js';
import { homeOf, recordsOf } from './person-home.js';

/** What each connection knows of a person from now on. */
export function standingRows(person: Applied): StandingRow[] {
  const home = homeOf(person);
  if (home === null || person.plan.forget) return [];
  return person.plan.standings.map((standing) => ({
    ...standing,
    ...home,
    ...afterRefusal(person, standing),
    lists: listsAfter(person, standing),
  }));
}

function afterRefusal(person: Applied, standing: Standing): Pick<Standing, 'state' | 'reason' | 'message'> {
  const refusal = person.refusals[0];
  if (refusal === undefined || standing.state !== 'in_sync') return standing;
  return { state: 'failed', reason: refusal.code, message: refusal.detail };
}

/** Lists as Klaviyo confirmed them: not joined are not counted, and not left are still to be left. */
function listsAfter({ plan, joined, left }: Applied, standing: Standing): string[] {
  const planned = (changes: typeof plan.listAdds): string[] =>
    changes.filter(({ connectionId }) => connectionId === standing.connectionId).map(({ listId }) => listId);
  const adds = planned(plan.listAdds);
  const lists = standing.lists.filter((listId) => !adds.includes(listId) || joined.has(listId));
  return [...new Set([...lists, ...planned(plan.listRemoves).filter((listId) => !left.has(listId))])];
}

/** Standings that are kept under another record from now on, or not at all. */
export function movedStandings(
  person: Applied,
): { connectionId: string; side: 'hubspot' | 'klaviyo'; recordId: string }[] {
  const home = homeOf(person);
  const elsewhere = recordsOf(person).filter(
    (at) => person.plan.forget || home === null || at.side !== home.side || at.recordId !== home.recordId,
  );
  return person.plan.person.standings.flatMap(({ connectionId }) => elsewhere.map((at) => ({ connectionId, ...at })));
}

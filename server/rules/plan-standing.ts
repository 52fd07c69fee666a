import type { ContactConnection } from './connection.js';
import { rulesKey, type Eligibility } from './eligibility.js';
import type { ListWrite, Person, Standing } from './person.js';
import { exitOptOut } from './plan-consent.js';
import type { PersonPlan } from './plan-person.js';
import { standingReasons } from './words.js';

/** How a person stands with a connection, and the lists that its rules keep the person on (C1, B8, B9). */

/** The lists of the rules that match are joined, once; again where the answer to the last write was lost. */
export function joinLists(plan: PersonPlan, connection: ContactConnection, match: Eligibility): void {
  const before = standingOf(plan.person, connection)?.lists ?? [];
  const unsure = unsureLists(plan.person, connection).map(({ listId }) => listId);
  for (const listId of match.lists)
    if (!before.includes(listId) || unsure.includes(listId))
      plan.listAdds.push({ connectionId: connection.id, listId });
}

/** The person matches no rule of this connection (any more): updates stop, the list is left, nothing is deleted (B8). */
export function leave(
  plan: PersonPlan,
  connection: ContactConnection,
  matched: readonly { match: Eligibility }[],
): void {
  const before = standingOf(plan.person, connection);
  const stands = before !== undefined && before.state !== 'not_in_scope';
  if (!stands && unsureLists(plan.person, connection).length === 0) return;
  const lists = leaveLists(plan, connection, matched);
  if (matched.length === 0 && lists.length > 0 && plan.optOuts.length === 0) {
    const optOut = exitOptOut(plan.person, connection, 'left_rules');
    if (optOut !== null) plan.optOuts.push(optOut);
  }
  stand(plan, connection, 'not_in_scope', 'left_rules', standingReasons.left_rules, []);
}

/**
 * Lists the person joined, or may have joined, by this connection. Those joined under other rules are left alone:
 * changing or deleting a rule removes nobody (B9).
 */
export function listsUnderTheseRules(plan: PersonPlan, connection: ContactConnection): readonly string[] {
  const key = rulesKey(connection);
  const before = standingOf(plan.person, connection);
  const unsure = unsureLists(plan.person, connection).filter((write) => write.rulesKey === key);
  return [...new Set([...(before?.rulesKey === key ? before.lists : []), ...unsure.map(({ listId }) => listId)])];
}

const unsureLists = (person: Person, connection: ContactConnection): ListWrite[] =>
  person.listWrites.filter((write) => write.connectionId === connection.id);

/** Lists of rules that no longer match are left, also while another rule still does (B8). Answers all joined ones. */
export function leaveLists(
  plan: PersonPlan,
  connection: ContactConnection,
  matched: readonly { match: Eligibility }[],
): readonly string[] {
  const lists = listsUnderTheseRules(plan, connection);
  const wanted = new Set(matched.flatMap(({ match }) => match.lists));
  for (const listId of lists) if (!wanted.has(listId)) plan.listRemoves.push({ connectionId: connection.id, listId });
  return lists;
}

/** A list of the connection's rules is gone: whether the person would still match is not known, so all stays as it is (B9). */
export function rest(plan: PersonPlan, connection: ContactConnection): void {
  const before = standingOf(plan.person, connection);
  if (before === undefined || before.state === 'not_in_scope') return;
  stand(plan, connection, 'skipped', 'list_missing');
}

/** What earlier passes left of the person under this connection. */
export function standingOf(person: Person, connection: ContactConnection): Standing | undefined {
  return person.standings.find((standing) => standing.connectionId === connection.id);
}

/** Notes how the person stands with the connection after this pass. */
export function stand(
  plan: PersonPlan,
  connection: ContactConnection,
  state: Standing['state'],
  reason: string | null,
  message: string | null = sentenceOf(reason),
  /** Without it the lists stay what earlier passes made them: a skipped person is not taken off a list. */
  lists: readonly string[] = standingOf(plan.person, connection)?.lists ?? [],
): void {
  plan.standings.push({ connectionId: connection.id, state, reason, message, lists, rulesKey: rulesKey(connection) });
}

function sentenceOf(reason: string | null): string | null {
  return Object.entries(standingReasons).find(([code]) => code === reason)?.[1] ?? null;
}

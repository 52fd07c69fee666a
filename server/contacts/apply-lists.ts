import { RecordRefused } from '../errors.js';
import { add, remove } from '../vendors/klaviyo/lists.js';
import type { KlaviyoSession } from '../vendors/klaviyo/session.js';
import { defer, type Applied } from './apply.js';

/** Adds people to the lists of their rules and takes those out who left, a thousand a call (C1, B8). */
export async function applyLists(session: KlaviyoSession, people: readonly Applied[]): Promise<void> {
  // A refused field of a profile that exists keeps nobody off a list; a refused profile has no id.
  const ready = people.filter((person) => person.klaviyoId !== null && person.outcome.klaviyo !== 'unknown');
  await Promise.all([
    ...byList(ready, (person) => person.plan.listAdds).map(([listId, members]) =>
      change(session, 'add', listId, members),
    ),
    ...byList(ready, (person) => person.plan.listRemoves).map(([listId, members]) =>
      change(session, 'remove', listId, members),
    ),
  ]);
}

function byList(
  people: readonly Applied[],
  listsOf: (person: Applied) => readonly { listId: string }[],
): [string, Applied[]][] {
  const lists = new Map<string, Applied[]>();
  for (const person of people) {
    for (const listId of new Set(listsOf(person).map((list) => list.listId))) {
      const members = lists.get(listId) ?? [];
      members.push(person);
      lists.set(listId, members);
    }
  }
  return [...lists];
}

async function change(
  session: KlaviyoSession,
  what: 'add' | 'remove',
  listId: string,
  members: readonly Applied[],
): Promise<void> {
  const ids = members.map((person) => person.klaviyoId).filter((id) => id !== null);
  try {
    const refused = await (what === 'add' ? add : remove)(session, listId, ids);
    for (const person of members) {
      const refusal = refused.get(person.klaviyoId ?? '');
      if (refusal === undefined) (what === 'add' ? person.joined : person.left).add(listId);
      else person.refusals.push({ side: 'klaviyo', code: refusal.code, field: listId, detail: refusal.message });
    }
  } catch (error) {
    if (!(error instanceof RecordRefused)) return defer(members, 'lists', error);
    for (const person of members) {
      if (what === 'remove') person.left.add(listId);
      else
        person.refusals.push({
          side: 'klaviyo',
          code: 'list_missing',
          field: listId,
          detail: `Klaviyo list ${listId} cannot be joined: ${error.message}`,
        });
    }
  }
}

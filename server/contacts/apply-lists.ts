import { RecordRefused } from '../errors.js';
import { add, membersByEmail, remove } from '../vendors/klaviyo/lists.js';
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

/**
 * Notes who is on the list already: only who really joins gets a line in the history, and only that can be taken back. A
 * profile that was just created is on no list.
 */
async function noteMembers(session: KlaviyoSession, listId: string, people: readonly Applied[]): Promise<void> {
  const known = people.filter(({ plan }) => plan.person.klaviyo !== null);
  const emails = known.flatMap(({ plan }) => plan.person.klaviyo?.email ?? []);
  if (emails.length === 0) return;
  const members = new Set((await membersByEmail(session, listId, emails)).map(({ id }) => id));
  for (const person of known) if (members.has(person.klaviyoId ?? '')) person.memberAlready.add(listId);
}

async function change(
  session: KlaviyoSession,
  what: 'add' | 'remove',
  listId: string,
  members: readonly Applied[],
): Promise<void> {
  try {
    if (what === 'add') await noteMembers(session, listId, members);
    const ids = members
      .filter((person) => what === 'remove' || !person.memberAlready.has(listId))
      .map((person) => person.klaviyoId)
      .filter((id) => id !== null);
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

import { RecordRefused } from '../errors.js';
import { rulesKey } from '../rules/eligibility.js';
import { intendListWrites, type ProfileListWrite } from '../store/list-writes.js';
import { add, membersByEmail, remove } from '../vendors/klaviyo/lists.js';
import type { KlaviyoSession } from '../vendors/klaviyo/session.js';
import type { AccountScope } from './account-scope.js';
import { defer, type Applied } from './apply.js';
import type { Roster } from './roster.js';
import type { SyncContext } from './sync-context.js';

/**
 * Adds people to the lists of their rules and takes those out who left, a thousand a call (C1, B8). What is about to be
 * written is noted first: after a lost answer or a crash the next pass knows that it does not know (G1).
 */
export async function applyLists(
  ctx: SyncContext,
  scope: AccountScope,
  session: KlaviyoSession,
  roster: Roster | null,
  people: readonly Applied[],
): Promise<void> {
  // A refused field of a profile that exists keeps nobody off a list; a refused profile has no id.
  const ready = people.filter((person) => person.klaviyoId !== null && person.outcome.klaviyo !== 'unknown');
  await Promise.all([
    ...byList(ready, (person) => person.plan.listAdds).map(([listId, members]) =>
      change(ctx, scope, session, roster, 'add', listId, members),
    ),
    ...byList(ready, (person) => person.plan.listRemoves).map(([listId, members]) =>
      change(ctx, scope, session, roster, 'remove', listId, members),
    ),
  ]);
}

/** The list writes of these people's plans. */
export function writesOf(scope: AccountScope, people: readonly Applied[]): ProfileListWrite[] {
  const keys = new Map(scope.connections.map((connection) => [connection.id, rulesKey(connection)]));
  return people.flatMap(({ klaviyoId, plan }) =>
    klaviyoId === null
      ? []
      : [...plan.listAdds, ...plan.listRemoves].map(({ connectionId, listId }) => {
          return { connectionId, klaviyoId, listId, rulesKey: keys.get(connectionId) ?? '' };
        }),
  );
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
 * profile that was just created is on no list; one that our own unanswered write may have put there is joining still.
 */
async function noteMembers(
  session: KlaviyoSession,
  roster: Roster | null,
  listId: string,
  people: readonly Applied[],
): Promise<void> {
  const known = people.filter(({ plan }) => plan.person.klaviyo !== null);
  const emails = known.flatMap(({ plan }) => plan.person.klaviyo?.email ?? []);
  if (emails.length === 0) return;
  const members =
    (await roster?.members(
      listId,
      known.flatMap(({ klaviyoId }) => klaviyoId ?? []),
    )) ?? new Set((await membersByEmail(session, listId, emails)).map(({ id }) => id));
  for (const person of known) {
    const ours = person.plan.person.listWrites.some((write) => write.listId === listId);
    if (!ours && members.has(person.klaviyoId ?? '')) person.memberAlready.add(listId);
  }
}

async function change(
  ctx: SyncContext,
  scope: AccountScope,
  session: KlaviyoSession,
  roster: Roster | null,
  what: 'add' | 'remove',
  listId: string,
  members: readonly Applied[],
): Promise<void> {
  try {
    if (what === 'add') await noteMembers(session, roster, listId, members);
    const changing = members.filter((person) => what === 'remove' || !person.memberAlready.has(listId));
    const intended = writesOf(scope, changing).filter((write) => write.listId === listId);
    await intendListWrites(ctx.db, scope.portalId, scope.klaviyoAccountId, intended);
    const ids = changing.map((person) => person.klaviyoId).filter((id) => id !== null);
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

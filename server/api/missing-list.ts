import { listsNamed, type NamedList } from '../rules/check-config.js';
import type { ContactConfig } from '../rules/connection.js';
import { mapLimited } from '../vendors/call.js';
import { listExists } from '../vendors/hubspot/lists.js';
import { groupExists } from '../vendors/klaviyo/groups.js';
import type { ApiDependencies } from './dependencies.js';

/** Vendors are asked about so many lists at once. */
const atOnce = 4;

/**
 * The first list that the rules name and that does not exist, or null. What `known` rules name already is not asked
 * again: saving a name must not fail because somebody deleted a list meanwhile; that becomes an issue by itself.
 */
export async function missingList(
  deps: Pick<ApiDependencies, 'hubspot' | 'klaviyo'>,
  accounts: { portalId: string; klaviyoAccountId: string },
  rules: ContactConfig['rules'],
  known: ContactConfig['rules'] | null,
): Promise<NamedList | null> {
  const keyOf = ({ kind, id }: NamedList): string => `${kind} ${id}`;
  const settled = new Set((known === null ? [] : listsNamed(known)).map(keyOf));
  const asked = new Map(
    listsNamed(rules)
      .filter((list) => !settled.has(keyOf(list)))
      .map((list) => [keyOf(list), list]),
  );
  const hubspot = deps.hubspot(accounts.portalId);
  const klaviyo = deps.klaviyo(accounts.klaviyoAccountId);
  const missing = await mapLimited([...asked.values()], atOnce, async (list) => {
    const exists =
      list.kind === 'hubspot'
        ? await listExists(hubspot, list.id)
        : await groupExists(klaviyo, list.kind === 'segment' ? 'segments' : 'lists', list.id);
    return exists ? null : list;
  });
  return missing.find((list) => list !== null) ?? null;
}

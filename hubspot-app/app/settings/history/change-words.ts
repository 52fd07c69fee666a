import type { Side } from '../api-types.js';
import type { Names } from '../shared/names.js';
import { words } from '../words.js';

/** `list Xy12` names a Klaviyo list, everything else a field. */
export const listOf = (field: string | null): string | null => /^list (\S+)$/.exec(field ?? '')?.[1] ?? null;

/** Which field or list it was, in words. */
export function where({ side, field }: { side: Side; field: string | null }, names: Names): string {
  const list = listOf(field);
  if (field === null) return words.common.side[side];
  return words.common.at(side, list === null ? names.field(side, field) : names.list(list));
}

import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { Fields, KlaviyoAccount, PickerItem, Side } from '../api-types.js';
import { words } from '../words.js';
import { breakable } from './breakable.js';
import { usePlatform } from './platform.js';

/** Names of fields and lists as people know them; an internal name where none is known. */
export interface Names {
  field(side: Side, name: string): string;
  /** A Klaviyo list. */
  list(id: string): string;
}

const internal: Names = { field: (_side, name) => name, list: words.common.list };
const NamesContext = createContext<{ names: Names; ask(): void }>({ names: internal, ask: () => undefined });

/** With 200 a page, enough for 1,000 lists: the others keep their id. */
const mostPages = 5;

/**
 * Reads the names of all connected accounts once, when the first screen needs them. They are a comfort: without them, or
 * when they cannot be read, internal names are shown.
 */
export function NamesProvider({ accounts, children }: { accounts: readonly KlaviyoAccount[]; children: ReactNode }) {
  const { api } = usePlatform();
  const [wanted, setWanted] = useState(false);
  const [names, setNames] = useState(internal);
  const ids = accounts
    .filter(({ state }) => state === 'connected')
    .map(({ id }) => id)
    .join(' ');
  useEffect(() => {
    if (!wanted || ids === '') return;
    let current = true;
    const listsOf = async (id: string): Promise<PickerItem[]> => {
      const items: PickerItem[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < mostPages; page += 1) {
        const { results, next } = await api.klaviyoPicker(id, 'lists', '', cursor);
        items.push(...results);
        if (next === null) break;
        cursor = next;
      }
      return items;
    };
    const read = async (): Promise<void> => {
      const fields: Fields[] = [];
      const lists: PickerItem[] = [];
      // One account after the other: HubSpot carries 20 requests at once for all who look at the app, and refuses more.
      for (const id of ids.split(' ')) {
        const [known, found] = await Promise.allSettled([api.fields(id), listsOf(id)]);
        if (!current) return;
        if (known.status === 'fulfilled') fields.push(known.value);
        if (found.status === 'fulfilled') lists.push(...found.value);
        setNames(namesOf(fields, lists));
      }
    };
    void read();
    return () => {
      current = false;
    };
  }, [api, ids, wanted]);
  const ask = useCallback(() => setWanted(true), []);
  const value = useMemo(() => ({ names, ask }), [names, ask]);
  return <NamesContext.Provider value={value}>{children}</NamesContext.Provider>;
}

/** Names for what is shown; read behind it. */
export function useNames(): Names {
  const { names, ask } = useContext(NamesContext);
  useEffect(ask, [ask]);
  return names;
}

function namesOf(fields: readonly Fields[], lists: readonly PickerItem[]): Names {
  const labels = new Map<string, string>();
  for (const { hubspot, klaviyo } of fields) {
    for (const { object, name, label } of hubspot) {
      labels.set(`hubspot ${object}.${name}`, label);
      if (object === 'contact' || !labels.has(`hubspot ${name}`)) labels.set(`hubspot ${name}`, label);
    }
    for (const { kind, name, label } of klaviyo) {
      labels.set(`klaviyo ${kind}.${name}`, label);
      if (kind === 'attribute' || !labels.has(`klaviyo ${name}`)) labels.set(`klaviyo ${name}`, label);
    }
  }
  const listNames = new Map(lists.map(({ id, name }) => [id, name]));
  return {
    field: (side, name) => breakable(labels.get(`${side} ${name}`) ?? name),
    list: (id) => breakable(listNames.get(id) ?? words.common.list(id)),
  };
}

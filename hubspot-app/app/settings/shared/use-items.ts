import type { Page, PickerItem } from '../api-types.js';
import { useLoad, type Loaded } from './use-load.js';

/** Pages read at once: with 200 a page, enough for 600 lists; more are found by typing. */
const mostPages = 3;

export interface Items {
  items: PickerItem[];
  /** Whether there are more than were read. */
  more: boolean;
}

/** What a picker offers for the text searched: the first pages, read one after the other. */
export function useItems(
  key: string,
  search: string,
  load: (search: string, cursor?: string) => Promise<Page<PickerItem>>,
): Loaded<Items> {
  return useLoad(`${key} ${search}`, async () => {
    const items: PickerItem[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < mostPages; page += 1) {
      const { results, next } = await load(search, cursor);
      items.push(...results);
      if (next === null) return { items, more: false };
      cursor = next;
    }
    return { items, more: true };
  });
}

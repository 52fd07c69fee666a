import { useState } from 'react';
import type { Page } from '../api-types.js';
import { useAction } from './use-action.js';
import { useLoad } from './use-load.js';
import type { Problem } from '../api/problem.js';

export interface Pages<Row> {
  /** null until the first page is there. */
  rows: Row[] | null;
  problem: Problem | null;
  reload(): void;
  /** Reads the next page; null when there is none. */
  more: (() => void) | null;
  busy: boolean;
}

/** A long list, read a page at a time. Begins again when `key` changes. */
export function usePages<Row>(key: string, load: (cursor?: string) => Promise<Page<Row>>): Pages<Row> {
  const first = useLoad(key, () => load());
  const [rest, setRest] = useState<{ of: Page<Row>; rows: Row[]; next: string | null } | null>(null);
  // Later pages belong to the first page they followed; a new first page starts afresh.
  const mine = rest !== null && rest.of === first.data ? rest : null;
  const next = mine === null ? (first.data?.next ?? null) : mine.next;
  const reading = useAction(async () => {
    const { data } = first;
    if (data === null || next === null) return;
    const page = await load(next);
    setRest({ of: data, rows: [...(mine?.rows ?? []), ...page.results], next: page.next });
  });
  return {
    rows: first.data === null ? null : [...first.data.results, ...(mine?.rows ?? [])],
    problem: first.problem ?? reading.problem,
    reload: first.reload,
    more: next === null ? null : () => reading.start(),
    busy: reading.busy,
  };
}

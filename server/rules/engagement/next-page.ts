import type { ActivityKind } from './activity-kind.js';

/** The next page of one metric, which is read and waits. */
export interface WaitingPage {
  metricId: string;
  kind: ActivityKind;
  /** Nothing in it happened before; in milliseconds. */
  startMs: number;
  /** When its last event happened; -Infinity when it has none. */
  endMs: number;
}

/**
 * Which of the metrics' next pages goes first: the one that ends first, so that all of a person's activity comes along in
 * order of time. Receipts go before all that may have happened after them: they name whom an email targeted, and tell
 * machines that open before the delivery. Null when none waits. Pure.
 */
export function nextPage<Page extends WaitingPage>(pages: readonly Page[]): Page | null {
  // A receipt may be as old as its page's start.
  const turnOf = ({ kind, startMs, endMs }: WaitingPage): number => (kind === 'received' ? startMs : endMs);
  return pages.reduce<Page | null>((first, page) => {
    if (first === null || turnOf(page) < turnOf(first)) return page;
    return turnOf(page) === turnOf(first) && page.kind === 'received' ? page : first;
  }, null);
}

import type { SandboxAnswer } from '../core/router.js';
import { hubspotError } from './answers.js';
import { recordJson } from './objects.js';
import type { CrmRecord, Portal } from './store.js';

interface Filter {
  propertyName: string;
  operator: string;
  value?: string;
  highValue?: string;
  values?: string[];
}

interface SearchBody {
  filterGroups?: { filters: Filter[] }[];
  sorts?: ({ propertyName: string; direction?: string } | string)[];
  query?: string;
  properties?: string[];
  limit?: number;
  after?: number | string;
}

/** Numbers and times compare as numbers, the rest as text. */
function comparable(value: string): number | string {
  if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  const time = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? value.toLowerCase() : time;
}

function order(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

function passes(portal: Portal, record: CrmRecord, filter: Filter): boolean {
  const raw = portal.valueOf(record, filter.propertyName);
  if (filter.operator === 'HAS_PROPERTY') return raw !== null;
  if (filter.operator === 'NOT_HAS_PROPERTY') return raw === null;
  if (filter.operator === 'NEQ') return raw === null || order(comparable(raw), comparable(filter.value ?? '')) !== 0;
  if (filter.operator === 'NOT_IN') return raw === null || !(filter.values ?? []).includes(raw.toLowerCase());
  if (raw === null) return false;
  const compared = order(comparable(raw), comparable(filter.value ?? ''));
  switch (filter.operator) {
    case 'EQ':
      return compared === 0;
    case 'LT':
      return compared < 0;
    case 'LTE':
      return compared <= 0;
    case 'GT':
      return compared > 0;
    case 'GTE':
      return compared >= 0;
    case 'BETWEEN':
      return compared >= 0 && order(comparable(raw), comparable(filter.highValue ?? '')) <= 0;
    case 'IN':
      return (filter.values ?? []).includes(raw.toLowerCase());
    case 'CONTAINS_TOKEN':
      return raw.toLowerCase().includes((filter.value ?? '').replaceAll('*', '').toLowerCase());
    default:
      return false;
  }
}

const modifiedNames = new Set(['lastmodifieddate', 'hs_lastmodifieddate']);

/** The moment before which no record that fits a group was modified last; none when the group does not say. */
const oldestOf = ({ filters }: { filters: Filter[] }): number =>
  Math.max(
    -Infinity,
    ...filters
      .filter(
        ({ propertyName, operator, value }) =>
          modifiedNames.has(propertyName) && ['EQ', 'GT', 'GTE'].includes(operator) && /^\d+$/.test(value ?? ''),
      )
      .map(({ value }) => Number(value)),
  );

/** CRM search: eventually consistent, 200 a page, 10,000 in all. */
export function search(portal: Portal, type: string, json: unknown): SandboxAnswer {
  const body = (json ?? {}) as SearchBody;
  const limit = body.limit ?? 10;
  const after = Number(body.after ?? 0);
  const groups = body.filterGroups ?? [];
  if (limit > 200) return hubspotError(400, 'The limit of a search is 200.');
  if (after + limit > 10_000) return hubspotError(400, 'Paging past 10,000 results is not supported.');
  if (groups.length > 5) return hubspotError(400, 'At most 5 filter groups are allowed.');
  if (groups.some((group) => group.filters.length > 6))
    return hubspotError(400, 'At most 6 filters are allowed in a group.');
  const now = Date.now();
  const matching: CrmRecord[] = [];
  const oldest = groups.length === 0 ? -Infinity : Math.min(...groups.map(oldestOf));
  for (const record of portal.table(type)?.values() ?? []) {
    // Compared as a number first: a sweep asks for the few that were modified lately among very many.
    if (record.updatedAt < oldest || record.indexedAt > now) continue;
    if (groups.length === 0 || groups.some((group) => group.filters.every((filter) => passes(portal, record, filter))))
      matching.push(record);
  }
  const [sort] = body.sorts ?? [];
  // `lastmodifieddate`, `-lastmodifieddate` (descending), or the older object form.
  const by = typeof sort === 'string' ? sort.replace(/^-/, '') : sort?.propertyName;
  if (by !== undefined) {
    const descending = typeof sort === 'string' ? sort.startsWith('-') : sort?.direction === 'DESCENDING';
    const direction = descending ? -1 : 1;
    const key: (record: CrmRecord) => number | string = modifiedNames.has(by)
      ? (record) => record.updatedAt
      : (record) => comparable(portal.valueOf(record, by) ?? '');
    matching.sort((a, b) => direction * order(key(a), key(b)));
  }
  const results = matching
    .slice(after, after + limit)
    .map((record) => recordJson(portal, record, body.properties ?? []));
  const more = after + limit < matching.length;
  return {
    status: 200,
    json: { total: matching.length, results, ...(more ? { paging: { next: { after: String(after + limit) } } } : {}) },
  };
}

import type { SandboxAnswer, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalidParameter } from './answers.js';
import type { Position } from './timeline.js';

type Key = number | string;

/** Page size within the vendor's bounds. */
export function pageSize(request: SandboxRequest, fallback: number, largest: number): number {
  const size = Number(request.query.get('page[size]') ?? fallback);
  if (!Number.isInteger(size) || size < 1 || size > largest) {
    throw new Refusal(invalidParameter('page[size]', `Page size must be an integer between 1 and ${largest}.`));
  }
  return size;
}

/** A keyset cursor: opaque to whoever reads it. */
const makeCursor = (key: Key, tie: Key): string => Buffer.from(JSON.stringify([key, tie])).toString('base64url');

function readCursor(request: SandboxRequest): [Key, Key] | null {
  const text = request.query.get('page[cursor]');
  if (text === null || text === '') return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(value) && value.length === 2) return value as [Key, Key];
  } catch {
    // Falls through to the refusal: a cursor is ours or it is nothing.
  }
  throw new Refusal(invalidParameter('page[cursor]', 'Invalid cursor.'));
}

/** Where a page of a timeline begins. */
export function positionOf(request: SandboxRequest): Position | null {
  const cursor = readCursor(request);
  if (cursor === null) return null;
  const [at, serial] = cursor.map(Number);
  if (at === undefined || serial === undefined || !Number.isFinite(at + serial)) {
    throw new Refusal(invalidParameter('page[cursor]', 'Invalid cursor.'));
  }
  return { at, serial };
}

/** The sort key and its direction; the first allowed one unless the request says otherwise. */
export function sortOf(request: SandboxRequest, allowed: readonly string[]): { key: string; descending: boolean } {
  const text = request.query.get('sort') ?? allowed[0] ?? '';
  const key = text.replace(/^-/, '');
  if (!allowed.includes(key)) throw new Refusal(invalidParameter('sort', `'${text}' is not a valid sort key.`));
  return { key, descending: text.startsWith('-') };
}

/** The links of a page; `next` repeats the request, whole, with its cursor. */
function pageLinks(request: SandboxRequest, cursor: string | null): Record<string, string | null> {
  const { url } = request;
  if (cursor === null) return { self: url.href, next: null, prev: null };
  const target = new URL(url);
  target.searchParams.set('page[cursor]', cursor);
  return { self: url.href, next: target.href, prev: null };
}

/** A page of resources; `next` is a timeline's position. */
export function pageAnswer(
  request: SandboxRequest,
  data: unknown[],
  next: Position | null,
  included?: unknown[],
): SandboxAnswer {
  const links = pageLinks(request, next === null ? null : makeCursor(next.at, next.serial));
  return { status: 200, json: { data, links, ...(included === undefined ? {} : { included }) } };
}

/** A resource alone. */
export function oneAnswer(request: SandboxRequest, data: unknown, more: Partial<SandboxAnswer> = {}): SandboxAnswer {
  return { status: 200, ...more, json: { data, links: { self: request.url.href } } };
}

const compare = (a: Key, b: Key): number => (a < b ? -1 : a > b ? 1 : 0);

/** A page of few things: sorted on the spot by one of the keys (the first by default), the id breaking ties. */
export function sortedPage<T extends { id: string }>(
  request: SandboxRequest,
  items: Iterable<T>,
  options: {
    size: number;
    keys: Readonly<Record<string, (item: T) => Key>>;
    json: (item: T) => unknown;
    included?: (page: T[]) => unknown[];
  },
): SandboxAnswer {
  const { key, descending } = sortOf(request, Object.keys(options.keys));
  const of = options.keys[key] ?? ((item: T) => item.id);
  const sign = descending ? -1 : 1;
  const found = [...items].sort((a, b) => sign * (compare(of(a), of(b)) || compare(a.id, b.id)));
  const cursor = readCursor(request);
  const later = (item: T): boolean =>
    cursor === null || sign * (compare(of(item), cursor[0]) || compare(item.id, cursor[1])) > 0;
  const start = found.findIndex(later);
  const page = start < 0 ? [] : found.slice(start, start + options.size);
  const last = page.at(-1);
  const next = last !== undefined && start + options.size < found.length ? makeCursor(of(last), last.id) : null;
  return {
    status: 200,
    json: {
      data: page.map(options.json),
      links: pageLinks(request, next),
      ...(options.included === undefined ? {} : { included: options.included(page) }),
    },
  };
}

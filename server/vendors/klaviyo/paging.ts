import { z, type ZodType } from 'zod';
import { VendorBug } from '../../errors.js';
import { mapLimited } from '../call.js';
import { refusedOf } from '../in-halves.js';
import type { KlaviyoSession } from './session.js';

const linksSchema = z.object({ next: z.string().nullish() }).loose().nullish();

/** The schema of a page whose items look like `item`. */
export const pageOf = <T>(item: ZodType<T>): ZodType<Page<T>> => z.object({ data: z.array(item), links: linksSchema });

export interface Page<T> {
  data: T[];
  links?: z.infer<typeof linksSchema>;
}

/** The cursor of the next page. The SDK only unwraps https links; this reads it from any. */
export function nextCursor(links: z.infer<typeof linksSchema>): string | null {
  const next = links?.next;
  if (next === undefined || next === null || next === '') return null;
  const base = 'https://a.klaviyo.com';
  const cursor = URL.canParse(next, base) ? new URL(next, base).searchParams.get('page[cursor]') : null;
  // A page that goes on without saying where would read as the last one.
  if (cursor === null || cursor === '') throw new VendorBug('Klaviyo names a next page without its cursor.');
  return cursor;
}

type Query = Record<string, string | number | undefined>;

/** Reads all pages of a collection, or the first `most` of them. */
export async function readAll<T>(
  session: KlaviyoSession,
  path: string,
  query: Query,
  schema: ZodType<Page<T>>,
  most = Number.POSITIVE_INFINITY,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < most; page += 1) {
    const { data }: { data: Page<T> } = await session.request({
      method: 'GET',
      path,
      query: { ...query, 'page[cursor]': cursor ?? undefined },
      schema,
    });
    found.push(...data.data);
    const next = nextCursor(data.links);
    if (next === null) break;
    if (next === cursor) throw new VendorBug('Klaviyo names the same page as the next one again.');
    cursor = next;
  }
  return found;
}

/** A text inside a filter: double quotes, JSON escapes. */
export const quoted = (text: string): string => JSON.stringify(text);

/** How many values any() takes is not documented: a hundred, and an address that stays well below 8 kB. */
const anyValues = 100;
const longestFilter = 6000;

/** Cuts values so that an any() filter of each piece fits into an address. Pure. */
export function filterChunks(values: readonly string[]): string[][] {
  const chunks: string[][] = [];
  let chunk: string[] = [];
  let length = 0;
  for (const value of new Set(values)) {
    const size = encodeURIComponent(quoted(value)).length + 3;
    if (chunk.length === anyValues || (chunk.length > 0 && length + size > longestFilter)) {
      chunks.push(chunk);
      chunk = [];
      length = 0;
    }
    chunk.push(value);
    length += size;
  }
  return chunk.length === 0 ? chunks : [...chunks, chunk];
}

/** Reads what matches any of the values. A value that Klaviyo will not even look up matches nothing (G4). */
export async function readAny<T>(
  session: KlaviyoSession,
  path: string,
  field: string,
  values: readonly string[],
  query: Query,
  schema: ZodType<Page<T>>,
): Promise<T[]> {
  const found = await mapLimited(filterChunks(values), 4, async (chunk) => {
    const items: T[] = [];
    await refusedOf(
      chunk,
      async (part) => {
        const filter = `any(${field},[${part.map(quoted).join(',')}])`;
        items.push(...(await readAll(session, path, { ...query, filter, 'page[size]': 100 }, schema)));
      },
      // A 404 is about the collection: a list that was deleted is not an empty list.
      (error) => error.detail.status !== 404,
    );
    return items;
  });
  return found.flat();
}

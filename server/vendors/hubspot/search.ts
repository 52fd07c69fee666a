import { z } from 'zod';
import { VendorBug } from '../../errors.js';
import { batchRead, objectPath, recordSchema } from './objects.js';
import type { HubspotSession } from './session.js';
import type { HubspotContact } from './types.js';

/** A page of records, as lists and searches answer it. */
export const pagedSchema = z.object({
  results: z.array(recordSchema),
  paging: z.object({ next: z.object({ after: z.string() }).nullish() }).nullish(),
  total: z.number().optional(),
});

type Page = z.infer<typeof pagedSchema>;

/** Where a search for modified contacts goes on: after this time and, among equals, after this id ('' = all seen). */
export interface ModifiedCursor {
  modifiedMs: number;
  id: string;
}

export interface ModifiedSearch {
  /** Contacts unless said otherwise. */
  object?: 'contacts' | 'companies';
  sinceMs: number;
  after?: ModifiedCursor;
  properties: readonly string[];
  /** At most 200. */
  limit: number;
}

/** The property that holds when a record was modified last. */
const modifiedProperty = ({ object }: ModifiedSearch): string =>
  object === 'companies' ? 'hs_lastmodifieddate' : 'lastmodifieddate';

/** A search's body may be 3,000 characters long; a longer list of properties is read by id. */
const longestBody = 2900;

/**
 * Contacts (or companies) modified since a moment, oldest first. Pages by time and, where one moment holds more than a page, by id: so
 * neither the 10,000 results of a search nor thousands of equal times stop it (G6).
 * Search lags writes by "a few moments": https://developers.hubspot.com/docs/api-reference/search/guide
 */
export async function searchModified(
  session: HubspotSession,
  search: ModifiedSearch,
): Promise<{ contacts: HubspotContact[]; done: boolean; next?: ModifiedCursor }> {
  const { after, limit } = search;
  // Within one moment, by id, until that moment is through; then on by time.
  if (after !== undefined && after.id !== '') {
    const { modifiedMs } = after;
    const beyond = { propertyName: 'hs_object_id', operator: 'GT', value: after.id };
    const ties = await ask(session, search, [modified(search, 'EQ', modifiedMs), beyond], 'hs_object_id');
    const id = (hasMore(ties, limit) ? ties.results.at(-1)?.id : undefined) ?? '';
    return { contacts: await contactsOf(session, search, ties), done: false, next: { modifiedMs, id } };
  }
  const from = after === undefined ? modified(search, 'GTE', search.sinceMs) : modified(search, 'GT', after.modifiedMs);
  const page = await ask(session, search, [from], modifiedProperty(search));
  const more = hasMore(page, limit);
  const last = page.results.at(-1);
  if (last === undefined || !more) {
    return { contacts: await contactsOf(session, search, page), done: true };
  }
  const lastMs = modifiedOf(search, last);
  // The page may end in the middle of a moment, so that moment begins the next page; one that fills a page by itself is asked
  // by id.
  const before = { ...page, results: page.results.filter((record) => modifiedOf(search, record) < lastMs) };
  return {
    contacts: await contactsOf(session, search, before),
    done: false,
    next: before.results.length > 0 ? { modifiedMs: lastMs - 1, id: '' } : { modifiedMs: lastMs, id: '0' },
  };
}

/** How many contacts a portal has. */
export async function countContacts(session: HubspotSession): Promise<number> {
  const page = await session.request({
    operation: 'contacts.search',
    method: 'POST',
    path: objectPath('contacts', '/search'),
    body: { filterGroups: [], sorts: ['hs_object_id'], properties: ['hs_object_id'], limit: 1, after: 0 },
    schema: pagedSchema,
    search: true,
  });
  return page.total ?? 0;
}

const modified = (search: ModifiedSearch, operator: 'GTE' | 'GT' | 'EQ', ms: number): object => ({
  propertyName: modifiedProperty(search),
  operator,
  value: String(ms),
});

const modifiedOf = (search: ModifiedSearch, record: Page['results'][number]): number =>
  Date.parse(record.properties[modifiedProperty(search)] ?? record.updatedAt);

function hasMore(page: Page, limit: number): boolean {
  const next = page.paging?.next ?? null;
  if (next !== null && page.results.length === 0) throw new VendorBug('A HubSpot search is empty and says it goes on.');
  return next !== null || (page.total === undefined ? page.results.length >= limit : page.total > page.results.length);
}

function ask(session: HubspotSession, search: ModifiedSearch, filters: object[], sort: string): Promise<Page> {
  const body = {
    filterGroups: [{ filters }],
    // A name alone sorts upwards.
    sorts: [sort],
    properties: [...new Set([...search.properties, modifiedProperty(search)])],
    limit: search.limit,
    after: 0,
  };
  return session.request({
    operation: `${search.object ?? 'contacts'}.search`,
    method: 'POST',
    path: objectPath(search.object ?? 'contacts', '/search'),
    body: isLong(search) ? { ...body, properties: [modifiedProperty(search)] } : body,
    schema: pagedSchema,
    search: true,
  });
}

const isLong = (search: ModifiedSearch): boolean => JSON.stringify(search.properties).length > longestBody - 500;

/** The contacts of a page, with their properties read by id where the search could not carry them. */
async function contactsOf(session: HubspotSession, search: ModifiedSearch, page: Page): Promise<HubspotContact[]> {
  const contacts = page.results.map(({ objectWriteTraceId: _trace, ...contact }): HubspotContact => contact);
  if (!isLong(search)) return contacts;
  const ids = contacts.map(({ id }) => id);
  const read = await batchRead(session, search.object ?? 'contacts', ids, [
    ...search.properties,
    modifiedProperty(search),
  ]);
  const byId = new Map(read.map((record) => [record.id, record.properties]));
  return contacts.flatMap((contact) => {
    const properties = byId.get(contact.id);
    // Deleted since the search saw it.
    return properties === undefined ? [] : [{ ...contact, properties }];
  });
}

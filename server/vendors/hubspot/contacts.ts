import { z } from 'zod';
import { RecordRefused, VendorBug } from '../../errors.js';
import { inChunks, mapLimited } from '../call.js';
import { refusalOf, vendorErrorOf } from './errors.js';
import { batchRead, batchSchema, objectPath, recordSchema } from './objects.js';
import type { HubspotSession } from './session.js';
import type { HubspotContact, WriteOutcome } from './types.js';

const pagedSchema = z.object({
  results: z.array(recordSchema),
  paging: z.object({ next: z.object({ after: z.string() }).optional() }).optional(),
  total: z.number().optional(),
});

const contactOf = ({ objectWriteTraceId: _trace, ...contact }: z.infer<typeof recordSchema>): HubspotContact => contact;

/** One page of all contacts. https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide */
export async function readPage(
  session: HubspotSession,
  page: { after: string | null; limit: number; properties: readonly string[] },
): Promise<{ contacts: HubspotContact[]; after: string | null }> {
  const answer = await session.request({
    operation: 'contacts.list',
    method: 'GET',
    path: objectPath('contacts'),
    query: { limit: page.limit, after: page.after ?? undefined, properties: page.properties.join(',') },
    schema: pagedSchema,
  });
  return { contacts: answer.results.map(contactOf), after: answer.paging?.next?.after ?? null };
}

/** Contacts by id, and the ids that HubSpot does not know (deleted, or merged into another). */
export async function readByIds(
  session: HubspotSession,
  ids: readonly string[],
  properties: readonly string[],
): Promise<{ contacts: Map<string, HubspotContact>; missing: string[] }> {
  const records = await batchRead(session, 'contacts', ids, properties);
  const contacts = new Map(records.map((record) => [record.id, contactOf(record)]));
  return { contacts, missing: [...new Set(ids)].filter((id) => !contacts.has(id)) };
}

/**
 * Contacts by email, under the lower-case address asked for. HubSpot finds a contact by its secondary addresses too: then
 * the answer stands under that address although the contact's `email` is another.
 */
export async function readByEmails(session: HubspotSession, emails: readonly string[], properties: readonly string[]): Promise<Map<string, HubspotContact>> {
  const asked = [...new Set(emails.map((email) => email.toLowerCase()))];
  const records = await batchRead(session, 'contacts', asked, [...new Set([...properties, 'email', 'hs_additional_emails'])], 'email');
  const found = new Map<string, HubspotContact>();
  for (const record of records) {
    const contact = contactOf(record);
    const addresses = [contact.properties['email'] ?? '', ...(contact.properties['hs_additional_emails'] ?? '').split(';')];
    for (const address of addresses) {
      const email = address.trim().toLowerCase();
      if (asked.includes(email) && !found.has(email)) found.set(email, contact);
    }
  }
  return found;
}

/** Where a search for modified contacts goes on: after this time and, among equals, after this id. */
export interface ModifiedCursor {
  modifiedMs: number;
  id: string;
}

/**
 * Contacts modified since a moment, oldest first. Pages by time and, where one moment holds more than a page, by id: so
 * neither the 10,000 results of a search nor thousands of equal times stop it (G6).
 * Search lags writes by "a few moments": https://developers.hubspot.com/docs/api-reference/search/guide
 */
export async function searchModified(
  session: HubspotSession,
  search: { sinceMs: number; after?: ModifiedCursor; properties: readonly string[]; limit: number },
): Promise<{ contacts: HubspotContact[]; done: boolean; next?: ModifiedCursor }> {
  const { after, limit } = search;
  const modified = (operator: 'GTE' | 'GT' | 'EQ', ms: number): object => ({ propertyName: 'lastmodifieddate', operator, value: String(ms) });
  const ask = (filters: object[], sort: string): Promise<z.infer<typeof pagedSchema>> =>
    session.request({
      operation: 'contacts.search',
      method: 'POST',
      path: objectPath('contacts', '/search'),
      body: {
        filterGroups: [{ filters }],
        sorts: [{ propertyName: sort, direction: 'ASCENDING' }],
        properties: [...new Set([...search.properties, 'lastmodifieddate'])],
        limit,
        after: 0,
      },
      schema: pagedSchema,
      search: true,
    });
  // Within one moment, by id, until that moment is through; then on by time.
  if (after !== undefined && after.id !== '') {
    const ties = await ask([modified('EQ', after.modifiedMs), { propertyName: 'hs_object_id', operator: 'GT', value: after.id }], 'hs_object_id');
    const last = ties.results.at(-1);
    const contacts = ties.results.map(contactOf);
    return { contacts, done: false, next: last !== undefined && ties.results.length === limit ? { modifiedMs: after.modifiedMs, id: last.id } : { modifiedMs: after.modifiedMs, id: '' } };
  }
  const page = await ask([after === undefined ? modified('GTE', search.sinceMs) : modified('GT', after.modifiedMs)], 'lastmodifieddate');
  const contacts = page.results.map(contactOf);
  const last = contacts.at(-1);
  if (last === undefined || contacts.length < limit) return { contacts, done: true };
  const lastMs = modifiedMs(last);
  // The page may end in the middle of a moment: its highest id is not known to be the last, so that moment is asked whole.
  const before = contacts.filter((contact) => modifiedMs(contact) < lastMs);
  return { contacts: before, done: false, next: { modifiedMs: lastMs, id: '0' } };
}

function modifiedMs(contact: HubspotContact): number {
  return Date.parse(contact.properties['lastmodifieddate'] ?? contact.updatedAt);
}

const batchErrorSchema = z.object({ context: z.record(z.string(), z.array(z.string())).optional() }).loose();

/** Creates contacts, a hundred a call. Every input gets an outcome under its trace id. */
export async function create(
  session: HubspotSession,
  inputs: readonly { traceId: string; properties: Record<string, string> }[],
): Promise<Map<string, WriteOutcome>> {
  const outcomes = new Map<string, WriteOutcome>();
  await mapLimited(inChunks(inputs, 100), 2, async (chunk) => {
    await createChunk(session, chunk, outcomes);
  });
  return outcomes;
}

async function createChunk(session: HubspotSession, inputs: readonly { traceId: string; properties: Record<string, string> }[], outcomes: Map<string, WriteOutcome>): Promise<void> {
  try {
    const answer = await session.request({
      operation: 'contacts.batchCreate',
      method: 'POST',
      path: objectPath('contacts', '/batch/create'),
      // With a trace id for each input HubSpot answers 207 and names the inputs it refuses.
      body: { inputs: inputs.map((input) => ({ properties: input.properties, associations: [], objectWriteTraceId: input.traceId })) },
      schema: batchSchema,
    });
    for (const result of answer.results) {
      const trace = result.objectWriteTraceId ?? traceByEmail(inputs, result.properties['email']);
      if (trace !== undefined) outcomes.set(trace, { ok: true, id: result.id });
    }
    for (const error of answer.errors ?? []) {
      const parsed = batchErrorSchema.safeParse(error);
      for (const trace of parsed.data?.context?.['objectWriteTraceId'] ?? []) {
        const vendorError = vendorErrorOf(error);
        outcomes.set(trace, { ok: false, refused: refusalOf(vendorError.category === 'CONFLICT' ? 409 : 400, vendorError) });
      }
    }
  } catch (error) {
    if (!(error instanceof RecordRefused)) throw error;
    const [first] = inputs;
    if (inputs.length === 1 && first !== undefined) {
      outcomes.set(first.traceId, { ok: false, refused: error });
      return;
    }
    // One bad input fails the whole batch: halve it until the bad one stands alone.
    for (const half of halves(inputs)) await createChunk(session, half, outcomes);
  }
}

function traceByEmail(inputs: readonly { traceId: string; properties: Record<string, string> }[], email: string | null | undefined): string | undefined {
  return inputs.find((input) => input.properties['email']?.trim().toLowerCase() === email?.trim().toLowerCase())?.traceId;
}

/** Updates contacts by id, a hundred a call. Every id gets an outcome; what HubSpot leaves unanswered is an error. */
export async function update(session: HubspotSession, inputs: readonly { id: string; properties: Record<string, string> }[]): Promise<Map<string, WriteOutcome>> {
  const unique = new Map(inputs.map((input) => [input.id, input]));
  if (unique.size !== inputs.length) throw new VendorBug('A batch names one contact twice.');
  const outcomes = new Map<string, WriteOutcome>();
  await mapLimited(inChunks(inputs, 100), 2, async (chunk) => {
    await updateChunk(session, chunk, outcomes);
  });
  return outcomes;
}

async function updateChunk(session: HubspotSession, inputs: readonly { id: string; properties: Record<string, string> }[], outcomes: Map<string, WriteOutcome>): Promise<void> {
  try {
    const answer = await session.request({
      operation: 'contacts.batchUpdate',
      method: 'POST',
      path: objectPath('contacts', '/batch/update'),
      body: { inputs },
      schema: batchSchema,
    });
    for (const result of answer.results) outcomes.set(result.id, { ok: true, id: result.id });
    for (const error of answer.errors ?? []) {
      const parsed = batchErrorSchema.safeParse(error);
      const vendorError = vendorErrorOf(error);
      for (const id of [...(parsed.data?.context?.['ids'] ?? []), ...(parsed.data?.context?.['id'] ?? [])]) {
        outcomes.set(id, { ok: false, refused: refusalOf(vendorError.category === 'CONFLICT' ? 409 : 400, vendorError) });
      }
    }
  } catch (error) {
    if (!(error instanceof RecordRefused)) throw error;
    const [first] = inputs;
    if (inputs.length === 1 && first !== undefined) {
      outcomes.set(first.id, { ok: false, refused: error });
      return;
    }
    for (const half of halves(inputs)) await updateChunk(session, half, outcomes);
  }
}

function halves<T>(items: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

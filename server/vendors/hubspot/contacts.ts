import { z } from 'zod';
import { VendorBug, type RecordRefused } from '../../errors.js';
import { inChunks, mapLimited } from '../call.js';
import { writeBatch, type BatchKind } from './batch-write.js';
import { refusedOf } from '../in-halves.js';
import { batchRead, objectPath, type HubspotRecord } from './objects.js';
import { pagedSchema } from './search.js';
import type { HubspotSession } from './session.js';
import type { HubspotContact, WriteOutcome } from './types.js';

export { countContacts, searchModified, type ModifiedCursor } from './search.js';

const contactOf = ({ objectWriteTraceId: _trace, ...contact }: HubspotRecord): HubspotContact => contact;

/** HubSpot's addresses end at about 16,000 characters; longer property lists are read through the body of a batch. */
const longestQuery = 12_000;

/** One page of all contacts. https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide */
export async function readPage(
  session: HubspotSession,
  page: { after: string | null; limit: number; properties: readonly string[] },
): Promise<{ contacts: HubspotContact[]; after: string | null }> {
  const properties = page.properties.join(',');
  const tooLong = encodeURIComponent(properties).length > longestQuery;
  const answer = await session.request({
    operation: 'contacts.list',
    method: 'GET',
    path: objectPath('contacts'),
    query: {
      limit: page.limit,
      after: page.after ?? undefined,
      properties: tooLong || properties === '' ? undefined : properties,
    },
    schema: pagedSchema,
  });
  const after = answer.paging?.next?.after ?? null;
  if (!tooLong) return { contacts: answer.results.map(contactOf), after };
  const ids = answer.results.map(({ id }) => id);
  return { contacts: (await batchRead(session, 'contacts', ids, page.properties)).map(contactOf), after };
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
export async function readByEmails(
  session: HubspotSession,
  emails: readonly string[],
  properties: readonly string[],
): Promise<Map<string, HubspotContact>> {
  const asked = new Set(emails.map((email) => email.trim().toLowerCase()).filter((email) => email !== ''));
  const wanted = [...properties, 'email', 'hs_additional_emails'];
  const found = new Map<string, HubspotContact>();
  for (const record of await batchRead(session, 'contacts', [...asked], wanted, 'email')) {
    const contact = contactOf(record);
    const secondary = (contact.properties['hs_additional_emails'] ?? '').split(';');
    for (const address of [contact.properties['email'] ?? '', ...secondary]) {
      const email = address.trim().toLowerCase();
      if (asked.has(email) && !found.has(email)) found.set(email, contact);
    }
  }
  return found;
}

interface CreateInput {
  traceId: string;
  properties: Record<string, string>;
}

const emailOf = (value: string | null | undefined): string | undefined => value?.trim().toLowerCase();

const creating: BatchKind<CreateInput> = {
  operation: 'contacts.batchCreate',
  path: '/batch/create',
  keyOf: ({ traceId }) => traceId,
  // With a trace id for each input HubSpot answers 207 and names the inputs it refuses.
  bodyOf: ({ traceId, properties }) => ({ properties, associations: [], objectWriteTraceId: traceId }),
  keyOfResult(result, inputs) {
    const email = emailOf(result.properties['email']);
    const same = (input: CreateInput): boolean => email !== undefined && emailOf(input.properties['email']) === email;
    return result.objectWriteTraceId ?? inputs.find(same)?.traceId;
  },
  keysOfError: (context) => context['objectWriteTraceId'] ?? [],
};

/** Creates contacts, a hundred a call. Outcomes by trace id; an input that HubSpot left unanswered has none (G5). */
export async function create(
  session: HubspotSession,
  inputs: readonly CreateInput[],
): Promise<Map<string, WriteOutcome>> {
  if (new Set(inputs.map(({ traceId }) => traceId)).size !== inputs.length) {
    throw new VendorBug('A batch uses one trace id twice.');
  }
  const outcomes = new Map<string, WriteOutcome>();
  await mapLimited(inChunks(inputs, 100), 2, (chunk) => writeBatch(session, creating, chunk, outcomes));
  return outcomes;
}

interface UpdateInput {
  id: string;
  properties: Record<string, string>;
}

const updating: BatchKind<UpdateInput> = {
  operation: 'contacts.batchUpdate',
  path: '/batch/update',
  keyOf: ({ id }) => id,
  bodyOf: ({ id, properties }) => ({ id, properties }),
  keyOfResult: ({ id }) => id,
  keysOfError: (context) => [...(context['ids'] ?? []), ...(context['id'] ?? [])],
};

/** Updates contacts by id, a hundred a call. Outcomes by id; an input that HubSpot left unanswered has none (G5). */
export async function update(
  session: HubspotSession,
  inputs: readonly UpdateInput[],
): Promise<Map<string, WriteOutcome>> {
  if (new Set(inputs.map(({ id }) => id)).size !== inputs.length) {
    throw new VendorBug('A batch names one contact twice.');
  }
  const outcomes = new Map<string, WriteOutcome>();
  await mapLimited(inChunks(inputs, 100), 2, (chunk) => writeBatch(session, updating, chunk, outcomes));
  return outcomes;
}

/** Archives contacts, a hundred a call: HubSpot keeps them restorable for 90 days. Answers those it refuses. */
export async function archive(session: HubspotSession, ids: readonly string[]): Promise<Map<string, RecordRefused>> {
  const parts = await mapLimited(inChunks([...new Set(ids)], 100), 3, (chunk) =>
    refusedOf(chunk, async (part) => {
      await session.request({
        operation: 'contacts.batchArchive',
        method: 'POST',
        path: objectPath('contacts', '/batch/archive'),
        body: { inputs: part.map((id) => ({ id })) },
        schema: z.unknown(),
      });
    }),
  );
  return new Map(parts.flatMap((part) => [...part]));
}

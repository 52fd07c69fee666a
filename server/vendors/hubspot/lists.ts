import { z } from 'zod';
import { RecordRefused } from '../../errors.js';
import { inChunks, mapLimited } from '../call.js';
import type { HubspotSession } from './session.js';
import type { HubspotList } from './types.js';
import { apiVersion } from './version.js';

const contactType = '0-1';
const listSchema = z.object({
  listId: z.string(),
  name: z.string(),
  processingType: z.string(),
  objectTypeId: z.string().optional(),
  size: z.number().optional(),
  additionalProperties: z.record(z.string(), z.string()).optional(),
});

function listOf(list: z.infer<typeof listSchema>): HubspotList {
  const size = list.size ?? Number(list.additionalProperties?.['hs_list_size'] ?? Number.NaN);
  return {
    id: list.listId,
    name: list.name,
    type: list.processingType === 'DYNAMIC' ? 'active' : 'static',
    ...(Number.isNaN(size) ? {} : { size }),
  };
}

/** Contact lists by name. `next` is the offset of the next page, or null. */
export async function searchLists(
  session: HubspotSession,
  search: { query: string; offset: number; count: number },
): Promise<{ lists: HubspotList[]; next: number | null }> {
  const answer = await session.request({
    operation: 'lists.search',
    method: 'POST',
    path: `/crm/lists/${apiVersion}/search`,
    body: {
      query: search.query,
      offset: search.offset,
      count: search.count,
      objectTypeId: contactType,
      additionalProperties: ['hs_list_size'],
      // Empty filters nothing out; the 2026-09 document requires both.
      listIds: [],
      processingTypes: [],
    },
    reads: true,
    schema: z.object({ lists: z.array(listSchema), hasMore: z.boolean(), offset: z.number() }),
  });
  const lists = answer.lists.filter((list) => (list.objectTypeId ?? contactType) === contactType).map(listOf);
  return { lists, next: answer.hasMore ? answer.offset : null };
}

/** One contact list, or null when there is none of this id. */
export async function listById(session: HubspotSession, listId: string): Promise<HubspotList | null> {
  try {
    const { list } = await session.request({
      operation: 'lists.get',
      method: 'GET',
      path: `/crm/lists/${apiVersion}/${encodeURIComponent(listId)}`,
      schema: z.object({ list: listSchema }),
    });
    return (list.objectTypeId ?? contactType) === contactType ? listOf(list) : null;
  } catch (error) {
    // HubSpot answers 400 where the id is not of a list's form.
    if (error instanceof RecordRefused && [400, 404].includes(error.detail.status)) return null;
    throw error;
  }
}

/** Whether there is a contact list of this id. */
export async function listExists(session: HubspotSession, listId: string): Promise<boolean> {
  return (await listById(session, listId)) !== null;
}

export interface ListPage {
  recordIds: string[];
  after: string | null;
  total?: number;
}

/** One page of a list's members by record id, 250 a call. */
export const memberPage = (session: HubspotSession, listId: string, after: string | null): Promise<ListPage> =>
  membersPage(session, listId, after, '');

/** One page of a list's members in the order in which they joined: newcomers come last. */
export const joinOrderPage = (session: HubspotSession, listId: string, after: string | null): Promise<ListPage> =>
  membersPage(session, listId, after, '/join-order');

async function membersPage(
  session: HubspotSession,
  listId: string,
  after: string | null,
  order: '' | '/join-order',
): Promise<ListPage> {
  const answer = await session.request({
    operation: order === '' ? 'lists.memberships' : 'lists.joinOrder',
    method: 'GET',
    path: `/crm/lists/${apiVersion}/${encodeURIComponent(listId)}/memberships${order}`,
    query: { limit: 250, after: after ?? undefined },
    schema: z.object({
      results: z.array(z.object({ recordId: z.string() })),
      paging: z
        .object({ next: z.object({ after: z.string() }).optional().nullable() })
        .optional()
        .nullable(),
      total: z.number().optional(),
    }),
  });
  return {
    recordIds: answer.results.map((row) => row.recordId),
    after: answer.paging?.next?.after ?? null,
    ...(answer.total === undefined ? {} : { total: answer.total }),
  };
}

/** The lists each contact is on, as read now. */
export async function listsOf(session: HubspotSession, recordIds: readonly string[]): Promise<Map<string, string[]>> {
  const pages = await mapLimited(inChunks([...new Set(recordIds)], 100), 3, (chunk) =>
    session.request({
      operation: 'lists.membershipsOfRecords',
      method: 'POST',
      path: `/crm/lists/${apiVersion}/records/memberships/batch/read`,
      body: { inputs: chunk.map((recordId) => ({ objectTypeId: contactType, recordId })) },
      reads: true,
      schema: z.object({
        results: z.array(
          z
            .object({ recordId: z.string(), recordListMemberships: z.array(z.object({ listId: z.string() }).loose()) })
            .loose(),
        ),
      }),
    }),
  );
  return new Map(
    pages
      .flatMap((page) => page.results)
      .map((row) => [row.recordId, row.recordListMemberships.map((list) => list.listId)]),
  );
}

import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { hubspotError } from './answers.js';
import type { HubspotList, Portal } from './store.js';

const root = '/crm/lists/2026-09';

function listJson(portal: Portal, list: HubspotList): Record<string, unknown> {
  const at = new Date(list.createdAt).toISOString();
  return {
    listId: list.id,
    listVersion: 1,
    name: list.name,
    processingType: list.processingType,
    processingStatus: 'COMPLETE',
    objectTypeId: '0-1',
    createdAt: at,
    updatedAt: at,
    filtersUpdatedAt: at,
    createdById: '1',
    updatedById: '1',
    size: portal.membersOf(list).length,
    additionalProperties: { hs_list_size: String(portal.membersOf(list).length), hs_list_reference_count: '0' },
  };
}

/** Lists and their memberships. */
export function addListRoutes(router: Router, portalOf: (request: SandboxRequest) => Portal): void {
  const listOf = (request: SandboxRequest): HubspotList => {
    const list = portalOf(request).lists.get(request.params['id'] ?? '');
    if (list === undefined)
      throw new Refusal(hubspotError(404, `List does not exist with ID ${request.params['id'] ?? ''}.`));
    return list;
  };
  const writable = (request: SandboxRequest): HubspotList => {
    const list = listOf(request);
    if (list.processingType === 'DYNAMIC')
      throw new Refusal(hubspotError(400, 'Memberships of DYNAMIC lists cannot be changed by hand.'));
    return list;
  };

  router.add('POST', `${root}/search`, 'lists.search', (request) => {
    const portal = portalOf(request);
    const {
      query = '',
      offset = 0,
      count = 20,
    } = (request.json ?? {}) as { query?: string; offset?: number; count?: number };
    if (count > 500) return hubspotError(400, 'count must be at most 500');
    const found = [...portal.lists.values()].filter((list) => list.name.toLowerCase().includes(query.toLowerCase()));
    const lists = found.slice(offset, offset + count);
    return {
      status: 200,
      json: {
        lists: lists.map((list) => listJson(portal, list)),
        total: found.length,
        offset: offset + lists.length,
        hasMore: offset + lists.length < found.length,
      },
    };
  });
  router.add('POST', `${root}/records/memberships/batch/read`, 'lists.membershipsOfRecords', (request) => {
    const portal = portalOf(request);
    const { inputs = [] } = (request.json ?? {}) as { inputs?: { objectTypeId: string; recordId: string }[] };
    if (inputs.length > 100) return hubspotError(400, 'At most 100 inputs are allowed.');
    const at = new Date().toISOString();
    const results = inputs.flatMap(({ objectTypeId, recordId }) => {
      const record = portal.contacts.get(recordId);
      if (record === undefined) return [];
      const lists = [...portal.lists.values()].filter((list) => portal.isMember(list, record));
      return [
        {
          objectTypeId,
          recordId,
          recordListMemberships: lists.map((list) => ({
            listId: list.id,
            listVersion: 1,
            firstAddedTimestamp: at,
            lastAddedTimestamp: at,
            isPublicList: false,
          })),
        },
      ];
    });
    return { status: 200, json: { status: 'COMPLETE', results, startedAt: at, completedAt: at } };
  });
  router.add('GET', `${root}/records/:objectTypeId/:recordId/memberships`, 'lists.membershipsOfRecord', (request) => {
    const portal = portalOf(request);
    const record = portal.contacts.get(request.params['recordId'] ?? '');
    if (record === undefined) return hubspotError(404, 'resource not found');
    const at = new Date().toISOString();
    const results = [...portal.lists.values()]
      .filter((list) => portal.isMember(list, record))
      .map((list) => ({
        listId: list.id,
        listVersion: 1,
        firstAddedTimestamp: at,
        lastAddedTimestamp: at,
        isPublicList: false,
      }));
    return { status: 200, json: { results, total: results.length } };
  });
  router.add('GET', `${root}/:id/memberships`, 'lists.memberships', (request) => {
    const list = listOf(request);
    const limit = Number(request.query.get('limit') ?? 100);
    if (limit > 250) return hubspotError(400, 'limit must be at most 250');
    const members = portalOf(request).membersOf(list);
    const after = Number(request.query.get('after') ?? 0);
    const rest = members.filter((id) => Number(id) > after);
    const results = rest.slice(0, limit);
    const at = new Date(list.createdAt).toISOString();
    const last = results.at(-1);
    return {
      status: 200,
      json: {
        results: results.map((recordId) => ({ recordId, membershipTimestamp: at })),
        total: members.length,
        ...(rest.length > limit && last !== undefined ? { paging: { next: { after: last, link: '' } } } : {}),
      },
    };
  });
  router.add('GET', `${root}/:id/memberships/join-order`, 'lists.joinOrder', (request) => {
    const limit = Number(request.query.get('limit') ?? 100);
    if (limit > 250) return hubspotError(400, 'limit must be at most 250');
    const ordered = portalOf(request).joinOrder(listOf(request));
    const after = Number(request.query.get('after') ?? 0);
    const rest = ordered.filter(([, { n }]) => n > after);
    const rows = rest.slice(0, limit);
    const last = rows.at(-1);
    return {
      status: 200,
      json: {
        results: rows.map(([recordId, { at }]) => ({ recordId, membershipTimestamp: new Date(at).toISOString() })),
        total: ordered.length,
        ...(rest.length > limit && last !== undefined
          ? { paging: { next: { after: String(last[1].n), link: '' } } }
          : {}),
      },
    };
  });
  for (const action of ['add', 'remove'] as const) {
    router.add(
      'PUT',
      `${root}/:id/memberships/${action}`,
      `lists.${action}`,
      (request) => {
        const list = writable(request);
        const portal = portalOf(request);
        const ids = (request.json as unknown[]).map(String);
        const known = ids.filter((id) => portal.contacts.has(id));
        for (const id of known) {
          if (action === 'add') list.members.add(id);
          else list.members.delete(id);
        }
        const missing = ids.filter((id) => !known.includes(id));
        return {
          status: 200,
          json: {
            recordIdsMissing: missing,
            recordIdsRemoved: action === 'remove' ? known : [],
            recordsIdsAdded: action === 'add' ? known : [],
          },
        };
      },
      true,
    );
  }
  router.add('GET', `${root}/:id`, 'lists.get', (request) => ({
    status: 200,
    json: { list: listJson(portalOf(request), listOf(request)) },
  }));
}

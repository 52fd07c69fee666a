import type { Router, SandboxAnswer, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { batchAnswer, batchError, hubspotError, invalidMessage } from './answers.js';
import { checkProperties } from './property-values.js';
import { search } from './search.js';
import type { CrmRecord, Portal } from './store.js';

const base = '/crm/objects/2026-09/:type';
const defaults = ['createdate', 'hs_object_id', 'lastmodifieddate'];
type PortalOf = (request: SandboxRequest) => Portal;

interface BatchBody {
  inputs?: { id?: string; idProperty?: string; properties?: Record<string, unknown>; objectWriteTraceId?: string }[];
  properties?: string[];
  idProperty?: string;
}

/** A record as HubSpot sends it, with the properties asked for. */
export function recordJson(
  portal: Portal,
  record: CrmRecord,
  properties: readonly string[],
  trace?: string,
): Record<string, unknown> {
  const names = [...new Set([...defaults, ...properties])];
  return {
    id: record.id,
    properties: Object.fromEntries(names.map((name) => [name, portal.valueOf(record, name)])),
    createdAt: new Date(record.createdAt).toISOString(),
    updatedAt: new Date(record.updatedAt).toISOString(),
    archived: record.archived,
    ...(trace === undefined ? {} : { objectWriteTraceId: trace }),
  };
}

/** Contacts, companies and deals: list, read, write, in batches and singly. */
export function addObjectRoutes(router: Router, portalOf: PortalOf): void {
  const of = (
    request: SandboxRequest,
  ): { portal: Portal; type: string; table: Map<string, CrmRecord>; name: string } => {
    const portal = portalOf(request);
    const type = request.params['type'] ?? '';
    const table = portal.table(type);
    if (table === null) throw new Refusal(hubspotError(400, `Unable to infer object type from: ${type}`));
    return {
      portal,
      type,
      table,
      name: table === portal.contacts ? 'contacts' : table === portal.companies ? 'companies' : 'deals',
    };
  };
  const inputsOf = (request: SandboxRequest): NonNullable<BatchBody['inputs']> => {
    const inputs = (request.json as BatchBody | undefined)?.inputs;
    if (!Array.isArray(inputs)) throw new Refusal(hubspotError(400, 'Invalid input JSON: inputs is required'));
    if (inputs.length > 100)
      throw new Refusal(
        hubspotError(
          400,
          `The maximum number of inputs supported in a batch request is 100, but ${inputs.length} were given`,
        ),
      );
    return inputs;
  };

  for (const name of ['contacts', 'companies', 'deals']) {
    // Operations are named by their object, so that calls and faults tell them apart.
    const path = (rest: string): string => base.replace(':type', name) + rest;
    const typed = (handler: (request: SandboxRequest) => SandboxAnswer) => (request: SandboxRequest) => {
      request.params['type'] = name;
      return handler(request);
    };
    router.add('POST', path('/batch/read'), `${name}.batchRead`, typed(batchRead));
    router.add('POST', path('/batch/create'), `${name}.batchCreate`, typed(batchCreate), true);
    router.add('POST', path('/batch/update'), `${name}.batchUpdate`, typed(batchUpdate), true);
    router.add('POST', path('/batch/archive'), `${name}.batchArchive`, typed(batchArchive), true);
    router.add(
      'POST',
      path('/search'),
      `${name}.search`,
      typed((request) => search(of(request).portal, of(request).type, request.json)),
    );
    if (name === 'contacts') {
      router.add('POST', path('/merge'), 'contacts.merge', typed(merge), true);
      router.add('POST', path('/gdpr-delete'), 'contacts.gdprDelete', typed(gdprDelete), true);
    }
    router.add('GET', path(''), `${name}.list`, typed(list));
    router.add('POST', path(''), `${name}.create`, typed(createOne), true);
    router.add('GET', path('/:id'), `${name}.get`, typed(getOne));
    router.add('PATCH', path('/:id'), `${name}.update`, typed(patchOne), true);
    router.add('DELETE', path('/:id'), `${name}.archive`, typed(archiveOne), true);
  }

  /** The first record of the next page of a table, and what comes after it. */
  const stoppedAt = new WeakMap<Map<string, CrmRecord>, { record: CrmRecord; rest: Iterator<CrmRecord> }>();

  function list(request: SandboxRequest): SandboxAnswer {
    const { portal, table } = of(request);
    const limit = Number(request.query.get('limit') ?? 10);
    if (limit > 100) return hubspotError(400, `Invalid limit ${limit}: must be at most 100`);
    const after = Number(request.query.get('after') ?? 0);
    const properties = (request.query.get('properties') ?? '').split(',').filter((name) => name !== '');
    // Records stand in the order of their ids; ids only grow.
    const results: unknown[] = [];
    let next = null as string | null;
    // Who pages on goes on where the last page stopped: a million records are gone through once, not for each page.
    const stopped = stoppedAt.get(table);
    const goesOn = stopped?.record.id === String(after) && table.get(stopped.record.id) === stopped.record;
    const rest = goesOn ? stopped.rest : table.values();
    stoppedAt.delete(table);
    const write = (record: CrmRecord): boolean => {
      if (Number(record.id) < after) return true;
      if (results.length === limit) {
        next = record.id;
        stoppedAt.set(table, { record, rest });
        return false;
      }
      results.push(recordJson(portal, record, properties));
      return true;
    };
    if (goesOn) write(stopped.record);
    for (let step = rest.next(); step.done !== true; step = rest.next()) if (!write(step.value)) break;
    return {
      status: 200,
      json: {
        results,
        ...(next === null
          ? {}
          : { paging: { next: { after: next, link: `${request.url.origin}${request.path}?after=${next}` } } }),
      },
    };
  }

  function find(
    portal: Portal,
    table: Map<string, CrmRecord>,
    id: string,
    idProperty: string | null | undefined,
  ): CrmRecord | undefined {
    if (idProperty === 'email') return table.get(portal.emails.get(id.toLowerCase()) ?? '');
    if (idProperty !== undefined && idProperty !== null && idProperty !== 'hs_object_id')
      return [...table.values()].find((record) => record.properties[idProperty] === id);
    return table.get(id);
  }

  function batchRead(request: SandboxRequest): SandboxAnswer {
    const { portal, table } = of(request);
    const body = request.json as BatchBody;
    const found = new Map<string, CrmRecord>();
    const missing: string[] = [];
    for (const input of inputsOf(request)) {
      const record = find(portal, table, String(input.id), body.idProperty);
      if (record === undefined) missing.push(String(input.id));
      else found.set(record.id, record);
    }
    const errors =
      missing.length === 0
        ? []
        : [
            batchError(404, 'Could not get some objects, they may be deleted or not exist. Check that ids are valid.', {
              ids: missing,
            }),
          ];
    return batchAnswer(
      200,
      [...found.values()].map((record) => recordJson(portal, record, body.properties ?? [])),
      errors,
    );
  }

  function conflict(portal: Portal, email: string | undefined, selfId: string | null): SandboxAnswer | null {
    if (email === undefined || email === '') return null;
    if (portal.blocked.has(email))
      return hubspotError(400, `The email address ${email} is blocked because of a privacy deletion.`);
    const holder = portal.emails.get(email);
    return holder === undefined || holder === selfId
      ? null
      : hubspotError(409, `Contact already exists. Existing ID: ${holder}`);
  }

  function batchCreate(request: SandboxRequest): SandboxAnswer {
    const { portal, type, table } = of(request);
    const inputs = inputsOf(request);
    const traced =
      inputs.every((input) => input.objectWriteTraceId !== undefined) &&
      new Set(inputs.map((input) => input.objectWriteTraceId)).size === inputs.length;
    const results: unknown[] = [];
    const errors: unknown[] = [];
    const ready: { values: Record<string, string>; trace: string | undefined }[] = [];
    const batchEmails = new Set<string>();
    for (const [index, input] of inputs.entries()) {
      const { values, invalid } = checkProperties(portal, type, input.properties ?? {}, {});
      const email = values['email'];
      const twice = email !== undefined && email !== '' && batchEmails.has(email);
      const taken = table === portal.contacts ? conflict(portal, email, null) : null;
      const refused =
        request.partial && index % 2 === 1
          ? hubspotError(400, 'This input was refused.')
          : invalid.length > 0
            ? hubspotError(400, invalidMessage(invalid))
            : (taken ?? (twice ? hubspotError(409, 'Contact already exists.') : null));
      if (email !== undefined && email !== '') batchEmails.add(email);
      if (refused === null) ready.push({ values, trace: input.objectWriteTraceId });
      else if (!traced) return refused;
      else
        errors.push(
          batchError(refused.status, String((refused.json as { message: string }).message), {
            objectWriteTraceId: [input.objectWriteTraceId ?? ''],
          }),
        );
    }
    for (const { values, trace } of ready)
      results.push(recordJson(portal, portal.create(type, values, 'INTEGRATION'), Object.keys(values), trace));
    return batchAnswer(201, results, errors);
  }

  function batchUpdate(request: SandboxRequest): SandboxAnswer {
    const { portal, type, table } = of(request);
    const inputs = inputsOf(request);
    if (new Set(inputs.map((input) => input.id)).size !== inputs.length)
      return hubspotError(400, 'Duplicate IDs found in batch input');
    const errors: unknown[] = [];
    const ready: { record: CrmRecord; values: Record<string, string> }[] = [];
    for (const [index, input] of inputs.entries()) {
      const id = String(input.id);
      const record = table.get(id);
      if (record === undefined) {
        errors.push(
          batchError(
            404,
            'Could not update some objects, they may be deleted or not exist. Check that ids are valid.',
            { ids: [id] },
          ),
        );
        continue;
      }
      if (request.partial && index % 2 === 1) {
        errors.push(batchError(400, 'This input was refused.', { ids: [id] }));
        continue;
      }
      const { values, invalid } = checkProperties(portal, type, input.properties ?? {}, record.properties);
      // One bad property fails the whole batch.
      if (invalid.length > 0) return hubspotError(400, invalidMessage(invalid));
      const taken = table === portal.contacts ? conflict(portal, values['email'], id) : null;
      if (taken !== null) return taken;
      // Two of one batch cannot have one address either.
      const same = ready.find((one) => values['email'] !== undefined && one.values['email'] === values['email']);
      if (same !== undefined) return hubspotError(409, `Contact already exists. Existing ID: ${same.record.id}`);
      ready.push({ record, values });
    }
    for (const { record, values } of ready) portal.update(type, record, values, 'INTEGRATION');
    return batchAnswer(
      200,
      ready.map(({ record, values }) => recordJson(portal, record, Object.keys(values))),
      errors,
    );
  }

  function batchArchive(request: SandboxRequest): SandboxAnswer {
    const { portal, type, table } = of(request);
    for (const input of inputsOf(request)) {
      const record = table.get(String(input.id));
      if (record !== undefined) portal.archive(type, record, 'INTEGRATION');
    }
    return { status: 204 };
  }

  function createOne(request: SandboxRequest): SandboxAnswer {
    const { portal, type, table } = of(request);
    const { values, invalid } = checkProperties(
      portal,
      type,
      (request.json as { properties?: Record<string, unknown> } | undefined)?.properties ?? {},
      {},
    );
    if (invalid.length > 0) return hubspotError(400, invalidMessage(invalid));
    const taken = table === portal.contacts ? conflict(portal, values['email'], null) : null;
    return (
      taken ?? {
        status: 201,
        json: recordJson(portal, portal.create(type, values, 'INTEGRATION'), Object.keys(values)),
      }
    );
  }

  function one(request: SandboxRequest): {
    portal: Portal;
    type: string;
    table: Map<string, CrmRecord>;
    record: CrmRecord;
  } {
    const { portal, type, table } = of(request);
    const id = request.params['id'] ?? '';
    // Old ids of merged contacts go on answering here, unlike in batches.
    const record =
      find(portal, table, id, request.query.get('idProperty')) ?? table.get(portal.mergedInto.get(id) ?? '');
    if (record === undefined) throw new Refusal(hubspotError(404, 'resource not found'));
    return { portal, type, table, record };
  }

  function getOne(request: SandboxRequest): SandboxAnswer {
    const { portal, record } = one(request);
    return {
      status: 200,
      json: recordJson(
        portal,
        record,
        (request.query.get('properties') ?? '').split(',').filter((name) => name !== ''),
      ),
    };
  }

  function patchOne(request: SandboxRequest): SandboxAnswer {
    const { portal, type, table, record } = one(request);
    const { values, invalid } = checkProperties(
      portal,
      type,
      (request.json as { properties?: Record<string, unknown> } | undefined)?.properties ?? {},
      record.properties,
    );
    if (invalid.length > 0) return hubspotError(400, invalidMessage(invalid));
    const taken = table === portal.contacts ? conflict(portal, values['email'], record.id) : null;
    if (taken !== null) return taken;
    portal.update(type, record, values, 'INTEGRATION');
    return { status: 200, json: recordJson(portal, record, Object.keys(values)) };
  }

  function archiveOne(request: SandboxRequest): SandboxAnswer {
    const { portal, type, record } = one(request);
    portal.archive(type, record, 'INTEGRATION');
    return { status: 204 };
  }

  function merge(request: SandboxRequest): SandboxAnswer {
    const { portal, table } = of(request);
    const { primaryObjectId, objectIdToMerge } = request.json as { primaryObjectId: string; objectIdToMerge: string };
    const [primary, other] = [table.get(String(primaryObjectId)), table.get(String(objectIdToMerge))];
    if (primary === undefined || other === undefined) return hubspotError(404, 'resource not found');
    return { status: 200, json: recordJson(portal, portal.merge(primary, other, 'INTEGRATION'), ['email']) };
  }

  function gdprDelete(request: SandboxRequest): SandboxAnswer {
    const { portal, table } = of(request);
    const { objectId, idProperty } = request.json as { objectId: string; idProperty?: string };
    const record = find(portal, table, String(objectId), idProperty);
    if (record !== undefined) portal.erase(record);
    else if (idProperty === 'email') portal.blocked.add(String(objectId).toLowerCase());
    return { status: 204 };
  }
}

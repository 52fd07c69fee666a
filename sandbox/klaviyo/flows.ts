import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { notFound } from './answers.js';
import { clausesOf, isAmong, stretchOf, within, type Clause, type Filterable } from './filter.js';
import { actionJson, flowJson, messageJson, type Placed, type Sent } from './flow-json.js';
import type { Flow } from './messages.js';
import { oneAnswer, pageAnswer, pageSize, sortedPage } from './paging.js';
import type { AccountOf } from './profiles.js';

type Json = Record<string, unknown>;

const moments = 'datetime equals greater-than greater-or-equal less-than less-or-equal';
const names = 'string contains ends-with equals starts-with';
const filters: Filterable = {
  id: 'string any',
  name: names,
  status: 'string equals',
  archived: 'boolean equals',
  created: moments,
  updated: moments,
  trigger_type: 'string equals',
};

const includes = (request: SandboxRequest, name: string): boolean =>
  (request.query.get('include') ?? '').split(',').includes(name);

/** Flows, their actions and messages, to read. */
export function addFlowRoutes(router: Router, accountOf: AccountOf): void {
  const flowOf = (request: SandboxRequest): Flow => {
    const id = request.params['id'] ?? '';
    const flow = accountOf(request).flows.find((one) => one.id === id);
    if (flow === undefined) throw new Refusal(notFound('flow', id));
    return flow;
  };
  const actionOf = (request: SandboxRequest): Placed => {
    const id = request.params['id'] ?? '';
    for (const flow of accountOf(request).flows) {
      const action = flow.actions.find((one) => one.id === id);
      if (action !== undefined) return { flow, action };
    }
    throw new Refusal(notFound('flow action', id));
  };
  const messageOf = (request: SandboxRequest): Sent => {
    const id = request.params['id'] ?? '';
    for (const flow of accountOf(request).flows) {
      for (const action of flow.actions) {
        if (action.message?.id === id) return { flow, action, message: action.message };
      }
    }
    throw new Refusal(notFound('flow message', id));
  };

  router.add('GET', '/api/flows', 'flows.list', (request) => {
    const clauses = clausesOf(request, filters);
    const size = pageSize(request, 50, 50);
    const [created, updated] = [stretchOf(clauses, 'created'), stretchOf(clauses, 'updated')];
    const archived = clauses.find(({ field }) => field === 'archived')?.values[0] === 'true';
    const found = accountOf(request).flows.filter(
      (flow) =>
        flow.archived === archived &&
        within(created, flow.created) &&
        within(updated, flow.updated) &&
        clauses.every((clause) => flowFits(clause, flow)),
    );
    return sortedPage(request, found, {
      size,
      keys: {
        created: (flow) => flow.created,
        id: ({ id }) => id,
        name: ({ name }) => name,
        status: ({ status }) => status,
        trigger_type: ({ triggerType }) => triggerType,
        updated: (flow) => flow.updated,
      },
      json: (flow) => flowJson(request, flow),
      ...(includes(request, 'flow-actions')
        ? {
            included: (page: Flow[]) =>
              page.flatMap((flow) => flow.actions.map((action) => actionJson(request, { flow, action }))),
          }
        : {}),
    });
  });
  router.add('GET', '/api/flows/:id', 'flows.get', (request) => {
    const flow = flowOf(request);
    const answer = oneAnswer(request, flowJson(request, flow));
    if (!includes(request, 'flow-actions')) return answer;
    const included = flow.actions.map((action) => actionJson(request, { flow, action }));
    return { ...answer, json: { ...(answer.json as Json), included } };
  });
  router.add('GET', '/api/flows/:id/flow-actions', 'flows.actions', (request) => {
    const flow = flowOf(request);
    return sortedPage(request, flow.actions, {
      size: pageSize(request, 50, 50),
      keys: { id: ({ id }) => id, created: () => flow.created, updated: () => flow.updated },
      json: (action) => actionJson(request, { flow, action }),
    });
  });
  router.add('GET', '/api/flow-actions/:id', 'flows.action', (request) => {
    const placed = actionOf(request);
    const answer = oneAnswer(request, actionJson(request, placed));
    if (!includes(request, 'flow')) return answer;
    return { ...answer, json: { ...(answer.json as Json), included: [flowJson(request, placed.flow)] } };
  });
  router.add('GET', '/api/flow-actions/:id/flow', 'flows.ofAction', (request) =>
    oneAnswer(request, flowJson(request, actionOf(request).flow)),
  );
  router.add('GET', '/api/flow-actions/:id/flow-messages', 'flows.messages', (request) => {
    const { flow, action } = actionOf(request);
    const { message } = action;
    return pageAnswer(request, message === null ? [] : [messageJson(request, { flow, action, message })], null);
  });
  router.add('GET', '/api/flow-messages/:id', 'flows.message', (request) => {
    const sent = messageOf(request);
    const answer = oneAnswer(request, messageJson(request, sent));
    if (!includes(request, 'flow-action')) return answer;
    return { ...answer, json: { ...(answer.json as Json), included: [actionJson(request, sent)] } };
  });
  router.add('GET', '/api/flow-messages/:id/flow-action', 'flows.actionOfMessage', (request) =>
    oneAnswer(request, actionJson(request, messageOf(request))),
  );
}

function flowFits(clause: Clause, flow: Flow): boolean {
  const [value = ''] = clause.values;
  if (clause.field === 'id') return isAmong(clause, flow.id);
  if (clause.field === 'status') return flow.status === value;
  if (clause.field === 'trigger_type') return flow.triggerType === value;
  if (clause.field !== 'name') return true;
  if (clause.operator === 'contains') return flow.name.includes(value);
  if (clause.operator === 'starts-with') return flow.name.startsWith(value);
  return clause.operator === 'ends-with' ? flow.name.endsWith(value) : flow.name === value;
}

/** The flows that a list or segment sets off. */
export function flowsTriggeredBy(
  router: Router,
  accountOf: AccountOf,
  kind: 'list' | 'segment',
  groupOf: (request: SandboxRequest) => { id: string },
): void {
  const found = (request: SandboxRequest): Flow[] => {
    const { id } = groupOf(request);
    return accountOf(request).flows.filter(({ trigger }) => trigger?.id === id);
  };
  router.add('GET', `/api/${kind}s/:id/flow-triggers`, `${kind}s.flowTriggers`, (request) =>
    pageAnswer(
      request,
      found(request).map((flow) => flowJson(request, flow)),
      null,
    ),
  );
  router.add('GET', `/api/${kind}s/:id/relationships/flow-triggers`, `${kind}s.flowTriggerIds`, (request) =>
    pageAnswer(
      request,
      found(request).map(({ id }) => ({ type: 'flow', id })),
      null,
    ),
  );
}

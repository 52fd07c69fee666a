import type { SandboxRequest } from '../core/router.js';
import { shownTime } from './answers.js';
import type { Flow, FlowAction } from './messages.js';
import { pick, relationships, wantedFields } from './serialise.js';

type Json = Record<string, unknown>;

/** An action and the flow it is in. */
export interface Placed {
  flow: Flow;
  action: FlowAction;
}

/** An email that a flow sends. */
export interface Sent extends Placed {
  message: NonNullable<FlowAction['message']>;
}

export function flowJson(request: SandboxRequest, flow: Flow): Json {
  const self = `${request.url.origin}/api/flows/${flow.id}/`;
  const attributes = {
    name: flow.name,
    status: flow.status,
    archived: flow.archived,
    created: shownTime(flow.created),
    updated: shownTime(flow.updated),
    trigger_type: flow.triggerType,
    ...(request.query.get('additional-fields[flow]') === 'definition' ? { definition: definitionJson(flow) } : {}),
  };
  return {
    type: 'flow',
    id: flow.id,
    attributes: pick(attributes, wantedFields(request, 'flow')),
    relationships: {
      ...relationships(self, ['tags']),
      'flow-actions': {
        data: flow.actions.map(({ id }) => ({ type: 'flow-action', id })),
        links: { self: `${self}relationships/flow-actions/`, related: `${self}flow-actions/` },
      },
    },
    links: { self },
  };
}

function definitionJson(flow: Flow): Json {
  return {
    triggers: flow.trigger === null ? [] : [{ type: flow.trigger.type, id: flow.trigger.id }],
    profile_filter: null,
    actions: flow.actions.map((action) => actionDefinition(flow, action)),
    entry_action_id: flow.actions[0]?.id ?? null,
    reentry_criteria: { duration: 0, unit: 'day' },
  };
}

function messageDefinition({ id, name, subject }: Sent['message']): Json {
  return {
    from_email: 'hello@example.com',
    from_label: 'Lantern Books',
    reply_to_email: null,
    cc_email: null,
    bcc_email: null,
    subject_line: subject,
    preview_text: '',
    template_id: null,
    smart_sending_enabled: true,
    transactional: false,
    add_tracking_params: true,
    custom_tracking_params: null,
    additional_filters: null,
    name,
    id,
  };
}

function actionDefinition(flow: Flow, action: FlowAction): Json {
  const next = flow.actions[flow.actions.indexOf(action) + 1]?.id ?? null;
  if (action.message === null) {
    return { id: action.id, type: 'time-delay', links: { next }, data: { unit: 'days', value: 2 } };
  }
  return {
    id: action.id,
    type: action.type,
    links: { next },
    data: { message: messageDefinition(action.message), status: flow.status },
  };
}

export function actionJson(request: SandboxRequest, { flow, action }: Placed): Json {
  const self = `${request.url.origin}/api/flow-actions/${action.id}/`;
  const attributes = {
    created: shownTime(flow.created),
    updated: shownTime(flow.updated),
    definition: actionDefinition(flow, action),
  };
  return {
    type: 'flow-action',
    id: action.id,
    attributes: pick(attributes, wantedFields(request, 'flow-action')),
    relationships: {
      flow: {
        data: { type: 'flow', id: flow.id },
        links: { self: `${self}relationships/flow/`, related: `${self}flow/` },
      },
      'flow-messages': {
        data: action.message === null ? [] : [{ type: 'flow-message', id: action.message.id }],
        links: { self: `${self}relationships/flow-messages/`, related: `${self}flow-messages/` },
      },
    },
    links: { self },
  };
}

export function messageJson(request: SandboxRequest, { flow, action, message }: Sent): Json {
  const self = `${request.url.origin}/api/flow-messages/${message.id}/`;
  const attributes = {
    channel: 'email',
    created: shownTime(flow.created),
    updated: shownTime(flow.updated),
    definition: messageDefinition(message),
  };
  return {
    type: 'flow-message',
    id: message.id,
    attributes: pick(attributes, wantedFields(request, 'flow-message')),
    relationships: {
      ...relationships(self, ['template']),
      'flow-action': {
        data: { type: 'flow-action', id: action.id },
        links: { self: `${self}relationships/flow-action/`, related: `${self}flow-action/` },
      },
    },
    links: { self },
  };
}

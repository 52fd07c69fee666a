import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { hubspotError } from './answers.js';
import type { Portal } from './store.js';

/** An occurrence on a record's timeline. It stays as it is: HubSpot has no call to change or remove one. */
export interface Occurrence {
  id: string;
  eventTypeName: string;
  objectId: string;
  timestamp: string;
  properties: Record<string, string>;
}

interface EventType {
  object: 'contacts' | 'companies' | 'deals';
  properties: ReadonlySet<string>;
}

const objects = { CONTACT: 'contacts', COMPANY: 'companies', DEAL: 'deals' } as const;
const mostInputs = 500;
const path = '/integrators/timeline/2026-03/events';

/** The event types that the app's project declares, by uid. */
export function declaredTypes(folder: string): Map<string, EventType> {
  const types = new Map<string, EventType>();
  for (const name of readdirSync(folder).filter((one) => one.endsWith('-hsmeta.json'))) {
    const { uid, config } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
      uid: string;
      config: { objectType: keyof typeof objects; properties: { name: string }[] };
    };
    types.set(uid, {
      object: objects[config.objectType],
      properties: new Set(config.properties.map((property) => property.name)),
    });
  }
  return types;
}

/** App events: taken or refused a batch as a whole, each id once, only where HubSpot approved the app. */
export function addTimelineRoutes(
  router: Router,
  portalOf: (request: SandboxRequest) => Portal,
  types: ReadonlyMap<string, EventType>,
): void {
  const checked = (portal: Portal, input: unknown): Occurrence => {
    const given = (input ?? {}) as Partial<Occurrence>;
    const type = types.get(given.eventTypeName ?? '');
    if (type === undefined)
      throw new Refusal(hubspotError(400, `There is no event type ${given.eventTypeName ?? '(none)'}.`));
    if (typeof given.id !== 'string' || given.id === '') throw new Refusal(hubspotError(400, 'id is required.'));
    const undeclared = Object.keys(given.properties ?? {}).find((name) => !type.properties.has(name));
    if (undeclared !== undefined)
      throw new Refusal(hubspotError(400, `Property ${undeclared} is not declared by ${given.eventTypeName ?? ''}.`));
    const objectId = given.objectId ?? '';
    if (portal.table(type.object)?.has(objectId) !== true)
      throw new Refusal(hubspotError(400, `There is no record ${objectId} to put ${given.eventTypeName ?? ''} on.`));
    return {
      id: given.id,
      eventTypeName: given.eventTypeName ?? '',
      objectId,
      timestamp: given.timestamp ?? new Date().toISOString(),
      properties: given.properties ?? {},
    };
  };
  const take = (request: SandboxRequest, inputs: readonly unknown[]): Occurrence[] => {
    const portal = portalOf(request);
    if (!portal.appEventsApproved)
      throw new Refusal(
        hubspotError(403, 'This app is not approved to use app events.', 'MISSING_SCOPES', {
          context: { requiredGranularScopes: ['timeline'] },
        }),
      );
    if (inputs.length > mostInputs) throw new Refusal(hubspotError(400, `At most ${mostInputs} inputs are allowed.`));
    const occurrences = inputs.map((input) => checked(portal, input));
    const ids = new Set<string>();
    for (const { id } of occurrences) {
      if (portal.timeline.has(id) || ids.has(id))
        throw new Refusal(hubspotError(409, `An occurrence with the id ${id} exists already.`));
      ids.add(id);
    }
    for (const occurrence of occurrences) portal.timeline.set(occurrence.id, occurrence);
    return occurrences;
  };
  router.add(
    'POST',
    `${path}/batch`,
    'timeline.batchCreate',
    (request) => {
      const { inputs = [] } = (request.json ?? {}) as { inputs?: unknown[] };
      const at = new Date().toISOString();
      const results = take(request, inputs);
      return { status: 200, json: { status: 'COMPLETE', results, startedAt: at, completedAt: at } };
    },
    true,
  );
  router.add(
    'POST',
    path,
    'timeline.create',
    (request) => ({ status: 201, json: take(request, [request.json])[0] }),
    true,
  );
}

/** Looking at timelines, and HubSpot's approval, for tests and demos. */
export function addTimelineControls(router: Router, portals: ReadonlyMap<string, Portal>): void {
  const at = '/_sandbox/portals/:portalId/app-events';
  const portalOf = (request: SandboxRequest): Portal => {
    const portal = portals.get(request.params['portalId'] ?? '');
    if (portal === undefined) throw new Refusal(hubspotError(404, 'There is no such portal.'));
    return portal;
  };
  router.add('GET', at, 'sandbox', (request) => {
    const objectId = request.query.get('objectId');
    const results = [...portalOf(request).timeline.values()].filter(
      (one) => objectId === null || one.objectId === objectId,
    );
    return { status: 200, json: { results } };
  });
  router.add('POST', at, 'sandbox', (request) => {
    const { approved = true } = (request.json ?? {}) as { approved?: boolean };
    portalOf(request).appEventsApproved = approved;
    return { status: 200, json: { approved } };
  });
}

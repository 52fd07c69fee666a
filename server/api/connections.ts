import { Router, type Request } from 'express';
import { activationProblem, mappingProblem, missingListProblem } from '../rules/check-config.js';
import type { ContactConfig } from '../rules/connection.js';
import { proposedMappings } from '../rules/proposed-mappings.js';
import {
  connectionsOf,
  deleteConnection,
  findConnection,
  insertConnection,
  changeConnection,
  type Connection,
} from '../store/connections.js';
import { findKlaviyoAccount } from '../store/klaviyo-accounts.js';
import { ApiError, notFound } from './api-error.js';
import { catalogueFor } from './catalogue.js';
import type { ApiDependencies } from './dependencies.js';
import { missingList } from './missing-list.js';
import { connectionPatchSchema, defaultOptions, newConnectionSchema } from './schema.js';
import { callerOf } from './signed.js';

/** A connection as the interface spells it. */
export function connectionJson(connection: Connection): Record<string, unknown> {
  const { id, type, name, klaviyoAccountId, state, stateReason, config, createdAt } = connection;
  return {
    id,
    type,
    name,
    klaviyoAccountId,
    state,
    stateReason,
    direction: config.direction,
    rules: config.rules,
    mappings: config.mappings,
    options: config.options,
    createdAt: createdAt.toISOString(),
  };
}

/** The connection named in the path, of the caller's portal. */
export async function connectionOf(deps: ApiDependencies, request: Request): Promise<Connection> {
  const found = await findConnection(deps.db, callerOf(request).portalId, String(request.params['id']));
  if (found === null) throw notFound('connection');
  return found;
}

/** Connections: list, draft, read, change, delete, and their life. */
export function connectionRoutes(deps: ApiDependencies): Router {
  const router = Router();
  const check = async (
    portalId: string,
    klaviyoAccountId: string,
    mappings: ContactConfig['mappings'] | undefined,
  ): Promise<ContactConfig['mappings']> => {
    const account = await findKlaviyoAccount(deps.db, portalId, klaviyoAccountId);
    if (account === null)
      throw new ApiError(
        404,
        'not_found',
        'There is no such Klaviyo account.',
        'Connect Klaviyo first.',
        'klaviyoAccountId',
      );
    if (account.state !== 'connected')
      throw new ApiError(
        409,
        'reconnect_klaviyo',
        'Klaviyo needs to be connected again.',
        'Connect Klaviyo again, then go on.',
        'klaviyoAccountId',
      );
    const catalogue = await catalogueFor(deps, portalId, account.id);
    if (mappings === undefined) return proposedMappings(catalogue);
    const problem = mappingProblem(mappings, catalogue);
    if (problem !== null) throw new ApiError(422, problem.code, problem.message, problem.fix, problem.field);
    return mappings;
  };

  const checkLists = async (
    accounts: { portalId: string; klaviyoAccountId: string },
    rules: ContactConfig['rules'],
    known: ContactConfig['rules'] | null,
  ): Promise<void> => {
    const missing = await missingList(deps, accounts, rules, known);
    if (missing !== null) refuse(missingListProblem(missing));
  };

  router.get('/connections', async (request, response) => {
    const connections = await connectionsOf(deps.db, callerOf(request).portalId);
    response.json({ results: connections.map(connectionJson), next: null });
  });
  router.post('/connections', async (request, response) => {
    const { portalId } = callerOf(request);
    const given = newConnectionSchema.parse(request.body);
    const mappings = await check(portalId, given.klaviyoAccountId, given.mappings);
    await checkLists({ portalId, klaviyoAccountId: given.klaviyoAccountId }, given.rules, null);
    const config: ContactConfig = {
      direction: given.direction,
      rules: given.rules,
      mappings,
      options: { ...defaultOptions, ...defined(given.options) },
    };
    const connection = await insertConnection(deps.db, {
      portalId,
      klaviyoAccountId: given.klaviyoAccountId,
      name: given.name,
      config,
    });
    response.status(201).json(connectionJson(connection));
  });
  router.get('/connections/:id', async (request, response) => {
    response.json(connectionJson(await connectionOf(deps, request)));
  });
  router.patch('/connections/:id', async (request, response) => {
    const before = await connectionOf(deps, request);
    const patch = connectionPatchSchema.parse(request.body);
    if (patch.mappings !== undefined) await check(before.portalId, before.klaviyoAccountId, patch.mappings);
    if (patch.rules !== undefined) await checkLists(before, patch.rules, before.config.rules);
    const changed = await changeConnection(deps.db, before.id, (current) => {
      const config: ContactConfig = {
        direction: patch.direction ?? current.config.direction,
        rules: patch.rules ?? current.config.rules,
        mappings: patch.mappings ?? current.config.mappings,
        options: { ...current.config.options, ...defined(patch.options ?? {}) },
      };
      if (current.state === 'active' || current.state === 'initial_sync') refuse(activationProblem(config));
      return { name: patch.name ?? current.name, config };
    });
    if (changed?.differs === true) await deps.lifecycle.configChanged(before);
    response.json(connectionJson(await connectionOf(deps, request)));
  });
  router.delete('/connections/:id', async (request, response) => {
    const connection = await findConnection(deps.db, callerOf(request).portalId, String(request.params.id));
    // A repeated delete is done already; another portal's id is as unknown as none.
    if (connection === null) throw notFound('connection');
    await deps.lifecycle.deleted(connection);
    await deleteConnection(deps.db, connection.id);
    response.status(204).end();
  });

  router.post('/connections/:id/activate', async (request, response) => {
    const connection = await connectionOf(deps, request);
    await check(connection.portalId, connection.klaviyoAccountId, connection.config.mappings);
    refuse(activationProblem(connection.config));
    const { runId } = await deps.lifecycle.activate(connection);
    response.status(202).json({ ...connectionJson(await connectionOf(deps, request)), runId });
  });
  router.post('/connections/:id/pause', async (request, response) => {
    await deps.lifecycle.pause(await connectionOf(deps, request));
    response.status(202).json(connectionJson(await connectionOf(deps, request)));
  });
  router.post('/connections/:id/resume', async (request, response) => {
    const connection = await connectionOf(deps, request);
    if (connection.state === 'draft')
      throw new ApiError(409, 'not_active', 'This connection has not been activated yet.', 'Activate it.');
    await check(connection.portalId, connection.klaviyoAccountId, connection.config.mappings);
    const { runId } = await deps.lifecycle.resume(connection);
    response.status(202).json({ ...connectionJson(await connectionOf(deps, request)), runId });
  });
  router.post('/connections/:id/sync', async (request, response) => {
    const connection = await connectionOf(deps, request);
    if (connection.state !== 'active' && connection.state !== 'initial_sync')
      throw new ApiError(409, 'not_active', 'This connection does not sync now.', 'Activate or resume it first.');
    response.status(202).json(await deps.lifecycle.sync(connection));
  });
  return router;
}

function refuse(problem: ReturnType<typeof activationProblem>): void {
  if (problem !== null) throw new ApiError(422, problem.code, problem.message, problem.fix, problem.field);
}

/** Without the keys that are undefined: they were not sent. */
function defined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

import { Router, type Request } from 'express';
import { z } from 'zod';
import { activationProblem, mappingProblem, missingListProblem } from '../rules/check-config.js';
import type { ContactConfig } from '../rules/connection.js';
import { engagementProblem } from '../rules/engagement/check-engagement.js';
import type { Catalogue } from '../rules/mappings.js';
import { proposedMappings } from '../rules/proposed-mappings.js';
import {
  connectionsOf,
  deleteConnection,
  findConnection,
  insertConnection,
  changeConnection,
  keepUnsaved,
  type Connection,
} from '../store/connections.js';
import { findKlaviyoAccount } from '../store/klaviyo-accounts.js';
import { ApiError, notFound } from './api-error.js';
import { catalogueFor } from './catalogue.js';
import type { ApiDependencies } from './dependencies.js';
import {
  createMappingProblem,
  defined,
  engagementChange,
  engagementDraft,
  missingSource,
} from './engagement-drafts.js';
import { engagementPatchSchema, newEngagementSchema } from './engagement-schema.js';
import { missingList } from './missing-list.js';
import { connectionPatchSchema, defaultOptions, newConnectionSchema } from './schema.js';
import { callerOf } from './signed.js';

/** A connection as the interface spells it. */
export function connectionJson(connection: Connection): Record<string, unknown> {
  const { id, type, name, klaviyoAccountId, state, stateReason, createdAt, unsaved } = connection;
  const { mappings, options } = connection.config;
  const own =
    connection.type === 'contact'
      ? { direction: connection.config.direction, rules: connection.config.rules }
      : { sources: connection.config.sources, activities: connection.config.activities };
  return {
    id,
    type,
    name,
    klaviyoAccountId,
    state,
    stateReason,
    ...own,
    mappings,
    options,
    createdAt: createdAt.toISOString(),
    unsaved,
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
  const connectedCatalogue = async (portalId: string, klaviyoAccountId: string): Promise<Catalogue> => {
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
    return catalogueFor(deps, portalId, account.id);
  };
  const check = async (
    portalId: string,
    klaviyoAccountId: string,
    mappings: ContactConfig['mappings'] | undefined,
  ): Promise<ContactConfig['mappings']> => {
    const catalogue = await connectedCatalogue(portalId, klaviyoAccountId);
    if (mappings === undefined) return proposedMappings(catalogue);
    refuse(mappingProblem(mappings, catalogue));
    return mappings;
  };

  const checkMappings = async ({ type, portalId, klaviyoAccountId, config }: Connection): Promise<void> => {
    const catalogue = await connectedCatalogue(portalId, klaviyoAccountId);
    refuse((type === 'contact' ? mappingProblem : createMappingProblem)(config.mappings, catalogue));
  };

  const checkLists = async (
    accounts: { portalId: string; klaviyoAccountId: string },
    rules: ContactConfig['rules'],
    known: ContactConfig['rules'] | null,
  ): Promise<void> => {
    const missing = await missingList(deps, accounts, rules, known);
    if (missing !== null) refuse(missingListProblem(missing));
  };

  /** Keeps aside what a person has not put into effect; before anything of it may be refused, so that it is never lost. */
  const keep = async (
    connection: Connection,
    unsaved: { step: string; form: Record<string, unknown> | null } | null | undefined,
  ): Promise<Connection> => {
    if (unsaved === undefined) return connection;
    const kept = unsaved === null ? null : { ...unsaved, at: deps.clock().toISOString() };
    await keepUnsaved(deps.db, connection.id, kept);
    return { ...connection, unsaved: kept };
  };

  router.get('/connections', async (request, response) => {
    const connections = await connectionsOf(deps.db, callerOf(request).portalId);
    response.json({ results: connections.map(connectionJson), next: null });
  });
  router.post('/connections', async (request, response) => {
    const { portalId } = callerOf(request);
    const isEngagement = z.object({ type: z.literal('engagement') }).safeParse(request.body).success;
    if (isEngagement) {
      const given = newEngagementSchema.parse(request.body);
      const { klaviyoAccountId, name } = given;
      const catalogue = await connectedCatalogue(portalId, klaviyoAccountId);
      const config = engagementDraft(given, catalogue);
      refuse(createMappingProblem(config.mappings, catalogue));
      refuse(await missingSource(deps, { portalId, klaviyoAccountId }, config.sources, null));
      const typed = { type: 'engagement', config } as const;
      const drafted = await insertConnection(deps.db, { portalId, klaviyoAccountId, name, typed });
      response.status(201).json(connectionJson(await keep(drafted, given.unsaved)));
      return;
    }
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
      typed: { type: 'contact', config },
    });
    response.status(201).json(connectionJson(await keep(connection, given.unsaved)));
  });
  router.get('/connections/:id', async (request, response) => {
    response.json(connectionJson(await connectionOf(deps, request)));
  });
  router.patch('/connections/:id', async (request, response) => {
    const before = await connectionOf(deps, request);
    if (before.type === 'engagement') {
      const { unsaved, ...patch } = engagementPatchSchema.parse(request.body);
      const kept = await keep(before, unsaved);
      if (Object.keys(patch).length === 0) {
        response.json(connectionJson(kept));
        return;
      }
      const catalogue = await connectedCatalogue(before.portalId, before.klaviyoAccountId);
      if (patch.mappings !== undefined) refuse(createMappingProblem(patch.mappings, catalogue));
      if (patch.sources !== undefined) refuse(await missingSource(deps, before, patch.sources, before.config.sources));
      const changed = await changeConnection(deps.db, before.id, (current) => {
        if (current.type !== 'engagement') return current;
        const config = engagementChange(current.config, patch);
        if (current.state === 'active' || current.state === 'initial_sync') refuse(engagementProblem(config));
        return { name: patch.name ?? current.name, config };
      });
      if (changed?.differs === true) await deps.lifecycle.configChanged(before);
      response.json(connectionJson(await connectionOf(deps, request)));
      return;
    }
    const { unsaved, ...patch } = connectionPatchSchema.parse(request.body);
    const kept = await keep(before, unsaved);
    if (Object.keys(patch).length === 0) {
      response.json(connectionJson(kept));
      return;
    }
    if (patch.mappings !== undefined) await check(before.portalId, before.klaviyoAccountId, patch.mappings);
    if (patch.rules !== undefined) await checkLists(before, patch.rules, before.config.rules);
    const changed = await changeConnection(deps.db, before.id, (current) => {
      if (current.type !== 'contact') return current;
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
    await checkMappings(connection);
    refuse(connection.type === 'contact' ? activationProblem(connection.config) : engagementProblem(connection.config));
    const { runId } = await deps.lifecycle.activate(connection);
    // What was set up is in effect now: nothing is left to be taken up.
    await keep(connection, null);
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
    await checkMappings(connection);
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

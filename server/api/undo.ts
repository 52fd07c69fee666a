import { Router } from 'express';
import { z } from 'zod';
import { undoWords } from '../rules/words.js';
import { findConnection, type Connection } from '../store/connections.js';
import type { UndoSubject } from '../store/undo.js';
import { connectionOfChange, connectionOfRun, connectionsOfContact } from '../store/history-owners.js';
import { notFound } from './api-error.js';
import { connectionOf } from './connections.js';
import type { ApiDependencies } from './dependencies.js';
import { undoSchema, undoSinceSchema } from './schema.js';
import { shortValues } from './short-values.js';
import { callerOf } from './signed.js';

/**
 * Taking back what was written (F6): one change, a run, a contact, or everything of a connection since a moment. With
 * `dryRun` it is only shown what would be taken back and what is left alone, and why; nothing is written.
 */
export function undoRoutes(deps: ApiDependencies): Router {
  const router = Router();
  const answer = async (
    response: Parameters<Parameters<Router['post']>[1]>[1],
    connection: Connection,
    subject: UndoSubject,
    dryRun: boolean,
  ): Promise<void> => {
    if (!dryRun) {
      response.status(202).json({ runId: await deps.undo.start(connection, subject) });
      return;
    }
    const { people, more } = await deps.undo.show(connection, subject);
    response.json({
      isSample: more,
      takesBack: people.flatMap(({ email, undo }) => [
        ...undo.fields.map(({ side, field, oldValue, newValue }) => ({
          email,
          side,
          field,
          from: shortValues(oldValue),
          to: shortValues(newValue),
        })),
        ...(undo.archive ? [{ email, side: 'hubspot', field: 'contact', from: 'created', to: 'archived' }] : []),
        ...undo.listRemoves.map((id) => ({ email, side: 'klaviyo', field: `list ${id}`, from: id, to: null })),
        ...undo.listAdds.map((id) => ({ email, side: 'klaviyo', field: `list ${id}`, from: null, to: id })),
        ...(undo.unsubscribe
          ? [{ email, side: 'klaviyo', field: 'email marketing', from: 'SUBSCRIBED', to: 'UNSUBSCRIBED' }]
          : []),
      ]),
      leftAlone: people.flatMap(({ email, undo }) =>
        undo.skipped.map(({ field, because }) => ({ email, field, reason: because, message: undoWords[because] })),
      ),
    });
  };
  const found = async (portalId: string, id: string | null): Promise<Connection> => {
    const connection = id === null ? null : await findConnection(deps.db, portalId, id);
    if (connection === null) throw notFound('change');
    return connection;
  };

  router.post('/history/:changeId/undo', async (request, response) => {
    const { portalId } = callerOf(request);
    const { dryRun } = undoSchema.parse(request.body ?? {});
    const parsed = z
      .string()
      .regex(/^\d{1,18}(-\d{1,4})?$/)
      .safeParse(request.params.changeId);
    if (!parsed.success) throw notFound('change');
    const [changeId = '', index] = parsed.data.split('-');
    const connection = await found(portalId, await connectionOfChange(deps.db, portalId, changeId));
    const subject = { changeId, ...(index === undefined ? {} : { fieldIndex: Number(index) }) };
    await answer(response, connection, subject, dryRun);
  });
  router.post('/runs/:runId/undo', async (request, response) => {
    const { portalId } = callerOf(request);
    const { dryRun } = undoSchema.parse(request.body ?? {});
    const parsed = z.uuid().safeParse(request.params.runId);
    if (!parsed.success) throw notFound('run');
    const connection = await found(portalId, await connectionOfRun(deps.db, portalId, parsed.data));
    await answer(response, connection, { runId: parsed.data }, dryRun);
  });
  router.post('/contacts/:hubspotId/undo', async (request, response) => {
    const { portalId } = callerOf(request);
    const { dryRun, connectionId } = undoSchema.parse(request.body ?? {});
    const parsed = z
      .string()
      .regex(/^\d{1,18}$/)
      .safeParse(request.params.hubspotId);
    if (!parsed.success) throw notFound('contact');
    const owners = await connectionsOfContact(deps.db, portalId, parsed.data);
    const connection = await found(
      portalId,
      owners.find((id) => connectionId === undefined || id === connectionId) ?? null,
    );
    await answer(response, connection, { hubspotId: parsed.data }, dryRun);
  });
  router.post('/connections/:id/undo', async (request, response) => {
    const connection = await connectionOf(deps, request);
    const { dryRun, since } = undoSinceSchema.parse(request.body ?? {});
    await answer(response, connection, { since }, dryRun);
  });
  return router;
}

import { NeedsPerson } from '../errors.js';
import type { ContactConnection } from '../rules/connection.js';
import { planUndo, type UndoPlan } from '../rules/plan-undo.js';
import { emptyPlan, type PersonPlan } from '../rules/plan-person.js';
import { contactConnection } from '../store/contact-connections.js';
import { settleHistory } from '../store/history.js';
import { assertLease, type Lease } from '../store/lease.js';
import { endLinks, updateLinks } from '../store/links.js';
import { settleListWrites } from '../store/list-writes.js';
import { advanceRun, finishRun, startRun } from '../store/runs.js';
import {
  markUndone,
  queueUndo,
  writesToUndo,
  type HistoryWrite,
  type UndoRun,
  type UndoSubject,
} from '../store/undo.js';
import { archive } from '../vendors/hubspot/contacts.js';
import { loadScope, type AccountScope } from './account-scope.js';
import { writesOf } from './apply-lists.js';
import { apply, defer, refuse, type Applied } from './apply.js';
import { gather } from './gather.js';
import { intend } from './intend.js';
import type { SyncContext } from './sync-context.js';

/** Writes taken back at a time. */
const atATime = 100;

/** One person with what is to be taken back of them. */
export interface PlannedUndo {
  plan: PersonPlan;
  undo: UndoPlan;
  email: string | null;
}

/**
 * Plans the next writes of an undo over the present state of both sides; used for carrying it out and for showing it
 * first. `scope` is as if the connection synced.
 */
export async function planUndoPage(
  ctx: SyncContext,
  scope: AccountScope,
  connection: ContactConnection,
  subject: UndoSubject,
  beforeId: string | null,
): Promise<{ people: PlannedUndo[]; writes: HistoryWrite[] }> {
  const writes = (await writesToUndo(ctx.db, connection.id, subject, beforeId, atATime)).map((write) =>
    'changeId' in subject && subject.fieldIndex !== undefined
      ? { ...write, fields: write.fields.filter((_field, index) => index === subject.fieldIndex) }
      : write,
  );
  if (writes.length === 0) return { people: [], writes };
  const ids = (pick: (write: HistoryWrite) => string | null): string[] => [
    ...new Set(writes.flatMap((write) => pick(write) ?? [])),
  ];
  const input = { hubspotIds: ids(({ hubspotId }) => hubspotId), klaviyoIds: ids(({ klaviyoId }) => klaviyoId) };
  const persons = await gather(ctx, scope, input, 'person');
  const fields = scope.fieldsOf(scope.connections.map(({ id }) => id));
  const left = new Set(writes);
  const people = persons.flatMap((person): PlannedUndo[] => {
    const hubspotId = person.hubspot?.id ?? person.link?.hubspotId;
    const klaviyoId = person.klaviyo?.id ?? person.link?.klaviyoId;
    const mine = writes.filter(
      (write) =>
        left.has(write) &&
        ((write.hubspotId !== null && write.hubspotId === hubspotId) ||
          (write.klaviyoId !== null && write.klaviyoId === klaviyoId)),
    );
    if (mine.length === 0) return [];
    for (const write of mine) left.delete(write);
    const undo = planUndo(person, mine, fields, scope.connections);
    return [{ undo, email: mine[0]?.email ?? null, plan: asPlan(person, undo, connection) }];
  });
  return { people, writes };
}

/** What is taken back, in the shape that the steps of the contact path carry out. */
function asPlan(person: PersonPlan['person'], undo: UndoPlan, connection: ContactConnection): PersonPlan {
  const { attributes, properties, unset } = undo.klaviyo;
  const touchesKlaviyo = Object.keys(attributes).length + Object.keys(properties).length + unset.length > 0;
  const touchesHubspot = Object.keys(undo.hubspot).length > 0 && !undo.archive;
  const subscription = person.klaviyo?.subscription;
  return {
    ...emptyPlan(person),
    connectionIds: [connection.id],
    hubspot: touchesHubspot ? { action: 'update', properties: undo.hubspot } : null,
    klaviyo: touchesKlaviyo ? { action: 'update', attributes, properties, unset } : null,
    writes: undo.fields.map(({ id: _id, ...field }) => ({ ...field, because: 'undone', connectionId: connection.id })),
    listRemoves: undo.listRemoves.map((listId) => ({ connectionId: connection.id, listId })),
    listAdds: undo.listAdds.map((listId) => ({ connectionId: connection.id, listId })),
    optOuts:
      undo.unsubscribe && subscription?.consent === 'SUBSCRIBED'
        ? [{ side: 'klaviyo', connectionId: connection.id, because: 'undone', evidence: `was ${subscription.consent}` }]
        : [],
  };
}

/** Takes back the next writes of an undo run. Works under the account's lease like any batch. */
export async function undoPage(
  ctx: SyncContext,
  klaviyoAccountId: string,
  lease: Lease,
  run: UndoRun,
  mayWrite: () => void,
): Promise<void> {
  const connection = await contactConnection(ctx.db, run.connectionId);
  const scope = connection === null ? null : await loadScope(ctx, klaviyoAccountId, connection);
  if (connection === null || scope === null)
    return finishRun(ctx.db, run.id, 'failed', 'One of the accounts is not connected.');
  if (run.state === 'queued') await startRun(ctx.db, run.id, null);
  const { people, writes } = await planUndoPage(ctx, scope, connection, run.subject, run.cursor?.beforeId ?? null);
  const last = writes.at(-1);
  if (last === undefined) return finishRun(ctx.db, run.id, 'finished');
  const intents = await intend(
    ctx,
    scope,
    people.map(({ plan }) => plan),
    run.id,
  );
  mayWrite();
  const applied = await apply(
    ctx,
    scope,
    people.map(({ plan }) => plan),
    { priority: 'person', mayWrite },
  );
  const byPlan = new Map(applied.map((one) => [one.plan, one]));
  await archiveCreated(ctx, scope, people, byPlan, mayWrite);
  const taken = people.filter(({ plan }) => byPlan.get(plan)?.deferred === null);
  await ctx.db.transaction(async (tx) => {
    await assertLease(tx, lease);
    await updateLinks(
      tx,
      klaviyoAccountId,
      taken.flatMap((one) => linkAfter(one, byPlan.get(one.plan))),
    );
    const archived = taken.filter(({ plan, undo }) => undo.archive && byPlan.get(plan)?.outcome.hubspot === 'done');
    await endLinks(
      tx,
      scope.portalId,
      klaviyoAccountId,
      archived.flatMap(({ plan }) => plan.person.link?.id ?? []),
      archived.flatMap(({ plan }) =>
        plan.person.klaviyo === null
          ? []
          : [
              {
                side: 'klaviyo',
                recordId: plan.person.klaviyo.id,
                reason: 'undone',
                base: plan.person.link?.base ?? {},
              },
            ],
      ),
    );
    const through = applied.filter((one) => one.deferred === null);
    await settleListWrites(tx, klaviyoAccountId, writesOf(scope, through));
    await settleHistory(tx, intents.settled(applied));
    await markUndone(
      tx,
      taken.flatMap(({ plan, undo }) => {
        const by = intents.idOf(plan);
        return undo.undone.map((id) => ({ id, by: by ?? id }));
      }),
    );
    const skipped = people.reduce((sum, { undo }) => sum + undo.skipped.length, 0);
    const undone = taken.reduce((sum, { undo }) => sum + undo.undone.length, 0);
    // What no answer came for stays where it is: the same page is done again.
    const again = taken.length < people.length;
    await advanceRun(tx, run.id, {
      cursor: again ? run.cursor : { beforeId: last.id },
      done: again ? 0 : writes.length,
      total: null,
      counts: { undone, skipped },
    });
  });
}

/** Archives the contacts that the undone writes had created; HubSpot keeps them restorable for 90 days. */
async function archiveCreated(
  ctx: SyncContext,
  scope: AccountScope,
  people: readonly PlannedUndo[],
  byPlan: ReadonlyMap<PersonPlan, Applied>,
  mayWrite: () => void,
): Promise<void> {
  const created = people.filter(({ undo, plan }) => undo.archive && plan.person.hubspot !== null);
  if (created.length === 0) return;
  const applied = created.flatMap(({ plan }) => byPlan.get(plan) ?? []);
  try {
    const refused = await archive(
      ctx.hubspot(scope.portalId, 'person', mayWrite),
      applied.flatMap(({ hubspotId }) => hubspotId ?? []),
    );
    for (const person of applied) {
      const refusal = refused.get(person.hubspotId ?? '');
      person.outcome.hubspot = refusal === undefined ? 'done' : 'refused';
      if (refusal !== undefined) refuse(person, 'hubspot', refusal);
    }
  } catch (error) {
    defer(applied, 'hubspot', error);
  }
}

function linkAfter(
  { plan, undo }: PlannedUndo,
  applied: Applied | undefined,
): Parameters<typeof updateLinks>[2][number][] {
  const { link } = plan.person;
  if (link === null || applied === undefined || undo.archive) return [];
  const kept = Object.entries(undo.base).filter(([key]) => !applied.refusedKeys.has(key));
  return [
    {
      id: link.id,
      hubspotId: link.hubspotId,
      klaviyoId: link.klaviyoId,
      email: link.email,
      base: { ...link.base, ...Object.fromEntries(kept) },
      hubspotModifiedAt: null,
      klaviyoModifiedAt: null,
    },
  ];
}

/** What an undo would take back, without writing: the first hundred writes, and whether there are more. */
export async function showUndo(
  ctx: SyncContext,
  connectionRef: { id: string; klaviyoAccountId: string },
  subject: UndoSubject,
): Promise<{ people: PlannedUndo[]; more: boolean }> {
  const connection = await contactConnection(ctx.db, connectionRef.id);
  const scope = connection === null ? null : await loadScope(ctx, connectionRef.klaviyoAccountId, connection);
  if (connection === null || scope === null)
    throw new NeedsPerson(
      'reconnect_klaviyo',
      'One of the accounts is not connected.',
      'Connect it again, then go on.',
    );
  const { people, writes } = await planUndoPage(ctx, scope, connection, subject, null);
  return { people, more: writes.length === atATime };
}

/** Queues an undo and wakes the drain that carries it out. */
export async function startUndo(
  ctx: SyncContext,
  connection: { id: string; portalId: string; klaviyoAccountId: string },
  subject: UndoSubject,
): Promise<string> {
  const runId = await queueUndo(ctx.db, connection, subject);
  await ctx.wakeDrain(connection.klaviyoAccountId);
  return runId;
}

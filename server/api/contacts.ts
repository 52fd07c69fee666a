import { Router } from 'express';
import { z } from 'zod';
import { standingReasons } from '../rules/words.js';
import { changePriority } from '../store/changes.js';
import { syncingAccounts } from '../store/contact-connections.js';
import { connectionsOf } from '../store/connections.js';
import {
  contactView,
  historyOf,
  linkedContacts,
  type ContactStanding,
  type ContactView,
} from '../store/contact-view.js';
import { issuesOfContact } from '../store/issue-list.js';
import { rolledStatus } from '../store/rollups.js';
import { readByEmails } from '../vendors/hubspot/contacts.js';
import { activityJson } from './activity.js';
import { ApiError, notFound } from './api-error.js';
import type { ApiDependencies } from './dependencies.js';
import { createKnownOfKlaviyo } from './known-of-klaviyo.js';
import { historyFilterSchema, pageSchema } from './schema.js';
import { shortValues } from './short-values.js';
import { callerOf } from './signed.js';

const order: ContactStanding['state'][] = ['failed', 'in_sync', 'skipped', 'not_in_scope'];

/** The state of a contact over all connections, the one that needs attention first. */
function syncState(view: ContactView): { state: string; reason: { code: string; message: string } } {
  if (view.waiting)
    return { state: 'waiting', reason: { code: 'waiting', message: 'A change is waiting to be synced.' } };
  const [worst] = [...view.standings].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  if (worst === undefined)
    return {
      state: 'unlinked',
      reason: { code: 'unlinked', message: 'No connection has brought this contact into sync.' },
    };
  if (worst.state === 'in_sync')
    return { state: 'in_sync', reason: { code: 'in_sync', message: 'All mapped fields agree on both sides.' } };
  return {
    state: worst.state,
    reason: { code: worst.reason ?? worst.state, message: worst.message ?? standingReasons.left_rules },
  };
}

/** A card shows so many open issues; the settings page has them all. */
const mostIssues = 5;
const numericId = z.string().regex(/^\d{1,18}$/);

/** The contact card, "sync this contact now", and the history of writes. */
export function contactRoutes(deps: ApiDependencies): Router {
  const router = Router();
  const known = createKnownOfKlaviyo({
    clock: deps.clock,
    klaviyo: deps.klaviyo,
    failed: (error) => deps.log.info({ err: error }, 'what a card shows of Klaviyo could not be read'),
  });
  /** Lists of all connections by name, or by id where the name is not known. */
  const namesOf = async (portalId: string, view: ContactView): Promise<{ value: string[]; settling: boolean }> => {
    const withLists = view.standings.filter(({ lists }) => lists.length > 0);
    if (withLists.length === 0) return { value: [], settling: false };
    const connections = await connectionsOf(deps.db, portalId);
    const named = withLists.map(({ connectionId, lists }) => {
      const account = connections.find(({ id }) => id === connectionId)?.klaviyoAccountId;
      if (account === undefined) return { value: lists, settling: false };
      const { value, settling } = known.listNames(account, lists);
      return { value: lists.map((id) => value.get(id) ?? id), settling };
    });
    return {
      value: [...new Set(named.flatMap(({ value }) => value))],
      settling: named.some(({ settling }) => settling),
    };
  };
  router.get('/contacts/:hubspotId', async (request, response) => {
    const hubspotId = idOf(request.params.hubspotId);
    const caller = callerOf(request);
    const { portalId } = caller;
    const [view, issues, rolled, activity] = await Promise.all([
      contactView(deps.db, portalId, hubspotId),
      issuesOfContact(deps.db, portalId, hubspotId, mostIssues),
      rolledStatus(deps.db, portalId, hubspotId),
      activityJson(deps, caller, [hubspotId]),
    ]);
    const names = await namesOf(portalId, view);
    const consent =
      view.klaviyoId === null || view.klaviyoAccountId === null
        ? { value: null, settling: false }
        : known.consent(view.klaviyoAccountId, view.klaviyoId);
    response.json({
      sync: {
        ...syncState(view),
        klaviyoUrl: view.klaviyoId === null ? null : `${deps.klaviyoAppUrl}/profile/${view.klaviyoId}`,
        lastSyncedAt: view.syncedAt?.toISOString() ?? null,
      },
      subscription: consent.value ?? rolled,
      lists: [...new Set(view.standings.flatMap((standing) => standing.lists))],
      listNames: names.value,
      settling: names.settling || consent.settling,
      issues: issues.map(({ id, code, title, detail, fix }) => ({ id, code, title, detail, fix })),
      ...activity,
    });
  });
  router.post('/contacts/:hubspotId/sync', async (request, response) => {
    const hubspotId = idOf(request.params.hubspotId);
    const { portalId } = callerOf(request);
    if ((await syncingAccounts(deps.db, portalId)).length === 0) {
      throw new ApiError(
        409,
        'not_active',
        'No connection syncs contacts now.',
        'Activate or resume a connection, then sync the contact.',
      );
    }
    await deps.notice(portalId, [{ recordId: hubspotId, priority: changePriority.person, cause: 'sync now' }]);
    response.status(202).json({ accepted: true });
  });
  /** Linked contacts of that address; whoever is linked nowhere is asked for in HubSpot. */
  const contactsOfEmail = async (portalId: string, given: string): Promise<string[]> => {
    const email = given.toLowerCase();
    const linked = await linkedContacts(deps.db, portalId, email);
    if (linked.length > 0) return linked;
    const found = (await readByEmails(deps.hubspot(portalId), [email], [])).get(email);
    return found === undefined ? [] : [found.id];
  };
  router.get('/history', async (request, response) => {
    const { contactId, email, ...filter } = historyFilterSchema.parse(request.query);
    const { portalId } = callerOf(request);
    const contactIds =
      contactId !== undefined ? [contactId] : email !== undefined ? await contactsOfEmail(portalId, email) : undefined;
    const { rows, next } = await historyOf(
      deps.db,
      portalId,
      { ...filter, contactIds },
      pageSchema.parse(request.query),
    );
    const results = rows.flatMap((row): Record<string, unknown>[] => {
      const common = {
        at: row.at.toISOString(),
        runId: row.runId,
        connectionId: row.connectionId,
        contact: { email: row.email, hubspotId: row.hubspotId, klaviyoId: row.klaviyoId },
        side: row.side,
        action: row.action,
        outcome: row.outcome,
        undoneBy: row.undoneBy === null ? null : `${row.undoneBy}-0`,
      };
      if (row.fields.length === 0)
        return [{ id: `${row.id}-0`, ...common, field: null, oldValue: null, newValue: null, because: row.because }];
      return row.fields.map(({ oldValue, newValue, overruled, ...field }, index) => ({
        id: `${row.id}-${index}`,
        ...common,
        ...field,
        oldValue: shortValues(oldValue),
        newValue: shortValues(newValue),
        ...(overruled === undefined ? {} : { overruled: shortValues(overruled) }),
      }));
    });
    response.json({ results, next });
  });
  return router;
}

function idOf(text: unknown): string {
  const parsed = numericId.safeParse(text);
  if (!parsed.success) throw notFound('contact');
  return parsed.data;
}

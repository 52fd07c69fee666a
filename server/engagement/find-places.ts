import { NeedsPerson } from '../errors.js';
import { keepEngagedContacts } from '../store/engaged-contacts.js';
import { clearConnectionIssues, openIssues } from '../store/issues.js';
import { primaryCompanies } from '../vendors/hubspot/associations.js';
import { dealsOf } from '../vendors/hubspot/deals.js';
import type { HubspotSession } from '../vendors/hubspot/session.js';
import type { ContactPlaces, EngagementContext, EngagementScope } from './engagement-context.js';

/**
 * Reads companies and deals of contacts in batches, and keeps them for the cards. Reading deals is a permission of its own:
 * without it (`dealsDenied`) activities go on contacts and companies.
 */
export async function readPlaces(
  db: EngagementContext['db'],
  session: HubspotSession,
  contactIds: readonly string[],
  askForDeals = true,
): Promise<{ places: Map<string, ContactPlaces>; dealsDenied: boolean }> {
  let dealsDenied = !askForDeals;
  const [companies, deals] = await Promise.all([
    primaryCompanies(session, contactIds),
    dealsOf(session, askForDeals ? contactIds : []).catch((error: unknown) => {
      if (!(error instanceof NeedsPerson) || error.code !== 'missing_scope') throw error;
      dealsDenied = true;
      return new Map<string, ContactPlaces['deals']>();
    }),
  ]);
  const places = new Map(
    contactIds.map((id): [string, ContactPlaces] => [
      id,
      { companyId: companies.get(id) ?? null, deals: deals.get(id) ?? [] },
    ]),
  );
  await keepEngagedContacts(
    db,
    session.portalId,
    [...places].map(([contactId, place]) => ({
      contactId,
      companyId: place.companyId,
      dealIds: place.deals.map(({ id }) => id),
    })),
  );
  return { places, dealsDenied };
}

/** Finds out to which company and deals contacts belong (E5); each is asked for once a turn. */
export async function findPlaces(
  ctx: EngagementContext,
  scope: EngagementScope,
  contactIds: readonly string[],
): Promise<void> {
  const unknown = [...new Set(contactIds)].filter((id) => !scope.memory.places.has(id));
  if (unknown.length === 0) return;
  const session = ctx.hubspot(scope.portalId, 'sweep');
  // Denied once, denied for a while: HubSpot need not say so with every batch.
  const { places, dealsDenied } = await readPlaces(ctx.db, session, unknown, !scope.memory.dealsDenied);
  for (const [id, place] of places) scope.memory.places.set(id, place);
  if (!scope.memory.dealsDenied) await sayOfDeals(ctx, scope, dealsDenied);
  scope.memory.dealsDenied = dealsDenied;
}

const code = 'deals_denied';

/** Whether activities can be put on deals, said on each connection that wants them there (E5). */
function sayOfDeals(ctx: EngagementContext, scope: EngagementScope, denied: boolean): Promise<void> {
  const wanting = scope.connections.filter(({ options }) => options.linkDeals !== 'none').map(({ id }) => id);
  if (!denied) return clearConnectionIssues(ctx.db, wanting, [code]);
  return openIssues(
    ctx.db,
    scope.portalId,
    wanting.map((connectionId) => ({
      connectionId,
      code,
      side: 'hubspot',
      recordId: '',
      field: '',
      title: 'Activities cannot be put on deals',
      detail: 'HubSpot does not let the app read deals: activities are on contacts and companies only.',
      fix: 'Install the app again and allow it to read deals, or choose no deals on the connection.',
      hubspotId: null,
      klaviyoId: null,
      email: null,
    })),
  );
}

import { NeedsPerson } from '../errors.js';
import { keepEngagedContacts } from '../store/engaged-contacts.js';
import { primaryCompanies } from '../vendors/hubspot/associations.js';
import { dealsOf } from '../vendors/hubspot/deals.js';
import type { HubspotSession } from '../vendors/hubspot/session.js';
import type { ContactPlaces, EngagementContext, EngagementScope } from './engagement-context.js';

/** Reads companies and deals of contacts in batches, and keeps them for the cards. */
export async function readPlaces(
  db: EngagementContext['db'],
  session: HubspotSession,
  contactIds: readonly string[],
): Promise<Map<string, ContactPlaces>> {
  const [companies, deals] = await Promise.all([
    primaryCompanies(session, contactIds),
    dealsOf(session, contactIds).catch((error: unknown) => {
      // Reading deals is a permission of its own: without it activities go on contacts and companies.
      if (!(error instanceof NeedsPerson) || error.code !== 'missing_scope') throw error;
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
  return places;
}

/** Finds out to which company and deals contacts belong (E5); each is asked for once a turn. */
export async function findPlaces(
  ctx: EngagementContext,
  scope: EngagementScope,
  contactIds: readonly string[],
): Promise<void> {
  const unknown = [...new Set(contactIds)].filter((id) => !scope.memory.places.has(id));
  if (unknown.length === 0) return;
  const found = await readPlaces(ctx.db, ctx.hubspot(scope.portalId, 'sweep'), unknown);
  for (const [id, place] of found) scope.memory.places.set(id, place);
}

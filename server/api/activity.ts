import { Router } from 'express';
import { z } from 'zod';
import { campaignUrl } from '../engagement/campaign-url.js';
import { readPlaces } from '../engagement/find-places.js';
import type { ActivityName } from '../rules/engagement/activity-kind.js';
import { verdictWords } from '../rules/engagement/activity-words.js';
import { shownUrl } from '../rules/engagement/normal-url.js';
import { activityCard, type LatestActivity } from '../store/activity-card.js';
import { connectionsOf, type Connection } from '../store/connections.js';
import { contactsOf, staleContacts } from '../store/engaged-contacts.js';
import { approvalOf } from '../store/engagement-accounts.js';
import { appEventsJson } from './accounts.js';
import { notFound } from './api-error.js';
import type { ApiDependencies } from './dependencies.js';
import { contactUrl } from './issues.js';
import { callerOf, type Caller } from './signed.js';

const dayMs = 86_400_000;
/** The chart shows so many days, the list so many activities. */
const shown = { days: 90, latest: 20 };
/** A company or deal has its contacts with activity together, so many of them at most. */
const mostContacts = 500;
/** After this long it is looked up again to which company and deals contacts belong. */
const staleSeconds = 600;

const names: Record<LatestActivity['kind'], ActivityName> = {
  received: 'delivered',
  opened: 'opened',
  clicked: 'clicked',
  bounced: 'bounced',
  unsubscribed: 'unsubscribed',
  preferences: 'unsubscribed',
  spam: 'spam',
};

/** What a card shows of contacts' email activity, from our own store alone. */
export async function activityJson(
  deps: Pick<ApiDependencies, 'db' | 'clock' | 'klaviyoAppUrl'>,
  caller: Caller,
  contactIds: readonly string[],
): Promise<Record<string, unknown>> {
  const { portalId } = caller;
  const since = new Date(deps.clock().getTime() - shown.days * dayMs);
  const [{ totals, byDay, latest }, connections, approval] = await Promise.all([
    activityCard(deps.db, portalId, contactIds, { since, latest: shown.latest }),
    connectionsOf(deps.db, portalId),
    approvalOf(deps.db, portalId),
  ]);
  return {
    totals,
    byDay,
    latest: latest.map((one) => latestJson(one, deps.klaviyoAppUrl, contactUrl(caller, one.contactId))),
    emailActivity: { state: activityState(connections), timeline: appEventsJson(approval) },
  };
}

/** A card that is empty because nothing is collected says so. */
function activityState(connections: readonly Connection[]): 'on' | 'paused' | 'off' {
  const states = connections.filter(({ type }) => type === 'engagement').map(({ state }) => state);
  if (states.some((state) => state === 'active' || state === 'initial_sync')) return 'on';
  return states.some((state) => state === 'paused' || state === 'stopped') ? 'paused' : 'off';
}

function latestJson(one: LatestActivity, klaviyoAppUrl: string, hubspotUrl: string): Record<string, unknown> {
  const { facts, verdict, shownAs } = one;
  const human = verdict === 'human';
  const correction =
    shownAs === null || (shownAs === 'human') === human
      ? null
      : human
        ? 'On the timeline this stands as done by a machine; it was a person.'
        : `On the timeline this stands as done by a person. ${verdictWords[verdict]}`;
  return {
    type: names[one.kind],
    at: one.at.toISOString(),
    contactId: one.contactId,
    contact: { email: one.email, hubspotUrl },
    message: one.messageName ?? facts.name ?? facts.listName,
    subject: facts.subject,
    url: facts.url === null ? null : shownUrl(facts.url),
    campaignUrl: campaignUrl(klaviyoAppUrl, { campaignId: one.campaignId, flowId: facts.flowId ?? one.flowId }),
    bot: !human,
    because: human ? null : verdictWords[verdict],
    correction,
  };
}

const numericId = z.string().regex(/^\d{1,18}$/);

/** The cards of companies and deals: their contacts' email activity together (F7). */
export function activityRoutes(deps: ApiDependencies): Router {
  const router = Router();
  const refreshing = new Set<string>();
  // Answered from what is known; who belongs to the record is read again behind the answer.
  const refresh = (portalId: string, contactIds: readonly string[]): void => {
    if (contactIds.length === 0 || refreshing.has(portalId)) return;
    refreshing.add(portalId);
    staleContacts(deps.db, portalId, contactIds, staleSeconds)
      .then((stale) => (stale.length === 0 ? null : readPlaces(deps.db, deps.hubspot(portalId), stale)))
      .catch((error: unknown) => deps.log.info({ err: error, portalId }, 'companies and deals could not be read again'))
      .finally(() => refreshing.delete(portalId));
  };
  const card = async (caller: Caller, object: 'company' | 'deal', id: unknown): Promise<Record<string, unknown>> => {
    const { portalId } = caller;
    const recordId = numericId.safeParse(id);
    if (!recordId.success) throw notFound(object);
    const contactIds = await contactsOf(deps.db, portalId, object, recordId.data, mostContacts);
    const activity = await activityJson(deps, caller, contactIds);
    refresh(portalId, contactIds);
    return { contacts: contactIds.length, ...activity };
  };
  router.get('/companies/:hubspotId', async (request, response) => {
    response.json(await card(callerOf(request), 'company', request.params.hubspotId));
  });
  router.get('/deals/:hubspotId', async (request, response) => {
    response.json(await card(callerOf(request), 'deal', request.params.hubspotId));
  });
  return router;
}

import { NeedsPerson, RecordRefused, RetryLater } from '../errors.js';
import { decideSubscribe } from '../rules/consent.js';
import { optedOutInHubspot } from '../rules/plan-consent.js';
import { emailKey } from '../rules/plan-person.js';
import { mapLimited } from '../vendors/call.js';
import { optOutOfAllEmail } from '../vendors/hubspot/communication-preferences.js';
import { readByIds as readContacts } from '../vendors/hubspot/contacts.js';
import type { HubspotSession } from '../vendors/hubspot/session.js';
import { readByIds } from '../vendors/klaviyo/profiles.js';
import type { KlaviyoSession } from '../vendors/klaviyo/session.js';
import { subscribe, unsubscribe } from '../vendors/klaviyo/subscriptions.js';
import type { AccountScope } from './account-scope.js';
import { defer, type Applied } from './apply.js';

/** Where a subscription comes from, as Klaviyo shows it on the profile. */
const source = 'Tandem for HubSpot';

/**
 * Carries out what was decided on consent: opt-outs first, then subscriptions. Klaviyo lifts a person's own unsubscribe
 * by a subscription, so the consent is read once more right before and decided again: a fresher unsubscribe wins (C5).
 */
export async function applyConsent(
  hubspot: HubspotSession,
  klaviyo: KlaviyoSession,
  scope: AccountScope,
  people: readonly Applied[],
): Promise<void> {
  const ready = people.filter(
    (person) =>
      person.outcome.klaviyo !== 'unknown' && person.outcome.hubspot !== 'unknown' && person.deferred === null,
  );
  const out = (side: 'hubspot' | 'klaviyo'): Applied[] =>
    ready.filter(
      (person) => person.plan.optOuts.some((optOut) => optOut.side === side) && emailOn(side, person) !== null,
    );
  await Promise.all([optOutOfKlaviyo(klaviyo, out('klaviyo')), optOutOfHubspot(hubspot, out('hubspot'))]);
  await subscribeAll(
    klaviyo,
    scope,
    ready.filter((person) => person.plan.subscribe !== null && person.klaviyoId !== null),
  );
}

/** The address that a side's record holds by now: where this pass changed it, consent belongs to the new one. */
function emailOn(side: 'hubspot' | 'klaviyo', { plan, outcome, refusedKeys }: Applied): string | null {
  const { person, email, writes } = plan;
  const written = writes.some((write) => write.side === side && write.key === emailKey);
  if (written && outcome[side] === 'done' && !refusedKeys.has(emailKey)) return email;
  return (side === 'hubspot' ? person.hubspot?.properties['email'] : person.klaviyo?.email) ?? email;
}

// Both vendors withdraw consent by address, and an address that changed since the pass began would be nobody's: so it is
// read once more right before.
async function optOutOfKlaviyo(session: KlaviyoSession, people: readonly Applied[]): Promise<void> {
  if (people.length === 0) return;
  try {
    const now = await readByIds(
      session,
      people.flatMap(({ klaviyoId }) => klaviyoId ?? []),
      {},
    );
    const addressOf = (person: Applied): string =>
      now.get(person.klaviyoId ?? '')?.email ?? emailOn('klaviyo', person) ?? '';
    const refused = await unsubscribe(session, people.map(addressOf));
    for (const person of people) {
      const refusal = refused.get(addressOf(person));
      person.consent.klaviyo = refusal === undefined ? 'done' : 'refused';
      if (refusal !== undefined) note(person, 'klaviyo', refusal);
    }
  } catch (error) {
    for (const person of people) person.consent.klaviyo = 'unknown';
    defer(people, 'lists', error);
  }
}

async function optOutOfHubspot(session: HubspotSession, people: readonly Applied[]): Promise<void> {
  if (people.length === 0) return;
  const now = await addressesInHubspot(session, people);
  if (now === null) return;
  await mapLimited(people, 4, async (person) => {
    try {
      await optOutOfAllEmail(session, now.get(person) ?? '');
      person.consent.hubspot = 'done';
    } catch (error) {
      // A permission that only opt-outs need must not stop everything else.
      if (error instanceof RecordRefused) note(person, 'hubspot', error);
      else if (error instanceof NeedsPerson && error.code === 'missing_scope')
        note(person, 'hubspot', new RecordRefused('missing_scope', error.message, { status: 403 }));
      else {
        person.consent.hubspot = 'unknown';
        defer([person], 'lists', error);
        return;
      }
      person.consent.hubspot = 'refused';
    }
  });
}

/** The address of each person's contact as it is now, or null when HubSpot gave no answer and they wait. */
async function addressesInHubspot(
  session: HubspotSession,
  people: readonly Applied[],
): Promise<Map<Applied, string> | null> {
  try {
    const { contacts } = await readContacts(
      session,
      people.flatMap(({ hubspotId }) => hubspotId ?? []),
      ['email'],
    );
    return new Map(
      people.map((person) => [
        person,
        contacts.get(person.hubspotId ?? '')?.properties['email'] ?? emailOn('hubspot', person) ?? '',
      ]),
    );
  } catch (error) {
    for (const person of people) person.consent.hubspot = 'unknown';
    defer(people, 'lists', error);
    return null;
  }
}

async function subscribeAll(session: KlaviyoSession, scope: AccountScope, people: readonly Applied[]): Promise<void> {
  if (people.length === 0) return;
  try {
    const now = await readByIds(
      session,
      people.flatMap(({ klaviyoId }) => klaviyoId ?? []),
      { subscriptions: true },
    );
    const byList = new Map<string, Applied[]>();
    for (const person of people) {
      const wanted = person.plan.subscribe;
      const profile = now.get(person.klaviyoId ?? '');
      const connection = scope.connections.find(({ id }) => id === wanted?.connectionId);
      if (wanted === null || connection === undefined) continue;
      if (profile?.subscription === undefined) {
        person.deferred = { seconds: 5, because: 'Klaviyo does not list the profile yet.' };
        continue;
      }
      const decision = decideSubscribe(connection.options, {
        subscription: profile.subscription,
        hubspotOptedOut: optedOutInHubspot(person.plan.person),
        mergedOptOut: person.plan.person.mergedOptOut,
        memory: person.plan.person.consent,
        listId: wanted.listId,
        optIn: scope.consent.optIn.get(wanted.listId) ?? 'unknown',
        now: scope.consent.now,
      });
      if (decision.subscribe) byList.set(wanted.listId, [...(byList.get(wanted.listId) ?? []), person]);
      else person.consent.subscribe = 'refused';
    }
    for (const [listId, members] of byList) await subscribeTo(session, listId, members);
  } catch (error) {
    if (!(error instanceof RetryLater)) throw error;
    defer(
      people.filter(({ consent }) => consent.subscribe === 'nothing'),
      'lists',
      error,
    );
  }
}

async function subscribeTo(session: KlaviyoSession, listId: string, members: readonly Applied[]): Promise<void> {
  try {
    const refused = await subscribe(
      session,
      members.map((person) => ({ email: person.plan.email ?? '', id: person.klaviyoId ?? '' })),
      { listId, source },
    );
    for (const person of members) {
      const refusal = refused.get(person.plan.email ?? '');
      person.consent.subscribe = refusal === undefined ? 'done' : 'refused';
      if (refusal !== undefined) note(person, 'klaviyo', refusal);
    }
  } catch (error) {
    if (error instanceof RecordRefused) {
      for (const person of members) {
        person.consent.subscribe = 'refused';
        note(person, 'klaviyo', new RecordRefused('list_missing', error.message, { ...error.detail, field: listId }));
      }
      return;
    }
    for (const person of members) person.consent.subscribe = 'unknown';
    defer(members, 'lists', error);
  }
}

function note(person: Applied, side: 'hubspot' | 'klaviyo', refusal: RecordRefused): void {
  person.refusals.push({ side, code: refusal.code, field: refusal.detail.field ?? 'consent', detail: refusal.message });
}

import { create, update } from '../vendors/hubspot/contacts.js';
import type { HubspotSession } from '../vendors/hubspot/session.js';
import type { WriteOutcome } from '../vendors/hubspot/types.js';
import { defer, refuse, type Applied } from './apply.js';

/** Creates and updates contacts, a hundred a call. A field that HubSpot refuses is left out and the rest written (D7). */
export async function applyToHubspot(session: HubspotSession, people: readonly Applied[]): Promise<void> {
  const creates = people.filter(({ plan }) => plan.hubspot?.action === 'create');
  const updates = people.filter(({ plan }) => plan.hubspot?.action === 'update');
  await Promise.all([createContacts(session, creates), updateContacts(session, updates)]);
}

const propertiesOf = (person: Applied): Record<string, string> => person.plan.hubspot?.properties ?? {};

async function createContacts(
  session: HubspotSession,
  people: readonly Applied[],
  omit: ReadonlyMap<Applied, string> = new Map(),
): Promise<void> {
  if (people.length === 0) return;
  const byTrace = new Map(people.map((person, index) => [String(index), person]));
  let outcomes: Map<string, WriteOutcome>;
  try {
    outcomes = await create(
      session,
      [...byTrace].map(([traceId, person]) => ({
        traceId,
        properties: without(propertiesOf(person), omit.get(person)),
      })),
    );
  } catch (error) {
    return defer(people, 'hubspot', error);
  }
  const again = new Map<Applied, string>();
  for (const [traceId, person] of byTrace) {
    const outcome = outcomes.get(traceId);
    if (outcome?.ok === true) {
      person.hubspotId = outcome.id;
      person.outcome.hubspot = 'done';
    } else if (outcome?.refused.detail.existingId !== undefined) {
      // Somebody created it meanwhile: the next look finds it and links (B4).
      person.outcome.hubspot = 'refused';
      person.deferred = { seconds: 1, because: 'The contact exists in HubSpot by now.' };
    } else {
      settleRefusal(person, outcome, omit, again);
    }
  }
  if (again.size > 0) await createContacts(session, [...again.keys()], again);
}

async function updateContacts(
  session: HubspotSession,
  people: readonly Applied[],
  omit: ReadonlyMap<Applied, string> = new Map(),
): Promise<void> {
  const withValues = people.filter((person) => Object.keys(without(propertiesOf(person), omit.get(person))).length > 0);
  if (withValues.length === 0) return;
  let outcomes: Map<string, WriteOutcome>;
  try {
    outcomes = await update(
      session,
      withValues.map((person) => ({
        id: person.hubspotId ?? '',
        properties: without(propertiesOf(person), omit.get(person)),
      })),
    );
  } catch (error) {
    return defer(withValues, 'hubspot', error);
  }
  const again = new Map<Applied, string>();
  for (const person of withValues) {
    const outcome = outcomes.get(person.hubspotId ?? '');
    if (outcome?.ok === true) person.outcome.hubspot = 'done';
    else settleRefusal(person, outcome, omit, again);
  }
  if (again.size > 0) await updateContacts(session, [...again.keys()], again);
}

/** Refused for one field: write the others once more without it. Refused as a whole, or again: leave it at that. */
function settleRefusal(
  person: Applied,
  outcome: WriteOutcome | undefined,
  omit: ReadonlyMap<Applied, string>,
  again: Map<Applied, string>,
): void {
  person.outcome.hubspot = 'refused';
  if (outcome === undefined) {
    // Fewer answers than inputs is an error for the missing ones, never a success (G5).
    person.outcome.hubspot = 'unknown';
    person.deferred = { seconds: 5, because: 'HubSpot did not answer for this contact.' };
    return;
  }
  if (outcome.ok) return;
  refuse(person, 'hubspot', outcome.refused);
  const field = outcome.refused.detail.field;
  const already = omit.get(person);
  if (field === undefined || !(field in propertiesOf(person)) || field === 'email') return;
  const left = [...(already?.split(separator) ?? []), field];
  // Each round takes one field away, so it ends.
  again.set(person, left.join(separator));
}

const separator = '\u0000';

function without(properties: Record<string, string>, omitted: string | undefined): Record<string, string> {
  if (omitted === undefined) return properties;
  const names = omitted.split(separator);
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)));
}

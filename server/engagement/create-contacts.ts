import { erasedOf } from '../contacts/erase.js';
import { RecordRefused } from '../errors.js';
import { readKlaviyo, writeHubspot } from '../rules/convert.js';
import { isPlausibleEmail } from '../rules/email.js';
import type { EngagementConnection } from '../rules/engagement/engagement-config.js';
import { hubspotKey, klaviyoKey, type Catalogue } from '../rules/mappings.js';
import type { Activity } from '../store/activities.js';
import { intendHistory, settleHistory } from '../store/history.js';
import { create, readByEmails } from '../vendors/hubspot/contacts.js';
import { readByIds } from '../vendors/klaviyo/profiles.js';
import type { KlaviyoProfile } from '../vendors/klaviyo/types.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';
import { deletedByPerson } from './resolve-contacts.js';

/** Somebody who has activity and no contact, and the connection that wants one. */
export interface Newcomer {
  event: Activity;
  connection: EngagementConnection;
}

/**
 * Creates contacts for people with activity (E6). The first match wins over creating: HubSpot is asked once more right
 * before, also for secondary addresses, and refuses a taken address; either way the contact that is there is taken.
 * Whoever was deleted in HubSpot or asked to be forgotten is not created.
 */
export async function createContacts(
  ctx: EngagementContext,
  scope: EngagementScope,
  newcomers: readonly Newcomer[],
): Promise<void> {
  const byEmail = new Map<string, Newcomer>();
  for (const newcomer of newcomers) {
    const { email } = newcomer.event;
    if (email !== null && isPlausibleEmail(email) && !byEmail.has(email)) byEmail.set(email, newcomer);
  }
  const profileIds = [...byEmail.values()].flatMap(({ event }) => event.profileId ?? []);
  const [deleted, erased] = await Promise.all([
    deletedByPerson(ctx, scope, profileIds),
    erasedOf(ctx, scope.portalId, [...byEmail.keys()]),
  ]);
  for (const [email, { event }] of byEmail)
    if (erased.has(email) || deleted.has(event.profileId ?? '')) byEmail.delete(email);
  if (byEmail.size === 0) return;

  const hubspot = ctx.hubspot(scope.portalId, 'sweep');
  for (const [email, contact] of await readByEmails(hubspot, [...byEmail.keys()], ['email'])) {
    scope.memory.contacts.set(email, contact.id);
    byEmail.delete(email);
  }
  const people = [...byEmail];
  if (people.length === 0) return;
  const profiles = await readByIds(ctx.klaviyo(scope.klaviyoAccountId, 'sweep'), profileIds, {});
  const catalogue = await ctx.catalogue(scope.portalId, scope.klaviyoAccountId);
  const inputs = people.map(([email, { event, connection }], index) => ({
    traceId: String(index),
    properties: propertiesOf(connection, email, profiles.get(event.profileId ?? ''), catalogue),
  }));
  const ids = await intendHistory(
    ctx.db,
    scope.portalId,
    scope.klaviyoAccountId,
    people.map(([email, { event, connection }], index) => ({
      connectionId: connection.id,
      runId: null,
      side: 'hubspot',
      action: 'create',
      hubspotId: null,
      klaviyoId: event.profileId,
      email,
      fields: Object.entries(inputs[index]?.properties ?? {}).map(([field, newValue]) => ({
        field,
        oldValue: null,
        newValue,
        because: 'Taken from Klaviyo when the contact was created for its email activity.',
      })),
      because: 'There was email activity of somebody who is no contact yet, and the connection creates contacts.',
    })),
  );
  const outcomes = await create(hubspot, inputs);
  for (const [index, [email]] of people.entries()) {
    const outcome = outcomes.get(String(index));
    const taken = outcome?.ok === false ? outcome.refused.detail.existingId : undefined;
    const contactId = outcome?.ok === true ? outcome.id : (taken ?? null);
    scope.memory.contacts.set(email, contactId);
    const id = ids[index];
    if (id === undefined) continue;
    const ending = outcome === undefined ? 'unknown' : outcome.ok ? 'done' : 'refused';
    await settleHistory(ctx.db, [{ id, outcome: ending, hubspotId: contactId, klaviyoId: null }]);
    if (outcome?.ok === false && taken === undefined && outcome.refused instanceof RecordRefused)
      ctx.log.warn(
        { connectionId: people[index]?.[1].connection.id, code: outcome.refused.code },
        'HubSpot refuses a contact for email activity',
      );
  }
}

/** The new contact's properties: its address and what the mappings bring. A value that does not fit is left out. */
function propertiesOf(
  connection: EngagementConnection,
  email: string,
  profile: KlaviyoProfile | undefined,
  catalogue: Catalogue,
): Record<string, string> {
  const properties: Record<string, string> = { email };
  if (profile === undefined) return properties;
  for (const mapping of connection.mappings) {
    const hubspot = catalogue.hubspot.get(hubspotKey(mapping));
    const { kind, name } = mapping.klaviyo;
    if (mapping.direction === 'to_klaviyo' || hubspot === undefined || hubspot.readOnly || hubspot.object !== 'contact')
      continue;
    const klaviyo = catalogue.klaviyo.get(klaviyoKey(mapping)) ?? {
      kind,
      name,
      label: name,
      type: 'unknown',
      readOnly: false,
    };
    const raw = kind === 'property' ? profile.properties[name] : profile.attributes[name];
    const reading = readKlaviyo({ hubspot, klaviyo }, raw, { region: 'US' });
    if (reading.ok && reading.value !== null) properties[hubspot.name] = writeHubspot(reading.value);
  }
  return properties;
}

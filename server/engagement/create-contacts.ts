import { erasedOf } from '../contacts/erase.js';
import { readKlaviyo, writeHubspot } from '../rules/convert.js';
import { isPlausibleEmail } from '../rules/email.js';
import type { EngagementConnection } from '../rules/engagement/engagement-config.js';
import { hubspotKey, klaviyoKey, type Catalogue } from '../rules/mappings.js';
import { regionOf } from '../rules/phone.js';
import type { Activity } from '../store/activities.js';
import { intendHistory, settleHistory } from '../store/history.js';
import { clearConnectionIssues, openIssues } from '../store/issues.js';
import { create, readByEmails } from '../vendors/hubspot/contacts.js';
import type { HubspotSession } from '../vendors/hubspot/session.js';
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
 * Whoever was deleted in HubSpot or asked to be forgotten is not created. A value that does not fit is left out and said.
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
  const leftOut: LeftOut[] = [];
  let open = people.map(([email, { event, connection }], index): NewContact => {
    const { properties, unfit } = propertiesOf(connection, email, profiles.get(event.profileId ?? ''), catalogue);
    leftOut.push(...unfit.map((one) => ({ ...one, connectionId: connection.id, email, profileId: event.profileId })));
    return { traceId: String(index), email, event, connection, properties };
  });
  // Whatever HubSpot says of one value, the contact and its other fields need not wait for it (D7).
  for (let round = 0; open.length > 0 && round < mostRounds; round += 1) {
    const again = await createThem(ctx, scope, hubspot, open);
    leftOut.push(...again.flatMap(({ refused }) => refused));
    open = again.map(({ contact }) => contact);
  }
  await sayLeftOut(ctx, scope, people, leftOut);
}

/** A value that a new contact goes without. */
interface LeftOut {
  connectionId: string;
  email: string;
  profileId: string | null;
  field: string;
  detail: string;
}

interface NewContact {
  traceId: string;
  email: string;
  event: Activity;
  connection: EngagementConnection;
  properties: Record<string, string>;
}

/** One contact may have a bad value in each of several fields, and HubSpot names one of them at a time. */
const mostRounds = 6;

/** Creates contacts; answers those of which HubSpot refuses a single property, without it, to be tried once more. */
async function createThem(
  ctx: EngagementContext,
  scope: EngagementScope,
  hubspot: HubspotSession,
  open: readonly NewContact[],
): Promise<{ contact: NewContact; refused: LeftOut[] }[]> {
  const ids = await intendHistory(
    ctx.db,
    scope.portalId,
    scope.klaviyoAccountId,
    open.map(({ email, event, connection, properties }) => ({
      connectionId: connection.id,
      runId: null,
      side: 'hubspot',
      action: 'create',
      hubspotId: null,
      klaviyoId: event.profileId,
      email,
      fields: Object.entries(properties).map(([field, newValue]) => ({
        field,
        oldValue: null,
        newValue,
        because: 'Taken from Klaviyo when the contact was created for its email activity.',
      })),
      because: 'There was email activity of somebody who is no contact yet, and the connection creates contacts.',
    })),
  );
  const outcomes = await create(hubspot, open);
  const again: { contact: NewContact; refused: LeftOut[] }[] = [];
  for (const [index, contact] of open.entries()) {
    const { email, connection, properties } = contact;
    const outcome = outcomes.get(contact.traceId);
    const taken = outcome?.ok === false ? outcome.refused.detail.existingId : undefined;
    const contactId = outcome?.ok === true ? outcome.id : (taken ?? null);
    scope.memory.contacts.set(email, contactId);
    const id = ids[index];
    const ending = outcome === undefined ? 'unknown' : outcome.ok ? 'done' : 'refused';
    if (id !== undefined) await settleHistory(ctx.db, [{ id, outcome: ending, hubspotId: contactId, klaviyoId: null }]);
    if (outcome?.ok !== false || taken !== undefined) continue;
    const { field } = outcome.refused.detail;
    if (field !== undefined && field !== 'email' && field in properties) {
      const { [field]: value = '', ...rest } = properties;
      const detail = `HubSpot refuses “${value}” as ${field}: ${outcome.refused.message}`;
      again.push({
        contact: { ...contact, properties: rest },
        refused: [{ connectionId: connection.id, email, profileId: contact.event.profileId, field, detail }],
      });
    } else
      ctx.log.warn(
        { connectionId: connection.id, code: outcome.refused.code },
        'HubSpot refuses a contact for email activity',
      );
  }
  return again;
}

const code = 'new_contact_field_left_out';

/** One issue a connection and field: it goes as soon as contacts are created that have the field. */
async function sayLeftOut(
  ctx: EngagementContext,
  scope: EngagementScope,
  people: readonly (readonly [string, Newcomer])[],
  leftOut: readonly LeftOut[],
): Promise<void> {
  const connectionIds = [...new Set(people.map(([, { connection }]) => connection.id))];
  await clearConnectionIssues(ctx.db, connectionIds, [code], [...new Set(leftOut.map(({ field }) => field))]);
  await openIssues(
    ctx.db,
    scope.portalId,
    leftOut.map(({ connectionId, email, profileId, field, detail }) => ({
      connectionId,
      code,
      side: 'hubspot',
      recordId: '',
      field,
      title: 'New contacts lack a value',
      detail: `${email} was created without it. ${detail}`,
      fix: 'Correct the value on the contact. If it happens often, map the field to a property of a fitting type, or take it out of the mapping for created contacts.',
      hubspotId: scope.memory.contacts.get(email) ?? null,
      klaviyoId: profileId,
      email,
    })),
  );
}

/** The new contact's properties: its address and what the mappings bring, and what of that does not fit. */
function propertiesOf(
  connection: EngagementConnection,
  email: string,
  profile: KlaviyoProfile | undefined,
  catalogue: Catalogue,
): { properties: Record<string, string>; unfit: { field: string; detail: string }[] } {
  const properties: Record<string, string> = { email };
  const unfit: { field: string; detail: string }[] = [];
  if (profile === undefined) return { properties, unfit };
  const country = profile.attributes['location.country'];
  const region = (typeof country === 'string' ? regionOf(country) : null) ?? defaultRegion;
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
    const reading = readKlaviyo({ hubspot, klaviyo }, raw, { region });
    if (!reading.ok) unfit.push({ field: hubspot.name, detail: `${klaviyo.label} is “${reading.shown}” in Klaviyo.` });
    else if (reading.value !== null) properties[hubspot.name] = writeHubspot(reading.value);
  }
  return { properties, unfit };
}

/** For national phone numbers of people whose country is not known; what is no number there is left out and said. */
const defaultRegion = 'US';

import type { ContactConnection } from '../rules/connection.js';
import { optedOutInKlaviyo } from '../rules/consent.js';
import { eligibility } from '../rules/eligibility.js';
import { normalEmail } from '../rules/email.js';
import { heldBack } from '../rules/admission.js';
import { hubspotValue, klaviyoValue } from '../rules/compare-fields.js';
import type { Person } from '../rules/person.js';
import { withoutRefusal } from '../rules/reconcile.js';
import { optedOutInHubspot } from '../rules/plan-consent.js';
import { planPerson, type PersonPlan } from '../rules/plan-person.js';
import { becauseOfWrite, consentReasons, restingWords, sideName, standingReasons } from '../rules/words.js';
import { contactConnection } from '../store/contact-connections.js';
import { historyOf } from '../store/contact-view.js';
import { connectionsOfAccount, klaviyoAccountsOf } from '../store/explained.js';
import * as hubspotContacts from '../vendors/hubspot/contacts.js';
import * as klaviyoProfiles from '../vendors/klaviyo/profiles.js';
import { loadScope, type AccountScope } from './account-scope.js';
import { erasedOf } from './erase.js';
import { gather } from './gather.js';
import type { SyncContext } from './sync-context.js';

/** One step of the trace: what was looked at, what came of it, and why. */
export interface ExplainStep {
  at: string;
  step: string;
  decision: string;
  because: string;
  detail: Record<string, unknown>;
}

export interface Explanation {
  contact: { email: string | null; hubspotId: string | null; klaviyoId: string | null };
  steps: ExplainStep[];
}

export interface Asked {
  email?: string;
  hubspotId?: string;
}

/**
 * Why a person is as they are (F11): both sides as read now, the rules tried, each field compared, consent with its
 * evidence, and what was written last. The same gather and plan as the sync, carried out on nothing. Works for people
 * who are not in sync, or nowhere to be found.
 */
export async function explain(ctx: SyncContext, portalId: string, asked: Asked): Promise<Explanation> {
  const steps: ExplainStep[] = [];
  const say = (step: string, decision: string, because: string, detail: Record<string, unknown> = {}): void => {
    steps.push({ at: ctx.clock().toISOString(), step, decision, because, detail });
  };
  const hubspot = ctx.hubspot(portalId, 'person');
  const properties = ['email', 'hs_additional_emails', 'hs_merged_object_ids', 'lastmodifieddate'];
  const email = normalEmail(asked.email);
  const contact =
    asked.hubspotId !== undefined
      ? ((await hubspotContacts.readByIds(hubspot, [asked.hubspotId], properties)).contacts.get(asked.hubspotId) ??
        null)
      : email === null
        ? null
        : ((await hubspotContacts.readByEmails(hubspot, [email], properties)).get(email) ?? null);
  const address = email ?? normalEmail(contact?.properties['email']);
  const explanation: Explanation = {
    contact: { email: address, hubspotId: contact?.id ?? null, klaviyoId: null },
    steps,
  };
  say(
    'HubSpot',
    contact === null ? 'not found' : 'found',
    contact === null
      ? 'HubSpot has no contact with this address or id.'
      : normalEmail(contact.properties['email']) === address
        ? 'A contact has this email address.'
        : 'A contact has this as one of its additional addresses; only the primary one links (B5).',
    contact === null ? {} : { hubspotId: contact.id, email: contact.properties['email'] ?? null },
  );
  if (address !== null && (await erasedOf(ctx, portalId, [address])).size > 0)
    say('erasure', 'erased', standingReasons.erased);

  for (const account of await klaviyoAccountsOf(ctx.db, portalId)) {
    if (account.state !== 'connected') {
      say('Klaviyo', 'not asked', `${account.name} is not connected.`, { account: account.name });
      continue;
    }
    const session = ctx.klaviyo(account.id, 'person');
    const profiles =
      address === null ? [] : ((await klaviyoProfiles.readByEmails(session, [address], {})).get(address) ?? []);
    say(
      'Klaviyo',
      profiles.length === 0 ? 'not found' : 'found',
      profiles.length === 0
        ? `${account.name} has no profile with this address.`
        : profiles.length === 1
          ? `${account.name} has a profile with this address.`
          : `${account.name} has ${profiles.length} profiles with this address; the oldest one is used (B4).`,
      { account: account.name, klaviyoIds: profiles.map(({ id }) => id) },
    );
    explanation.contact.klaviyoId ??= profiles[0]?.id ?? null;
    const connections = await connectionsOfAccount(ctx.db, account.id);
    if (connections.length === 0) say('connections', 'none', 'No contact connection uses this account.');
    const syncing = await loadScope(ctx, account.id);
    for (const { id, name, state } of connections) {
      const connection = await contactConnection(ctx.db, id);
      const scope =
        syncing?.connections.some((one) => one.id === id) === true || connection === null
          ? syncing
          : await loadScope(ctx, account.id, connection);
      if (connection === null || scope === null) {
        say('connection', 'rests', `“${name}” is ${state}.`, { connection: name, state });
        continue;
      }
      if (state !== 'active' && state !== 'initial_sync')
        say('connection', 'rests', `“${name}” is ${state}: what follows is what it would do.`, {
          connection: name,
          state,
        });
      const persons = await gather(
        ctx,
        scope,
        { hubspotIds: contact === null ? [] : [contact.id], klaviyoIds: profiles.slice(0, 1).map((one) => one.id) },
        'person',
      );
      if (persons.length === 0) say('rules', 'not in sync', 'There is no record on either side to sync.');
      for (const person of persons) explainPerson(say, person, connection, scope);
    }
  }
  await explainHistory(ctx, portalId, explanation, say);
  return explanation;
}

type Say = (step: string, decision: string, because: string, detail?: Record<string, unknown>) => void;

function explainPerson(say: Say, person: Person, connection: ContactConnection, scope: AccountScope): void {
  const plan = planPerson(person, scope);
  const match = eligibility(connection, person);
  explainRules(say, person, connection, match.matches);
  const held = match.matches ? heldBack(connection, person, plan.email) : null;
  if (held !== null)
    say('limit', 'waits', standingReasons[held], { limit: connection.options.limit, stage: connection.options.stage });
  const standing = plan.standings.find((one) => one.connectionId === connection.id);
  if (person.link !== null)
    say('link', 'linked', 'The two records are remembered as a pair.', {
      hubspotId: person.link.hubspotId,
      klaviyoId: person.link.klaviyoId,
      email: person.link.email,
    });
  else
    say(
      'link',
      plan.hubspot === null && plan.klaviyo === null ? 'none' : 'would link or create',
      'There is no pair yet.',
    );
  if (standing !== undefined)
    say('state', standing.state, standing.message ?? stateWords(standing.state), {
      connection: connection.name,
      reason: standing.reason,
    });
  if (plan.connectionIds.includes(connection.id)) explainFields(say, person, plan, connection, scope);
  explainConsent(say, person, plan, connection);
  for (const list of plan.listAdds) say('list', 'join', 'A rule of the connection matches.', { listId: list.listId });
  for (const list of plan.listRemoves) say('list', 'leave', 'No rule matches any more.', { listId: list.listId });
}

function stateWords(state: string): string {
  if (state === 'in_sync') return 'All mapped fields agree, or will once what is planned below is written.';
  return state === 'failed' ? 'Something cannot be synced; see the issues below.' : 'The contact is not synced.';
}

function explainRules(say: Say, person: Person, connection: ContactConnection, matches: boolean): void {
  const { rules } = connection;
  for (const rule of rules.hubspotToKlaviyo) {
    const lists = rule.source.hubspotListIds ?? [];
    const on = lists.filter((id) => person.hubspotLists.has(id));
    const hit = person.hubspot !== null && (rule.source.all === true || on.length > 0);
    say(
      'rule HubSpot → Klaviyo',
      hit ? 'matches' : 'does not match',
      person.hubspot === null
        ? 'There is no contact.'
        : rule.source.all === true
          ? 'The rule takes every contact.'
          : hit
            ? `The contact is on ${on.length === 1 ? 'list' : 'lists'} ${on.join(', ')}, as read now.`
            : `The contact is on none of the lists ${lists.join(', ')}, as read now.`,
      { connection: connection.name, lists, klaviyoListId: rule.klaviyoListId },
    );
  }
  for (const { source } of rules.klaviyoToHubspot) {
    const groups = [...(source.klaviyoListIds ?? []), ...(source.klaviyoSegmentIds ?? [])];
    const on = groups.filter((id) => person.klaviyoGroups.has(id));
    const hit = person.klaviyo !== null && (source.all === true || on.length > 0);
    say(
      'rule Klaviyo → HubSpot',
      hit ? 'matches' : 'does not match',
      person.klaviyo === null
        ? 'There is no profile.'
        : source.all === true
          ? 'The rule takes every profile.'
          : hit
            ? `The profile is on ${on.join(', ')}, as read now.`
            : `The profile is on none of ${groups.join(', ')}, as read now.`,
      { connection: connection.name, groups },
    );
  }
  say(
    'scope',
    matches ? 'in scope' : 'not in scope',
    matches ? 'At least one rule matches.' : 'No rule matches, so nothing is synced.',
    { connection: connection.name, direction: connection.direction },
  );
}

function explainFields(
  say: Say,
  person: Person,
  plan: PersonPlan,
  connection: ContactConnection,
  scope: AccountScope,
): void {
  for (const field of scope.fieldsOf(plan.connectionIds)) {
    if (field.connectionId !== connection.id) continue;
    const write = plan.writes.find(({ key }) => key === field.key);
    const issue = plan.issues.find(
      (one) => one.field === field.pair.hubspot.name || one.field === field.pair.klaviyo.name,
    );
    const detail = {
      hubspotField: field.pair.hubspot.name,
      klaviyoField: field.pair.klaviyo.name,
      direction: field.policy.direction,
      winner: field.policy.winner,
      hubspot: hubspotValue(person, field),
      klaviyo: klaviyoValue(person, field) ?? null,
      base: withoutRefusal(person.link?.base[field.key]) ?? null,
      ...(write === undefined ? {} : { writes: write.newValue, overruled: write.overruled ?? null }),
    };
    if (issue !== undefined)
      say('field', 'issue', `${issue.code}: ${issue.detail}${issue.rests === true ? ` ${restingWords}` : ''}`, detail);
    else if (write !== undefined)
      say('field', `write to ${sideName[write.side]}`, becauseOfWrite(write.because, write.side), detail);
    else say('field', 'no write', field.key in plan.agreed ? 'Both sides agree.' : 'Nothing to carry across.', detail);
  }
}

function explainConsent(say: Say, person: Person, plan: PersonPlan, connection: ContactConnection): void {
  const subscription = person.klaviyo?.subscription ?? null;
  const evidence = {
    klaviyo: subscription === null ? null : subscription.consent,
    suppressions: subscription?.suppressions.map(({ reason }) => reason) ?? [],
    optedOutInHubspot: optedOutInHubspot(person),
    optedOutInKlaviyo: optedOutInKlaviyo(subscription),
    subscribe: connection.options.subscribe,
    resubscribe: connection.options.resubscribe,
    carryOptOuts: connection.options.carryOptOuts,
    remembered: person.consent,
  };
  if (plan.subscribe !== null) say('consent', 'subscribe', consentReasons[plan.subscribe.because], evidence);
  for (const optOut of plan.optOuts)
    say(
      'consent',
      `opt out in ${sideName[optOut.side]}`,
      `${consentReasons[optOut.because]} Evidence: ${optOut.evidence}.`,
      evidence,
    );
  if (plan.subscribe === null && plan.optOuts.length === 0)
    say(
      'consent',
      'left as it is',
      connection.options.subscribe
        ? 'The person is subscribed already, opted out, or may not be asked.'
        : 'The connection subscribes nobody.',
      evidence,
    );
}

/** The last writes, with what the vendors answered. */
async function explainHistory(ctx: SyncContext, portalId: string, explanation: Explanation, say: Say): Promise<void> {
  const { hubspotId } = explanation.contact;
  if (hubspotId === null) return;
  const { rows } = await historyOf(ctx.db, portalId, { contactIds: [hubspotId] }, { limit: 10 });
  for (const row of rows)
    explanation.steps.push({
      at: row.at.toISOString(),
      step: 'history',
      decision: `${row.action} in ${sideName[row.side]}: ${row.outcome ?? 'under way'}`,
      because: row.because,
      detail: { id: row.id, fields: row.fields, runId: row.runId },
    });
  if (rows.length === 0) say('history', 'nothing', 'Nothing was written to this contact or its profile yet.');
}

import {
  compareFields,
  type Comparison,
  type FieldIssue,
  type FieldWrite,
  type HubspotWrite,
  type KlaviyoWrite,
} from './compare-fields.js';
import type { ContactConnection, Side } from './connection.js';
import { eligibility, readsAny } from './eligibility.js';
import { isPlausibleEmail, normalEmail } from './email.js';
import type { MappedField } from './mappings.js';
import { baseAfterOwnWrites, ownWritesOfPair } from './own-write.js';
import type { Person, Standing } from './person.js';
import type { ConsentMemory } from './consent.js';
import {
  exitOptOut,
  planConsent,
  type ConsentScope,
  type PlannedOptOut,
  type PlannedSubscription,
} from './plan-consent.js';
import type { Repair } from './repair.js';
import { reconcile, type Canonical } from './reconcile.js';
import { emailKey, skipReason } from './skip-reason.js';
import { heldBack } from './admission.js';
import { joinLists, leave, leaveLists, listsUnderTheseRules, rest, stand, standingOf } from './plan-standing.js';
import { standingReasons } from './words.js';

export { emailKey };

/** The active contact connections of one pair of accounts, oldest first, with their joined fields. */
export interface Scope {
  connections: readonly ContactConnection[];
  /** Fields of these connections joined, see `mergeFields`. */
  fieldsOf(connectionIds: readonly string[]): readonly MappedField[];
  consent: ConsentScope;
  /** Lists that rules name and that no longer exist: nobody leaves because of them. */
  goneLists: ReadonlySet<string>;
}

/** How a pair can end. */
export type Ending = 'deleted_in_hubspot' | 'deleted_in_klaviyo' | 'merged_in_hubspot' | 'merged_in_klaviyo';

export interface PlannedIssue {
  connectionId: string;
  code: FieldIssue['code'] | 'invalid_email' | 'email_taken_in_hubspot' | 'email_taken_in_klaviyo';
  side: Side;
  field: string;
  detail: string;
  repair?: Repair;
  /** See `FieldIssue`. */
  rests?: true;
}

export interface ListChange {
  connectionId: string;
  listId: string;
}

/** Everything that is to happen to one person, and why. Data; `contacts/apply.ts` carries it out. */
export interface PersonPlan {
  person: Person;
  /** The email both sides will hold, or null when there is none. */
  email: string | null;
  /** Connections in whose scope the person is. */
  connectionIds: string[];
  /** Set when the link ends because one record is gone. */
  ending: Ending | null;
  /** True when no record is left on either side: nothing is kept of it. */
  forget: boolean;
  hubspot: { action: 'create' | 'update'; properties: HubspotWrite } | null;
  klaviyo: ({ action: 'create' | 'update'; email?: string } & KlaviyoWrite) | null;
  writes: FieldWrite[];
  agreed: Record<string, Canonical>;
  listAdds: ListChange[];
  listRemoves: ListChange[];
  subscribe: PlannedSubscription | null;
  optOuts: PlannedOptOut[];
  /** What is to be remembered of the person's consent, or null when that stays as it is. */
  consent: ConsentMemory | null;
  standings: Standing[];
  issues: PlannedIssue[];
  /** Set when the person is looked at again later instead. */
  waits?: string;
}

/** Plans one person over all connections of the pair of accounts. Pure. */
export function planPerson(person: Person, scope: Scope): PersonPlan {
  const plan = emptyPlan(person);
  const { hubspot, klaviyo, link } = person;
  if (link !== null && (person.gone.hubspot || person.gone.klaviyo)) return endLink(plan, scope);
  if (hubspot === null && klaviyo === null) return { ...plan, forget: true };

  const matches = scope.connections.map((connection) => ({ connection, match: eligibility(connection, person) }));
  const matched = matches.filter(({ match }) => match.matches);
  const within = matched.filter(({ connection }) => heldBack(connection, person, plan.email) === null);
  const connections = within.map(({ connection }) => connection);
  plan.connectionIds = connections.map((connection) => connection.id);
  for (const { connection, match } of matches) {
    if (match.matches) continue;
    if (readsAny(connection, scope.goneLists)) rest(plan, connection);
    else leave(plan, connection, matched);
  }
  for (const { connection } of matched) {
    const held = heldBack(connection, person, plan.email);
    if (held !== null) stand(plan, connection, 'skipped', held);
  }
  const fields = scope.fieldsOf(plan.connectionIds);
  const skipped = within.length === 0 ? null : skipReason(person, within, fields);
  if (!person.erased) {
    const consent = planConsent(person, scope.connections, skipped === null ? within : [], scope.consent);
    plan.subscribe = consent.subscribe;
    plan.optOuts.push(...consent.optOuts);
    plan.consent = consent.memory;
  }
  if (within.length === 0) return plan;
  if (skipped !== null) {
    for (const { connection } of within) stand(plan, connection, 'skipped', skipped);
    if (skipped === 'invalid_email') refuseEmail(plan, connections);
    return plan;
  }
  const compared = compareFields(person, fields, connections);
  plan.writes.push(...compared.writes);
  plan.issues.push(...compared.issues);
  Object.assign(plan.agreed, compared.agreed);
  planEmail(plan, connections, compared);
  planRecords(plan, compared);
  for (const { connection, match } of within) {
    const failed = plan.issues.find((issue) => issue.connectionId === connection.id);
    joinLists(plan, connection, match);
    const kept = readsAny(connection, scope.goneLists) ? listsUnderTheseRules(plan, connection) : [];
    if (kept.length === 0) leaveLists(plan, connection, matched);
    stand(plan, connection, failed === undefined ? 'in_sync' : 'failed', failed?.code ?? null, failed?.detail ?? null, [
      ...new Set([...match.lists, ...kept]),
    ]);
  }
  return plan;
}

/** A plan that does nothing. */
export function emptyPlan(person: Person): PersonPlan {
  return {
    person,
    email: normalEmail(person.hubspot?.properties['email']) ?? normalEmail(person.klaviyo?.email),
    connectionIds: [],
    ending: null,
    forget: false,
    hubspot: null,
    klaviyo: null,
    writes: [],
    agreed: {},
    listAdds: [],
    listRemoves: [],
    subscribe: null,
    optOuts: [],
    consent: null,
    standings: [],
    issues: [],
  };
}

function endLink(plan: PersonPlan, scope: Scope): PersonPlan {
  const { gone, mergedInto, link } = plan.person;
  const [deleted, merged] = gone.hubspot
    ? (['deleted_in_hubspot', 'merged_in_hubspot'] as const)
    : (['deleted_in_klaviyo', 'merged_in_klaviyo'] as const);
  plan.ending = mergedInto === null ? deleted : merged;
  plan.forget = gone.hubspot && gone.klaviyo;
  plan.email ??= link?.email ?? null;
  if (plan.forget) return plan;
  const left = plan.ending === 'merged_in_hubspot' ? 'secondary_email' : plan.ending;
  for (const connection of scope.connections) {
    const before = standingOf(plan.person, connection);
    if (before === undefined) continue;
    // The profile of a contact that was merged away is released: it leaves the rule's list, its data stays (B7).
    if (plan.ending === 'merged_in_hubspot') {
      const lists = listsUnderTheseRules(plan, connection);
      for (const listId of lists) plan.listRemoves.push({ connectionId: connection.id, listId });
      const survives = mergedInto !== null && scope.connections.some((other) => eligibility(other, mergedInto).matches);
      const optOut = survives || lists.length === 0 ? null : exitOptOut(plan.person, connection, 'merged');
      if (optOut !== null && plan.optOuts.length === 0) plan.optOuts.push(optOut);
      stand(plan, connection, 'skipped', left, standingReasons[left], []);
      continue;
    }
    // A profile that comes back is a new one: it is on no list yet.
    const lists = gone.klaviyo ? [] : before.lists;
    stand(plan, connection, 'skipped', left, standingReasons[left], lists);
  }
  return plan;
}

function refuseEmail(plan: PersonPlan, connections: readonly ContactConnection[]): void {
  const side: Side = plan.person.hubspot === null ? 'klaviyo' : 'hubspot';
  for (const connection of connections) {
    plan.issues.push({
      connectionId: connection.id,
      code: 'invalid_email',
      side,
      field: 'email',
      detail: `The email is “${plan.email ?? ''}”.`,
    });
  }
}

/** The email is a field like any other, except that it may belong to another record there (B6). */
function planEmail(plan: PersonPlan, connections: readonly ContactConnection[], compared: Comparison): void {
  const { hubspot, klaviyo, link, emailHolder } = plan.person;
  if (hubspot === null || klaviyo === null) return;
  const first = connections[0];
  if (first === undefined) return;
  const directions = new Set(connections.map((connection) => connection.direction));
  const bothWays = directions.has('two_way') || directions.size > 1;
  const present = { hubspot: normalEmail(hubspot.properties['email']), klaviyo: normalEmail(klaviyo.email) };
  const decision = reconcile(
    { ...present, base: baseAfterOwnWrites(link?.email, present, emailKey, ownWritesOfPair(plan.person)) },
    {
      direction: bothWays ? 'both' : first.direction === 'hubspot_to_klaviyo' ? 'to_klaviyo' : 'to_hubspot',
      winner: first.options.winner,
      emptyToo: false,
    },
  );
  if (decision.action === 'none') {
    if (typeof decision.base === 'string') plan.email = decision.base;
    return;
  }
  const value = typeof decision.value === 'string' ? decision.value : null;
  const holder = emailHolder[decision.to];
  if (value === null || holder !== undefined || !isPlausibleEmail(value)) {
    plan.email = link?.email ?? plan.email;
    const taken = decision.to === 'hubspot' ? 'email_taken_in_hubspot' : 'email_taken_in_klaviyo';
    plan.issues.push({
      connectionId: first.id,
      code: holder === undefined ? 'invalid_email' : taken,
      side: decision.to,
      field: 'email',
      detail: holder === undefined ? `The email is “${value ?? ''}”.` : `“${value ?? ''}” belongs to record ${holder}.`,
      ...(holder === undefined
        ? {}
        : { repair: { kind: 'adopt_holder', side: decision.to, holderId: holder, email: value ?? '' } as const }),
    });
    return;
  }
  plan.email = value;
  plan.writes.unshift({
    side: decision.to,
    key: emailKey,
    field: 'email',
    oldValue: decision.to === 'hubspot' ? (hubspot.properties['email'] ?? null) : klaviyo.email,
    newValue: value,
    because: decision.because,
    ...(decision.overruled === undefined ? {} : { overruled: decision.overruled }),
    connectionId: first.id,
  });
  if (decision.to === 'hubspot') compared.hubspot['email'] = value;
}

function planRecords(plan: PersonPlan, compared: Comparison): void {
  const { hubspot, klaviyo } = plan.person;
  const email = plan.email ?? '';
  if (hubspot === null) {
    plan.hubspot = { action: 'create', properties: { ...compared.hubspot, email } };
  } else if (Object.keys(compared.hubspot).length > 0) {
    plan.hubspot = { action: 'update', properties: compared.hubspot };
  }
  const emailWrite = plan.writes.some((write) => write.key === emailKey && write.side === 'klaviyo') ? { email } : {};
  if (klaviyo === null) {
    plan.klaviyo = { action: 'create', email, ...compared.klaviyo };
  } else if (plan.writes.some((write) => write.side === 'klaviyo')) {
    plan.klaviyo = { action: 'update', ...emailWrite, ...compared.klaviyo };
  }
}

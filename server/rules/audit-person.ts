import { hubspotValue, klaviyoValue, regionFor } from './compare-fields.js';
import { readHubspot, readKlaviyo } from './convert.js';
import type { MappedField } from './mappings.js';
import type { PersonPlan } from './plan-person.js';
import { isApart, isRefused, reconcile, sameValue } from './reconcile.js';
import type { ContactConnection } from './connection.js';

/** Why two mapped values differ although the pair is in sync. */
export type DifferenceCause =
  | 'waiting' // a change of this person is noticed and not looked at yet
  | 'issue' // the value cannot be synced; an issue says why
  | 'emptying_not_carried' // one side was emptied and the mapping does not carry that
  | 'left_apart' // an undo put the values apart
  | 'source_empty' // one-way, and the source has nothing to send
  | 'drift'; // nobody had noticed: it is repaired now

export interface Difference {
  field: string;
  hubspot: unknown;
  klaviyo: unknown;
  because: DifferenceCause;
}

export interface PersonAudit {
  compared: number;
  agreeing: number;
  differences: Difference[];
}

/** Compares every mapped value of one pair, as one connection maps them, and explains what differs (F10). Pure. */
export function auditPerson(
  plan: PersonPlan,
  connection: ContactConnection,
  fields: readonly MappedField[],
  waiting: boolean,
  /** Fields that an open issue is about. */
  withIssues: ReadonlySet<string>,
): PersonAudit {
  const { person } = plan;
  const audit: PersonAudit = { compared: 0, agreeing: 0, differences: [] };
  const region = regionFor(person, [connection]);
  for (const field of fields) {
    if (field.connectionId !== connection.id) continue;
    audit.compared += 1;
    const [rawHubspot, rawKlaviyo] = [hubspotValue(person, field), klaviyoValue(person, field) ?? null];
    const hubspot = readHubspot(field.pair, rawHubspot, { region });
    const klaviyo = readKlaviyo(field.pair, rawKlaviyo, { region });
    if (hubspot.ok && klaviyo.ok && sameValue(hubspot.value, klaviyo.value)) {
      audit.agreeing += 1;
      continue;
    }
    audit.differences.push({
      field: field.pair.hubspot.name,
      hubspot: rawHubspot,
      klaviyo: rawKlaviyo,
      because: causeOf(
        plan,
        field,
        waiting,
        withIssues,
        hubspot.ok && klaviyo.ok ? [hubspot.value, klaviyo.value] : null,
      ),
    });
  }
  return audit;
}

function causeOf(
  plan: PersonPlan,
  field: MappedField,
  waiting: boolean,
  withIssues: ReadonlySet<string>,
  values: [Parameters<typeof reconcile>[0]['hubspot'], Parameters<typeof reconcile>[0]['klaviyo']] | null,
): DifferenceCause {
  const names = [field.pair.hubspot.name, field.pair.klaviyo.name];
  if (
    values === null ||
    names.some((name) => withIssues.has(name) || plan.issues.some((issue) => issue.field === name))
  )
    return 'issue';
  const base = plan.person.link?.base[field.key];
  if (plan.writes.some(({ key }) => key === field.key)) return waiting ? 'waiting' : 'drift';
  if (isApart(base)) return 'left_apart';
  if (isRefused(base)) return 'issue';
  const decision = reconcile({ hubspot: values[0], klaviyo: values[1], base }, field.policy);
  return decision.because === 'emptying_not_carried' ? 'emptying_not_carried' : 'source_empty';
}

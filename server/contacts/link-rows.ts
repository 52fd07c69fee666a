import { emailKey } from '../rules/skip-reason.js';
import { afterRefusal, type Base } from '../rules/reconcile.js';
import type { endLinks, NewLink } from '../store/links.js';
import type { Applied } from './apply.js';

/** What a batch makes of the links: pairs that are new, that stand, and that end. */
export interface LinkRows {
  fresh: { person: Applied; link: NewLink }[];
  known: (NewLink & { id: string })[];
  ended: string[];
  tombstones: Parameters<typeof endLinks>[4];
}

/** Links to keep, make and end after a batch. Pure. */
export function linkRows(applied: readonly Applied[]): LinkRows {
  const rows: LinkRows = { fresh: [], known: [], ended: [], tombstones: [] };
  for (const person of applied) {
    const { plan, hubspotId, klaviyoId } = person;
    if (plan.ending !== null || plan.forget || hubspotId === null || klaviyoId === null || plan.email === null)
      continue;
    const link = {
      hubspotId,
      klaviyoId,
      email: emailAfter(person),
      base: baseAfter(person),
      // Of a record that was written the modified time is not known: the next sweep looks at it once.
      hubspotModifiedAt:
        person.outcome.hubspot === 'nothing' ? (plan.person.hubspot?.properties['lastmodifieddate'] ?? null) : null,
      klaviyoModifiedAt: person.outcome.klaviyo === 'nothing' ? (plan.person.klaviyo?.updated ?? null) : null,
    };
    if (plan.person.link !== null) rows.known.push({ ...link, id: plan.person.link.id });
    else if (plan.connectionIds.length > 0 && !plan.standings.every((standing) => standing.state === 'skipped'))
      rows.fresh.push({ person, link });
  }
  const ended = applied.filter(
    ({ plan, deferred }) =>
      plan.ending !== null && plan.person.link !== null && !(plan.ending === 'merged_in_hubspot' && deferred !== null),
  );
  return {
    ...rows,
    ended: ended.flatMap(({ plan }) => plan.person.link?.id ?? []),
    tombstones: ended
      .filter(({ plan }) => !plan.forget)
      .flatMap(({ plan, hubspotId, klaviyoId }) => {
        // A contact that was merged away needs none: its profile's email is a secondary one of the survivor from now on.
        if (plan.ending === null || plan.ending === 'merged_in_hubspot') return [];
        const side = plan.ending === 'deleted_in_hubspot' ? 'klaviyo' : 'hubspot';
        const recordId = side === 'klaviyo' ? klaviyoId : hubspotId;
        const link = plan.person.link;
        const base = { ...link?.base, ...(link === null ? {} : { [emailKey]: link.email }) };
        return recordId === null ? [] : ([{ side, recordId, reason: plan.ending, base }] as const);
      }),
  };
}

/** A write counts as agreed once its side confirmed it and did not refuse that field. */
const confirmed = (person: Applied, write: { side: 'hubspot' | 'klaviyo'; key: string }): boolean =>
  !person.refusedKeys.has(write.key) &&
  (person.outcome[write.side] === 'done' || person.outcome[write.side] === 'nothing');

function baseAfter(person: Applied): Record<string, Base> {
  const { plan } = person;
  const base: Record<string, Base> = { ...plan.person.link?.base, ...plan.agreed };
  for (const write of plan.writes) {
    if (write.key === emailKey) continue;
    if (confirmed(person, write)) base[write.key] = write.newValue;
    else if (person.outcome[write.side] !== 'unknown') {
      const refusal = person.refusals.find(({ side, field }) => side === write.side && field === write.field);
      if (refusal === undefined) continue;
      const { newValue, oldValue, side } = write;
      const stood =
        side === 'klaviyo' ? { hubspot: newValue, klaviyo: oldValue } : { hubspot: oldValue, klaviyo: newValue };
      base[write.key] = afterRefusal(base[write.key], stood, side, refusal.code);
    }
  }
  return base;
}

function emailAfter(person: Applied): string {
  const { plan } = person;
  const write = plan.writes.find(({ key }) => key === emailKey);
  if (write !== undefined && !confirmed(person, write)) return plan.person.link?.email ?? plan.email ?? '';
  return plan.email ?? '';
}

import type { Applied } from './apply.js';

/**
 * Where a person's standings and issues are kept: under the contact, else under the profile. Of somebody who was erased and
 * is in Klaviyo alone nothing is kept, not even that they are passed over (B11): the hash of their email says so.
 */
export function homeOf(person: Applied): { side: 'hubspot' | 'klaviyo'; recordId: string } | null {
  const { vanishedId, erased, hubspot } = person.plan.person;
  if (vanishedId !== undefined || (erased && hubspot === null)) return null;
  const contactGone = person.plan.ending === 'deleted_in_hubspot' || person.plan.ending === 'merged_in_hubspot';
  if (person.hubspotId !== null && !contactGone) return { side: 'hubspot', recordId: person.hubspotId };
  return person.klaviyoId === null ? null : { side: 'klaviyo', recordId: person.klaviyoId };
}

/** Every record of a person that something may be kept under. */
export function recordsOf(person: Applied): { side: 'hubspot' | 'klaviyo'; recordId: string }[] {
  const { vanishedId } = person.plan.person;
  return [
    ...(person.hubspotId === null ? [] : [{ side: 'hubspot', recordId: person.hubspotId } as const]),
    ...(person.klaviyoId === null ? [] : [{ side: 'klaviyo', recordId: person.klaviyoId } as const]),
    ...(vanishedId === undefined ? [] : [{ side: vanishedId.side, recordId: vanishedId.id }]),
  ];
}

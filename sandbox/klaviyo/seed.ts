import type { Person } from '../seed/people.js';
import { seedActivity } from './activity-seed.js';
import type { Profile } from './records.js';
import type { Account } from './store.js';

/**
 * Fills an account with the Klaviyo side of people, and the email history of the first `activity` of them. Who is
 * there already (same address) is left alone.
 */
export function seedAccount(account: Account, people: readonly Person[], activity: number, lateMs: number): void {
  const seeded: Profile[] = [];
  for (const person of people) {
    const side = person.klaviyo;
    if (side === null || account.holder({ email: side.email }).length > 0) continue;
    const profile = account.create(Date.parse(person.createdAt) + 86_400_000);
    const phoneFree = side.phone !== null && !account.byPhone.has(side.phone);
    account.identify(profile, { email: side.email, ...(phoneFree ? { phone_number: side.phone } : {}) });
    Object.assign(profile, {
      first_name: side.firstName,
      last_name: side.lastName,
      organization: side.organization,
      title: side.title,
      consent: side.consent,
      consentAt: side.consent === 'NEVER_SUBSCRIBED' ? null : profile.created,
      method: side.consent === 'NEVER_SUBSCRIBED' ? null : 'FORM',
    });
    profile.location = { ...(side.city === null ? {} : { city: side.city }), country: person.countryName };
    profile.properties = {
      ...(person.colours[0] === undefined ? {} : { 'Favourite Colour': person.colours[0], Colours: person.colours }),
      ...(person.points === null ? {} : { 'Loyalty Points': person.points }),
      ...(person.newsletter === null ? {} : { Newsletter: person.newsletter }),
      ...(person.birthday === null ? {} : { Birthday: person.birthday }),
    };
    if (side.suppression !== null) profile.suppressions.push({ reason: side.suppression, at: profile.created });
    if (person.key % 2 === 0) account.lists.get('NwsLtr')?.members.set(profile.id, profile.created);
    if (person.key % 13 === 0) account.lists.get('VipLst')?.members.set(profile.id, profile.created);
    seeded.push(profile);
  }
  seedActivity(account, seeded.slice(0, activity), lateMs);
  for (const profile of seeded) account.consentChanged(profile);
  account.settleSegments();
}

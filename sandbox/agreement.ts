import type { Portal } from './hubspot/store.js';
import type { Account, Profile } from './klaviyo/store.js';

export interface Difference {
  who: string;
  what: string;
  hubspot: string | null;
  klaviyo: string | null;
}

const pairs: [string, (profile: Profile) => unknown][] = [
  ['firstname', (profile) => profile.first_name],
  ['lastname', (profile) => profile.last_name],
  ['company', (profile) => profile.organization],
  ['jobtitle', (profile) => profile.title],
  ['city', (profile) => profile.location['city']],
  ['country', (profile) => profile.location['country']],
];

const digits = (text: string): string => text.replace(/\D/g, '');

/**
 * Whether both stand-ins hold the same people with the same values, judged from their own stores and by rules of its own:
 * it shares nothing with the service, so it cannot share its mistakes.
 */
export function differences(portal: Portal, account: Account): Difference[] {
  const found: Difference[] = [];
  for (const contact of portal.contacts.values()) {
    const email = contact.properties['email'];
    if (email === undefined) continue;
    const [profile] = account.holder({ email });
    if (profile === undefined) {
      found.push({ who: contact.id, what: 'only in HubSpot', hubspot: contact.id, klaviyo: null });
      continue;
    }
    for (const [property, read] of pairs) {
      const [h, k] = [(contact.properties[property] ?? '').trim(), String(read(profile) ?? '').trim()];
      if (h !== k) found.push({ who: contact.id, what: property, hubspot: h, klaviyo: k });
    }
    const [phone, e164] = [contact.properties['phone'] ?? '', profile.phone_number ?? ''];
    // A national number stays as people wrote it: it agrees when the international one ends with its digits.
    const national = digits(phone).replace(/^0+/, '');
    const sameEnd = digits(e164).endsWith(national) || (/^\+/.test(phone) && digits(phone) === digits(e164));
    // A number is in Klaviyo once: where another person has it, it stays theirs.
    const holder = (): boolean =>
      [...account.profiles.values()].some(
        (other) => other !== profile && other.phone_number !== null && digits(other.phone_number).endsWith(national),
      );
    if (national.length >= 6 && (e164 === '' ? !holder() : !sameEnd))
      found.push({ who: contact.id, what: 'phone', hubspot: phone, klaviyo: e164 });
    if (national.length === 0 && phone === '' && e164 !== '')
      found.push({ who: contact.id, what: 'phone', hubspot: phone, klaviyo: e164 });
  }
  const emails = new Map<string, number>();
  for (const profile of account.profiles.values()) {
    const email = profile.email?.trim().toLowerCase();
    if (email === undefined) continue;
    emails.set(email, (emails.get(email) ?? 0) + 1);
    // Under a secondary address the contact is there too, linked by its primary one.
    if (!portal.emails.has(email))
      found.push({ who: profile.id, what: 'only in Klaviyo', hubspot: null, klaviyo: profile.id });
  }
  for (const [email, count] of emails)
    if (count > 1) found.push({ who: email, what: 'twice in Klaviyo', hubspot: null, klaviyo: String(count) });
  return found;
}

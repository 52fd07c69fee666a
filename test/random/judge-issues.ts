import type { KeptIssue } from './evidence.js';
import { inHubspot, inKlaviyo } from './judge-values.js';
import type { Facts } from './judge-people.js';
import { spelled } from './spelling.js';
import type { Violation } from './violation.js';

const plain = (email: string | null | undefined): string => email?.trim().toLowerCase() ?? '';

/** F5: an issue is there as long as its cause, and no longer. */
export function judgeIssues(facts: Facts): Violation[] {
  return facts.evidence.issues.flatMap((issue) => {
    const what = staleness(issue, facts);
    if (what === null) return [];
    const who = `issue ${issue.code} of ${issue.side} ${issue.recordId} ${issue.klaviyoId ?? ''}`;
    return [{ rule: 'F5', who, what: `${what} (${issue.detail})` }];
  });
}

/** Why an issue should be gone, or null while it is right. */
function staleness(issue: KeptIssue, { portal, account, ledger }: Facts): string | null {
  if (issue.recordId === '') return 'a connection has an issue after everything calmed down';
  const contact = issue.hubspotId === null ? undefined : portal.contacts.get(issue.hubspotId);
  const profile = issue.klaviyoId === null ? undefined : account.profiles.get(issue.klaviyoId);
  if (contact === undefined && profile === undefined) return 'is about nobody who is there';
  if (contact === undefined || profile === undefined) return null;
  const [h, k] = [plain(contact.properties['email']), plain(profile.email)];
  if (issue.code.startsWith('email_taken')) {
    if (h === k) return 'both have the same address';
    if (issue.code === 'email_taken_in_hubspot') return portal.emails.has(k) ? null : 'nobody has that address';
    return account.holder({ email: h }).length > 0 ? null : 'nobody has that address';
  }
  const field = ledger.mappings.find(({ property, klaviyo }) => [property, klaviyo.name].includes(issue.field));
  if (field === undefined) return null;
  const hubspot = spelled(field, inHubspot(contact, field));
  const klaviyo = spelled(field, inKlaviyo(profile, field));
  if (issue.code === 'phone_taken_in_klaviyo') {
    const number = hubspot.fits ? (hubspot.value ?? '') : '';
    if (!number.startsWith('+')) return null;
    return account.holder({ phone_number: number }).some(({ id }) => id !== profile.id)
      ? null
      : 'nobody else has that number';
  }
  const bad = ['value_type_mismatch', 'option_missing'].includes(issue.code);
  return bad && hubspot.fits && klaviyo.fits ? 'both values fit the field' : null;
}

import type { CrmRecord, Portal } from '../../sandbox/hubspot/store.js';
import type { Account, Profile } from '../../sandbox/klaviyo/store.js';
import type { Evidence } from './evidence.js';
import type { Ledger } from './ledger.js';
import type { Scenario } from './operations.js';
import { judgeValues } from './judge-values.js';
import type { Violation } from './violation.js';

export interface Facts {
  portal: Portal;
  account: Account;
  evidence: Evidence;
  ledger: Ledger;
  scenario: Scenario;
}

const emailOf = (email: string | null | undefined): string | null => {
  const plain = email?.trim().toLowerCase() ?? '';
  return plain === '' ? null : plain;
};

/** B2: whether a rule brings this contact into sync. */
const contactMatches = ({ portal, scenario }: Facts, contact: CrmRecord): boolean =>
  scenario === 'everybody' || portal.lists.get('41')?.members.has(contact.id) === true;

const profileMatches = ({ account, scenario }: Facts, profile: Profile): boolean =>
  scenario === 'everybody' || account.lists.get('VipLst')?.members.has(profile.id) === true;

/** B3–B7, B11: everybody is linked with the right partner, or there is a reason that is true. */
export function judgePeople(facts: Facts): Violation[] {
  return [...judgeContacts(facts), ...judgeProfiles(facts), ...judgeDuplicates(facts)];
}

function judgeContacts(facts: Facts): Violation[] {
  const { portal, account, evidence } = facts;
  const found: Violation[] = [];
  const partners = new Set(evidence.links.values());
  for (const contact of portal.contacts.values()) {
    const email = emailOf(contact.properties['email']);
    const [holder] = email === null ? [] : account.holder({ email });
    const add = (rule: string, what: string): void =>
      void found.push({ rule, who: `contact ${contact.id} ${email ?? ''} ${holder?.id ?? ''}`, what });
    const standing = evidence.standings.get(`hubspot:${contact.id}`);
    const linkedId = evidence.links.get(contact.id);
    const linked = linkedId === undefined ? undefined : account.profiles.get(linkedId);
    const inScope =
      contactMatches(facts, contact) ||
      (linked !== undefined && profileMatches(facts, linked)) ||
      // A profile that has this address and its own contact brings that one into sync, not this one.
      (linked === undefined && holder !== undefined && !partners.has(holder.id) && profileMatches(facts, holder));
    if (linkedId !== undefined && linked === undefined) add('B11', `linked with ${linkedId}, which is gone`);
    if (!inScope) {
      if (standing?.state === 'in_sync' || standing?.state === 'failed')
        add('B8', `is out of scope and reads ${standing.state}`);
      continue;
    }
    if (standing === undefined) {
      add('B2', 'is in scope and nothing is known of it');
      continue;
    }
    if (standing.state === 'not_in_scope') add('B2', 'is in scope and reads not_in_scope');
    if (standing.state === 'skipped' || linked === undefined) {
      const reason = standing.reason ?? 'none';
      if (standing.state !== 'skipped' && standing.state !== 'not_in_scope')
        add('B4', `reads ${standing.state} (${reason}) without a partner`);
      else if (!isTrue(reason, facts, email, holder)) add('B4', `skipped as ${reason}, which is not so`);
      continue;
    }
    if (standing.state === 'failed' && !evidence.issues.some((issue) => issue.hubspotId === contact.id))
      add('F5', `failed (${standing.reason ?? ''}) and has no issue`);
    if (emailOf(linked.email) !== email && !evidence.issues.some((issue) => isEmailIssue(issue, contact, linked)))
      add('B6', `the pair has two addresses, ${email ?? 'none'} and ${linked.email ?? 'none'}, and no issue`);
    found.push(...judgeValues(contact, linked, facts));
  }
  return found;
}

const isEmailIssue = (issue: Evidence['issues'][number], contact: CrmRecord, profile: Profile): boolean =>
  /^(email_taken_in_|invalid_email)/.test(issue.code) &&
  (issue.hubspotId === contact.id || issue.klaviyoId === profile.id);

/** Whether the reason that is shown for a contact without a partner is so. */
function isTrue(
  reason: string,
  { evidence, account }: Facts,
  email: string | null,
  holder: Profile | undefined,
): boolean {
  const holderTaken = holder !== undefined && [...evidence.links.values()].includes(holder.id);
  switch (reason) {
    case 'no_email':
      return email === null;
    case 'duplicate_email':
      return holderTaken;
    case 'deleted_in_klaviyo':
      return holder === undefined;
    case 'merged_in_klaviyo':
      // The address went up in the other profile, or nobody has it.
      return holder === undefined || holderTaken;
    case 'no_rule_to_klaviyo':
      return holder === undefined;
    case 'invalid_email':
      return email !== null && account.profiles.size >= 0 && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email);
    default:
      return false;
  }
}

function judgeProfiles(facts: Facts): Violation[] {
  const { portal, account, evidence, scenario } = facts;
  const linked = new Set(evidence.links.values());
  const found: Violation[] = [];
  for (const profile of account.profiles.values()) {
    if (linked.has(profile.id)) continue;
    const add = (rule: string, what: string): void =>
      void found.push({ rule, who: `profile ${profile.id} ${profile.email ?? ''}`, what });
    const email = emailOf(profile.email);
    const holderId = email === null ? undefined : portal.emails.get(email);
    const holder = holderId === undefined ? undefined : portal.contacts.get(holderId);
    const inScope = profileMatches(facts, profile) || (holder !== undefined && contactMatches(facts, holder));
    if (!inScope) continue;
    const standing = evidence.standings.get(`klaviyo:${profile.id}`);
    if (standing === undefined) {
      // Without an email there is nobody to be in sync (B3), and a partner's standing speaks for the pair.
      if (email !== null && scenario === 'everybody') add('B2', 'is in scope and nothing is known of it');
      continue;
    }
    if (standing.state !== 'skipped') {
      if (standing.state !== 'not_in_scope') add('B4', `reads ${standing.state} without a partner`);
      continue;
    }
    const primary = holder !== undefined && emailOf(holder.properties['email']) === email;
    const holderLinked = holder !== undefined && evidence.links.has(holder.id);
    const reasons: Record<string, boolean> = {
      no_email: email === null,
      secondary_email: holder !== undefined && !primary,
      duplicate_email: primary && holderLinked,
      deleted_in_hubspot: holder === undefined,
      no_rule_to_hubspot: holder === undefined,
    };
    const reason = standing.reason ?? 'none';
    if (reasons[reason] !== true) add('B4', `skipped as ${reason}, which is not so`);
  }
  return found;
}

function judgeDuplicates({ portal, account, evidence }: Facts): Violation[] {
  const found: Violation[] = [];
  const once = (side: string, emails: (string | null)[]): void => {
    const seen = new Set<string>();
    for (const email of emails) {
      if (email === null) continue;
      if (seen.has(email)) found.push({ rule: 'B4', who: email, what: `twice in ${side}` });
      seen.add(email);
    }
  };
  once(
    'HubSpot',
    [...portal.contacts.values()].map(({ properties }) => emailOf(properties['email'])),
  );
  once(
    'Klaviyo',
    [...account.profiles.values()].map(({ email }) => emailOf(email)),
  );
  const profiles = [...evidence.links.values()];
  for (const id of profiles)
    if (profiles.indexOf(id) !== profiles.lastIndexOf(id)) found.push({ rule: 'B4', who: id, what: 'linked twice' });
  return found;
}

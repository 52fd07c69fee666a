import type { Profile } from '../../sandbox/klaviyo/store.js';
import type { Facts } from './judge-people.js';
import { isOutsider, peopleInAll } from './operations.js';
import { fieldOf } from './fields.js';
import { inHubspot, inKlaviyo } from './judge-values.js';
import { spelled } from './spelling.js';
import type { Violation } from './violation.js';

const list = 'CstHub';

/** Whether Klaviyo holds an opt-out of the person themself. */
const isOut = (profile: Profile): boolean =>
  profile.consent === 'UNSUBSCRIBED' ||
  profile.suppressions.some(({ reason }) => reason === 'UNSUBSCRIBE' || reason === 'SPAM_COMPLAINT');

/**
 * A subscription of a profile that somebody merged into this one in that very moment: Klaviyo carries it out later, on
 * whoever has the profile's id by then, and says nothing of it. Between our look and its job nobody can stand.
 */
function wasOvertaken({ evidence, ledger }: Facts, profileId: string): boolean {
  return (ledger.mergedInto.get(profileId) ?? []).some(({ from, at }) =>
    evidence.subscribed.some((one) => one.klaviyoId === from && Math.abs(one.at.getTime() - at.getTime()) < 2000),
  );
}

/** C2, C5, C6: nobody who opted out or was suppressed is subscribed again, and opt-outs of pairs are known on both sides. */
export function judgeConsent(facts: Facts): Violation[] {
  const { portal, account, evidence, ledger } = facts;
  const found: Violation[] = [];
  for (const [id, how] of ledger.optedOut) {
    const profile = account.profiles.get(id);
    if (profile === undefined || wasOvertaken(facts, id)) continue;
    const kept = profile.suppressions.length > 0 || profile.consent === 'UNSUBSCRIBED';
    const add = (what: string): void =>
      void found.push({ rule: 'C2', who: `profile ${id} ${profile.email ?? ''}`, what });
    if (!kept) add(`was out (${how}) and reads ${profile.consent} without a suppression`);
    if (how.startsWith('unsubscribed') && profile.consent !== 'UNSUBSCRIBED')
      add(`had unsubscribed and reads ${profile.consent}`);
  }
  for (const [hubspotId, klaviyoId] of evidence.links) {
    const contact = portal.contacts.get(hubspotId);
    const profile = account.profiles.get(klaviyoId);
    if (contact === undefined || profile === undefined || wasOvertaken(facts, klaviyoId)) continue;
    const [h, k] = [contact.properties['hs_email_optout'] === 'true', isOut(profile)];
    if (h !== k)
      found.push({
        rule: 'C6',
        who: `${hubspotId}/${klaviyoId} ${contact.properties['email'] ?? ''}`,
        what: `opted out in ${h ? 'HubSpot' : 'Klaviyo'} only`,
      });
  }
  return found;
}

/** C1, B8: who is in sync by a HubSpot rule is on its list, and who is not is off it; unless a person moved them. */
export function judgeLists({ portal, account, evidence, ledger, scenario }: Facts): Violation[] {
  const members = account.lists.get(list)?.members;
  return [...evidence.links].flatMap(([hubspotId, klaviyoId]): Violation[] => {
    const contact = portal.contacts.get(hubspotId);
    if (contact === undefined || members === undefined || ledger.moved.has(klaviyoId)) return [];
    const wanted = scenario === 'everybody' || portal.lists.get('41')?.members.has(hubspotId) === true;
    if (members.has(klaviyoId) === wanted) return [];
    const what = wanted ? 'matches the rule and is not on its list' : 'matches no rule and is still on its list';
    return [
      { rule: wanted ? 'C1' : 'B8', who: `${hubspotId}/${klaviyoId} ${contact.properties['email'] ?? ''}`, what },
    ];
  });
}

/** B2: nothing is written for people whom no rule names; their records hold what people gave them and nothing else. */
export function judgeOutsiders({ portal, account, evidence, ledger, scenario }: Facts): Violation[] {
  const found: Violation[] = [];
  for (let who = 0; who < peopleInAll; who += 1) {
    if (!isOutsider(scenario, who)) continue;
    const address = ledger.addresses[who]?.[0] ?? '';
    const add = (what: string): void => void found.push({ rule: 'B2', who: `outsider ${address}`, what });
    const contact = portal.contacts.get(portal.emails.get(address) ?? '');
    const [profile] = account.holder({ email: address });
    const given = { hubspot: ledger.outsiders.hubspot.get(address), klaviyo: ledger.outsiders.klaviyo.get(address) };
    if (contact !== undefined && given.hubspot === undefined) add('a contact came to be');
    if (profile !== undefined && given.klaviyo === undefined) add('a profile came to be');
    if (contact !== undefined && evidence.links.has(contact.id)) add('is linked');
    if (profile !== undefined && account.lists.get(list)?.members.has(profile.id) === true) add('is on the list');
    for (const side of ['hubspot', 'klaviyo'] as const) {
      for (const [name, value] of Object.entries(given[side] ?? {})) {
        const field = fieldOf(name);
        const record = side === 'hubspot' ? contact : profile;
        if (record === undefined) continue;
        const now = side === 'hubspot' ? contact && inHubspot(contact, field) : profile && inKlaviyo(profile, field);
        if (JSON.stringify(spelled(field, now)) !== JSON.stringify(spelled(field, value)))
          add(`${name} in ${side} was given ${JSON.stringify(value)} and is ${JSON.stringify(now)}`);
      }
    }
  }
  return found;
}

import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { hubspotError } from './answers.js';
import type { CrmRecord, Portal } from './store.js';

const path = '/communication-preferences/2026-09/statuses/:email/unsubscribe-all';

/** The opt-out from all marketing email: read and set for one address at a time; the contact shows it in `hs_email_optout`. */
export function addCommunicationPreferenceRoutes(router: Router, portalOf: (request: SandboxRequest) => Portal): void {
  const personOf = (request: SandboxRequest): { email: string; contact: CrmRecord | null; portal: Portal } => {
    const portal = portalOf(request);
    const email = (request.params['email'] ?? '').trim().toLowerCase();
    if (!email.includes('@')) throw new Refusal(hubspotError(400, `${email} is not a valid email address.`));
    if (request.query.get('channel') !== 'EMAIL') throw new Refusal(hubspotError(400, 'channel must be EMAIL.'));
    const contact = [...portal.contacts.values()].find((one) => one.properties['email'] === email) ?? null;
    return { email, contact, portal };
  };
  const answer = (results: object[]): { status: number; json: object } => {
    const at = new Date().toISOString();
    return { status: 200, json: { status: 'COMPLETE', startedAt: at, completedAt: at, results } };
  };

  router.add('GET', path, 'communicationPreferences.optOut', (request) => {
    const { email, contact, portal } = personOf(request);
    const out = contact?.properties['hs_email_optout'] === 'true' || portal.optedOut.has(email);
    return answer([
      {
        subscriberIdString: email,
        channel: 'EMAIL',
        wideStatusType: 'PORTAL_WIDE',
        status: out ? 'UNSUBSCRIBED' : 'NOT_SPECIFIED',
        timestamp: new Date().toISOString(),
      },
    ]);
  });
  router.add(
    'POST',
    path,
    'communicationPreferences.unsubscribeAll',
    (request) => {
      const { email, contact, portal } = personOf(request);
      portal.optedOut.add(email);
      if (contact !== null) portal.update('contacts', contact, { hs_email_optout: 'true' }, 'INTEGRATION');
      return answer([]);
    },
    true,
  );
}

import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { errorFor } from './answers.js';
import { emailHappens, suppressPerson, unsuppressPerson, withdrawConsent, type EmailHappening } from './consent.js';
import { activityMetrics, type Activity } from './email-activity.js';
import type { Account, Profile } from './store.js';
import { confirmSubscription } from './subscriptions.js';

interface ActivityBody extends Omit<EmailHappening, 'at'> {
  email?: string;
  profileId?: string;
  type: Activity | 'unsubscribed';
  /** Id of what was sent; the newest campaign when absent. */
  messageId?: string;
  /** ISO time; now when absent. */
  at?: string;
}

/** What people do with emails and consent: read, click, complain, leave, come back, merge. */
export function addActivityControls(router: Router, accountOf: (request: SandboxRequest) => Account): void {
  const root = '/_sandbox/accounts/:account';
  const personOf = (account: Account, { email, profileId }: { email?: string; profileId?: string }): Profile => {
    const profile = profileId === undefined ? account.holder({ email })[0] : account.find(profileId);
    if (profile === undefined) throw new Refusal(errorFor(404, 'There is no such profile.'));
    return profile;
  };

  router.add('GET', `${root}/messages`, 'sandbox', (request) => ({
    status: 200,
    json: { results: accountOf(request).sends },
  }));
  router.add('POST', `${root}/activity`, 'sandbox', (request) => {
    const account = accountOf(request);
    const { type, messageId, at, email, profileId, ...details } = request.json as ActivityBody;
    const profile = personOf(account, {
      ...(email === undefined ? {} : { email }),
      ...(profileId === undefined ? {} : { profileId }),
    });
    const send = messageId === undefined ? account.sends[0] : account.sends.find((one) => one.messageId === messageId);
    if (send === undefined) throw new Refusal(errorFor(404, 'There is no such message.'));
    if (type !== 'unsubscribed' && !(type in activityMetrics))
      throw new Refusal(errorFor(400, `'${String(type)}' is no activity.`));
    emailHappens(account, profile, send, type, { ...details, ...(at === undefined ? {} : { at: Date.parse(at) }) });
    return { status: 204 };
  });
  // A person clicks the link in the newest email, or staff takes the consent away.
  router.add('POST', `${root}/unsubscribe`, 'sandbox', (request) => {
    const account = accountOf(request);
    const { email, byStaff = false } = request.json as { email: string; byStaff?: boolean };
    const [profile] = account.holder({ email });
    const [send] = account.sends;
    if (profile === undefined) return { status: 204 };
    if (byStaff || send === undefined) withdrawConsent(account, profile);
    else emailHappens(account, profile, send, 'unsubscribed');
    return { status: 204 };
  });
  router.add('POST', `${root}/suppress`, 'sandbox', (request) => {
    const account = accountOf(request);
    suppressPerson(account, personOf(account, request.json as { email: string }));
    return { status: 204 };
  });
  router.add('POST', `${root}/unsuppress`, 'sandbox', (request) => {
    const account = accountOf(request);
    unsuppressPerson(account, personOf(account, request.json as { email: string }));
    return { status: 204 };
  });
  router.add('POST', `${root}/confirm`, 'sandbox', (request) => ({
    status: 200,
    json: { lists: confirmSubscription(accountOf(request), (request.json as { email: string }).email) },
  }));
  router.add('POST', `${root}/merge`, 'sandbox', (request) => {
    const account = accountOf(request);
    const { source, destination } = request.json as { source: string; destination: string };
    const [from, into] = [account.find(source), account.find(destination)];
    if (from === undefined || into === undefined || from === into)
      throw new Refusal(errorFor(404, 'There are no such two profiles.'));
    account.merge(from, into);
    return { status: 204 };
  });
}

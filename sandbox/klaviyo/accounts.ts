import type { Router, SandboxRequest } from '../core/router.js';
import { notFound } from './answers.js';
import { oneAnswer, pageAnswer } from './paging.js';
import type { AccountOf } from './profiles.js';
import { pick, wantedFields } from './serialise.js';
import type { Account } from './store.js';

const nowhere = { address1: null, address2: null, city: null, region: null, country: null, zip: null };

function accountJson(request: SandboxRequest, account: Account): Record<string, unknown> {
  const attributes = {
    test_account: false,
    contact_information: {
      default_sender_name: account.name,
      default_sender_email: 'hello@example.com',
      website_url: 'https://example.com',
      organization_name: account.name,
      street_address: nowhere,
    },
    industry: null,
    timezone: 'Europe/Berlin',
    preferred_currency: 'EUR',
    public_api_key: account.id,
    locale: 'en-US',
  };
  return {
    type: 'account',
    id: account.id,
    attributes: pick(attributes, wantedFields(request, 'account')),
    links: { self: `${request.url.origin}/api/accounts/${account.id}/` },
  };
}

/** The account that a key or token belongs to. */
export function addAccountRoutes(router: Router, accountOf: AccountOf): void {
  router.add('GET', '/api/accounts', 'accounts.list', (request) =>
    pageAnswer(request, [accountJson(request, accountOf(request))], null),
  );
  router.add('GET', '/api/accounts/:id', 'accounts.get', (request) => {
    const account = accountOf(request);
    if (account.id !== request.params['id']) return notFound('account', request.params['id'] ?? '');
    return oneAnswer(request, accountJson(request, account));
  });
}

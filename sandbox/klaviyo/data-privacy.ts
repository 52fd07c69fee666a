import type { Router } from '../core/router.js';
import { invalid } from './answers.js';
import { later } from './later.js';
import type { AccountOf } from './profiles.js';

interface DeletionBody {
  data?: {
    attributes?: { profile?: { data?: { id?: string; attributes?: { email?: string; phone_number?: string } } } };
  };
}

/** Erasure of a person: by exactly one identifier, a moment later, without a word about the outcome. */
export function addPrivacyRoutes(router: Router, accountOf: AccountOf, delayMs: number): void {
  router.add(
    'POST',
    '/api/data-privacy-deletion-jobs',
    'privacy.deletion',
    (request) => {
      const account = accountOf(request);
      const given = ((request.json ?? {}) as DeletionBody).data?.attributes?.profile?.data;
      if (given?.attributes === undefined)
        return invalid("'attributes' is required.", '/data/attributes/profile/data/attributes');
      const { email, phone_number: phone } = given.attributes;
      if ([given.id, email, phone].filter(Boolean).length !== 1) {
        return invalid('Exactly one of id, email or phone_number is required.', '/data/attributes/profile');
      }
      later(delayMs, () => {
        const known =
          given.id === undefined ? account.holder({ email, phone_number: phone })[0] : account.find(given.id);
        if (known === undefined) return;
        account.remove(known);
        account.events.erase(known.id);
      });
      return { status: 202 };
    },
    true,
  );
}

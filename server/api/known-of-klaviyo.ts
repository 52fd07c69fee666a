import { consentStatus } from '../rules/subscription.js';
import { listById } from '../vendors/klaviyo/lists.js';
import { readByIds } from '../vendors/klaviyo/profiles.js';
import type { KlaviyoSession } from '../vendors/klaviyo/session.js';
import { createRemembered } from './remembered.js';

/** A list that was renamed shows its new name after this long. */
const namesKeptMs = 600_000;
const consentKeptMs = 120_000;

/** What is known, and whether more is being read behind the answer. */
export interface Known<T> {
  value: T;
  settling: boolean;
}

export interface KnownOfKlaviyo {
  /** Names of lists by id; without those that are not known yet or are gone. */
  listNames(klaviyoAccountId: string, listIds: readonly string[]): Known<Map<string, string>>;
  /** Email consent of a profile as Klaviyo has it: SUBSCRIBED, UNSUBSCRIBED, NEVER_SUBSCRIBED or SUPPRESSED. */
  consent(klaviyoAccountId: string, profileId: string): Known<string | null>;
}

/**
 * What a card shows and only Klaviyo knows: names of lists and today's consent. A card never waits for a vendor: it gets
 * what is remembered, the rest is read behind the answer. Kept per process.
 */
export function createKnownOfKlaviyo(deps: {
  clock(): Date;
  klaviyo(klaviyoAccountId: string): KlaviyoSession;
  /** Told when Klaviyo does not answer. */
  failed(error: unknown): void;
}): KnownOfKlaviyo {
  const { clock, failed } = deps;
  const names = createRemembered({ clock, failed, keptMs: namesKeptMs, most: 10_000 });
  const consents = createRemembered({ clock, failed, keptMs: consentKeptMs, most: 10_000 });
  return {
    listNames(account, listIds) {
      const value = new Map<string, string>();
      let settling = false;
      for (const id of listIds) {
        const known = names.get(
          `${account} ${id}`,
          async () => (await listById(deps.klaviyo(account), id))?.name ?? null,
        );
        if (known.value !== null) value.set(id, known.value);
        settling ||= known.settling;
      }
      return { value, settling };
    },
    consent: (account, profileId) =>
      consents.get(`${account} ${profileId}`, async () => {
        const profiles = await readByIds(deps.klaviyo(account), [profileId], { subscriptions: true });
        const subscription = profiles.get(profileId)?.subscription;
        return subscription === undefined ? null : consentStatus(subscription);
      }),
  };
}

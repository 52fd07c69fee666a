import type { ContactConnection } from './connection.js';
import type { Person } from './person.js';

/** Which rules of one connection a person matches (rule B2), and the Klaviyo lists those rules name. */
export interface Eligibility {
  matches: boolean;
  /** Matched by a HubSpot → Klaviyo rule: a missing profile may be created, and the lists are joined. */
  fromHubspot: boolean;
  /** Matched by a Klaviyo → HubSpot rule: a missing contact may be created. */
  fromKlaviyo: boolean;
  /** Klaviyo lists of the matched HubSpot → Klaviyo rules, each once. */
  lists: string[];
}

/**
 * Matches one person against one connection. A contact is in sync while at least one rule matches it.
 * `createsInHubspot` says that a profile matched by a Klaviyo rule is about to become a contact: from then on it
 * matches `{ all: true }` like any contact (settled reading of B2/C1).
 */
export function eligibility(connection: ContactConnection, person: Person): Eligibility {
  const fromKlaviyo =
    connection.direction !== 'hubspot_to_klaviyo' &&
    person.klaviyo !== null &&
    connection.rules.klaviyoToHubspot.some(
      ({ source }) =>
        source.all === true ||
        [...(source.klaviyoListIds ?? []), ...(source.klaviyoSegmentIds ?? [])].some((id) =>
          person.klaviyoGroups.has(id),
        ),
    );
  const isContact = person.hubspot !== null || (fromKlaviyo && connection.options.createInHubspot);
  const matched =
    connection.direction === 'klaviyo_to_hubspot' || !isContact
      ? []
      : connection.rules.hubspotToKlaviyo.filter(
          ({ source }) =>
            source.all === true || (source.hubspotListIds ?? []).some((id) => person.hubspotLists.has(id)),
        );
  return {
    matches: fromKlaviyo || matched.length > 0,
    fromHubspot: matched.length > 0,
    fromKlaviyo,
    lists: [...new Set(matched.map((rule) => rule.klaviyoListId))],
  };
}

/** Ids of the HubSpot lists and Klaviyo lists and segments that the rules of these connections read. */
export function listsRead(connections: readonly ContactConnection[]): {
  hubspotLists: string[];
  klaviyoLists: string[];
  klaviyoSegments: string[];
} {
  const hubspot = connections.filter((connection) => connection.direction !== 'klaviyo_to_hubspot');
  const klaviyo = connections.filter((connection) => connection.direction !== 'hubspot_to_klaviyo');
  const unique = (ids: string[]): string[] => [...new Set(ids)].sort();
  const klaviyoSources = klaviyo.flatMap((connection) => connection.rules.klaviyoToHubspot.map((rule) => rule.source));
  return {
    hubspotLists: unique(
      hubspot.flatMap((connection) =>
        connection.rules.hubspotToKlaviyo.flatMap((rule) => rule.source.hubspotListIds ?? []),
      ),
    ),
    klaviyoLists: unique(klaviyoSources.flatMap((source) => source.klaviyoListIds ?? [])),
    klaviyoSegments: unique(klaviyoSources.flatMap((source) => source.klaviyoSegmentIds ?? [])),
  };
}

/** Fingerprint of a connection's rules: standings made under other rules remove nobody from a list (B9). */
export function rulesKey({ rules }: ContactConnection): string {
  let key = keys.get(rules);
  if (key === undefined) {
    key = JSON.stringify([rules.hubspotToKlaviyo, rules.klaviyoToHubspot]);
    keys.set(rules, key);
  }
  return key;
}

const keys = new WeakMap<ContactConnection['rules'], string>();

/** Whether the rules of a connection read any of these lists. */
export function readsAny(connection: ContactConnection, lists: ReadonlySet<string>): boolean {
  if (lists.size === 0) return false;
  const { hubspotLists, klaviyoLists, klaviyoSegments } = listsRead([connection]);
  return [...hubspotLists, ...klaviyoLists, ...klaviyoSegments].some((id) => lists.has(id));
}

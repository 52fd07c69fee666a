/**
 * The configuration of a sync, as plain data. `api/schema.ts` checks it at the door; these are the shapes everything
 * behind the door works with. Field names are those of the HTTP interface.
 */
export type Side = 'hubspot' | 'klaviyo';

export type ConnectionState = 'draft' | 'initial_sync' | 'active' | 'paused' | 'stopped';

export type Direction = 'two_way' | 'hubspot_to_klaviyo' | 'klaviyo_to_hubspot';

export interface HubspotSource {
  all?: true | undefined;
  hubspotListIds?: string[] | undefined;
}

export interface KlaviyoSource {
  all?: true | undefined;
  klaviyoListIds?: string[] | undefined;
  klaviyoSegmentIds?: string[] | undefined;
}

export interface HubspotToKlaviyoRule {
  source: HubspotSource;
  klaviyoListId: string;
}

export interface KlaviyoToHubspotRule {
  source: KlaviyoSource;
}

export interface Mapping {
  hubspot: { object: 'contact' | 'company'; property: string };
  klaviyo: { kind: 'attribute' | 'property'; name: string };
  direction: 'both' | 'to_klaviyo' | 'to_hubspot';
  winner: Side | null;
  emptyToo: boolean;
}

export interface ContactOptions {
  winner: Side;
  subscribe: boolean;
  resubscribe: boolean;
  unsubscribeOnExit: boolean;
  createInHubspot: boolean;
  createInKlaviyo: boolean;
  defaultRegion: string;
  limit: number | null;
  erasePrivacyDeletionsInKlaviyo: boolean;
  carryOptOuts: 'off' | 'to_hubspot' | 'to_klaviyo' | 'both';
  stage: 'all' | 'canary' | 'tenth';
  maxNewRecords: number | null;
}

export interface ContactConfig {
  direction: Direction;
  rules: { hubspotToKlaviyo: HubspotToKlaviyoRule[]; klaviyoToHubspot: KlaviyoToHubspotRule[] };
  mappings: Mapping[];
  options: ContactOptions;
}

/** A contact connection as the sync sees it. */
export interface ContactConnection extends ContactConfig {
  id: string;
  portalId: string;
  klaviyoAccountId: string;
  name: string;
  state: ConnectionState;
  /** Connections over one pair of accounts are ranked by age: the older one writes a field both map. */
  createdAt: string;
  /** Grows with every edit: a run that began under an older one goes over everybody again. */
  configVersion: number;
}

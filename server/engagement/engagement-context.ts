import type { SyncContext } from '../contacts/sync-context.js';
import type { EngagementConnection } from '../rules/engagement/engagement-config.js';

/** What every step of the engagement path is given. */
export interface EngagementContext extends SyncContext {
  /** Address under which Klaviyo reaches us. */
  publicUrl: string;
  /** Klaviyo's own address, for links to campaigns and flows. */
  klaviyoAppUrl: string;
  /** Months for which activities are kept. */
  activityMonths: number;
  /** Wakes the reading of an account's events. */
  wakeCollect(klaviyoAccountId: string, afterSeconds?: number): Promise<void>;
  /** Wakes deciding and delivering for a pair of accounts. */
  wakeEngage(klaviyoAccountId: string, afterSeconds?: number): Promise<void>;
}

/** One pair of accounts as a turn works on it. What was read of a record is not read again within the turn. */
export interface EngagementScope {
  portalId: string;
  klaviyoAccountId: string;
  connections: readonly EngagementConnection[];
  /** HubSpot contact by `profile:<id>` or email; null: there is none. */
  contacts: Map<string, string | null>;
  /** Company and deals by contact. */
  places: Map<string, ContactPlaces>;
}

export interface ContactPlaces {
  companyId: string | null;
  deals: { id: string; closed: boolean; createdAt: string; pipeline: string }[];
}

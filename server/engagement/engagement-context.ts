import type { PastPages } from './run-page.js';
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
  /** What turns know of pairs of accounts, by Klaviyo account, for the next turn of a long piece of work. */
  turns: Map<string, TurnMemory>;
  /** Wakes the reading of an account's events. */
  wakeCollect(klaviyoAccountId: string, afterSeconds?: number): Promise<void>;
  /** Wakes deciding and delivering for a pair of accounts. */
  wakeEngage(klaviyoAccountId: string, afterSeconds?: number): Promise<void>;
}

/** What was read of records: it is not read again within a turn, nor in the turns that go straight on from it. */
export interface TurnMemory {
  /** HubSpot contact by `profile:<id>` or email; null: there is none. */
  contacts: Map<string, string | null>;
  /** Company and deals by contact. */
  places: Map<string, ContactPlaces>;
  /** HubSpot does not let the app read deals. */
  dealsDenied: boolean;
  /** When it began, in milliseconds of the process. */
  sinceMs: number;
  /** Pages of the past that were read while one before them was decided. */
  ahead: PastPages | null;
  /** Whether more of the past may follow what is to be delivered now. */
  pastGoesOn: boolean;
  /** How many steps in a row had live events. */
  liveSteps: number;
}

/** One pair of accounts as a turn works on it. */
export interface EngagementScope {
  portalId: string;
  klaviyoAccountId: string;
  connections: readonly EngagementConnection[];
  memory: TurnMemory;
}

export interface ContactPlaces {
  companyId: string | null;
  deals: { id: string; closed: boolean; createdAt: string; pipeline: string }[];
}

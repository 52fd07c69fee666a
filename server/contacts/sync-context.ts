import type { Logger } from 'pino';
import type { Sealer } from '../oauth/seal.js';
import type { Catalogue } from '../rules/mappings.js';
import type { Database } from '../store/database.js';
import type { HubspotSession } from '../vendors/hubspot/session.js';
import type { Priority } from '../vendors/hubspot/types.js';
import type { KlaviyoSession } from '../vendors/klaviyo/session.js';
import type { RunSizes } from './run-sizes.js';
import type { SweptProfiles } from './swept-profiles.js';

/** What every step of the contact path is given: data, vendors, time, and a way to wake the next drain. */
export interface SyncContext {
  db: Database;
  log: Logger;
  clock: () => Date;
  /** Name of this process, for leases. */
  owner: string;
  sealer: Sealer;
  /** Seconds between two runs of a sweep. */
  pollSeconds: number;
  /** How a run over everybody is cut. */
  runSizes: RunSizes;
  /**
   * `fence` throws when a request may not leave any more, because a lease was lost while something waited or froze;
   * `known` is the access as it has just been read, sealed.
   */
  hubspot(portalId: string, priority: Priority, fence?: () => void, known?: string | null): HubspotSession;
  klaviyo(
    klaviyoAccountId: string,
    priority: Priority,
    fence?: () => void,
    known?: { kind: 'oauth' | 'api_key'; secret: string } | null,
  ): KlaviyoSession;
  /** What this process's sweeps have just read. */
  swept: SweptProfiles;
  /** The fields of both sides, as last read. */
  catalogue(portalId: string, klaviyoAccountId: string): Promise<Catalogue>;
  /** Told how many values an audit found different that nobody had noticed. */
  onDrift?(values: number): void;
  /** Wakes the drain of a pair of accounts, now or after some seconds. */
  wakeDrain(klaviyoAccountId: string, afterSeconds?: number): Promise<void>;
}

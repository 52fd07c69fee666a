import type { Config } from '../config.js';
import type { SyncContext } from '../contacts/sync-context.js';

/** What the operator's commands are given. */
export interface OperatorContext {
  config: Config;
  sync: SyncContext;
}

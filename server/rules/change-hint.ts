import type { Side } from './connection.js';

/** "This record may differ", with what made us think so. */
export interface ChangeHint {
  side: Side;
  recordId: string;
  cause: string;
}

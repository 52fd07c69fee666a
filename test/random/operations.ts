import type { Fault } from '../../sandbox/core/faults.js';

export type Side = 'hubspot' | 'klaviyo';

/** What a person does to one record: values by HubSpot property name, as that side takes them. */
export type Values = Record<string, unknown>;

/**
 * One thing that happens. Plain data, so that a failure can be printed, shortened and played again. `who` is the number
 * of a person, not of a record: what it means does not change when operations before it are left out.
 */
export type Operation =
  | { kind: 'edit'; side: Side; who: number; values: Values }
  | { kind: 'edit_both'; who: number; hubspot: Values; klaviyo: Values }
  | { kind: 'create'; side: Side | 'both'; who: number; hubspot: Values; klaviyo: Values }
  | { kind: 'delete'; side: Side; who: number }
  | { kind: 'email'; side: Side; who: number; to: string }
  | { kind: 'email_taken'; side: Side; who: number; from: number }
  | { kind: 'merge'; side: Side; who: number; other: number }
  | { kind: 'list'; side: Side; who: number; list: string; join: boolean }
  | { kind: 'opt_out'; side: Side; who: number }
  | { kind: 'suppress'; who: number; how: 'staff' | 'bounce' | 'spam' }
  | { kind: 'pause'; forMs: number }
  | { kind: 'remap'; property: string; direction: 'both' | 'to_klaviyo' | 'to_hubspot'; winner: Side | null }
  | { kind: 'ask'; what: 'everybody' | number }
  | { kind: 'fault'; side: Side; fault: Fault }
  | { kind: 'webhooks'; drop: number; duplicates: number; shuffle: boolean }
  | { kind: 'crash'; signal: 'SIGKILL' | 'SIGTERM'; downMs: number }
  /** A second process works beside the first for a while, and is killed or stopped. */
  | { kind: 'another'; forMs: number; signal: 'SIGKILL' | 'SIGTERM' }
  /** The app is removed in HubSpot; some time later it is installed again and its syncs are resumed. */
  | { kind: 'reinstall'; afterMs: number }
  | { kind: 'wait'; ms: number };

/** What is connected: everybody both ways, or members of lists only. */
export type Scenario = 'everybody' | 'lists';

/** People who are on no list and never will be: in the scenario with lists nothing may be written to them. */
export const isOutsider = (scenario: Scenario, who: number): boolean => scenario === 'lists' && who % 6 === 5;

/** People who are there at the beginning, and people altogether. */
export const seededPeople = 60;
export const peopleInAll = 80;

import type { Fault } from '../../sandbox/core/faults.js';

export type Side = 'hubspot' | 'klaviyo';

/** How the service runs: one process, or one for HTTP and two that work. */
export type Shape = 'one' | 'three';

/**
 * One thing that happens in a campaign. Plain data and none of it depends on what happened before, so that a seed tells
 * the same story again and a failure can be printed.
 */
export type Step =
  // What people do. `mark` makes each value one of its kind, so that a lost or an old one is told apart.
  | { kind: 'edit'; side: Side; who: number; mark: number }
  | { kind: 'create'; side: Side | 'both'; who: number; mark: number }
  | { kind: 'click'; who: number; mark: number; agoMs: number; lagMs: number }
  | { kind: 'opt_out'; side: Side; who: number }
  // A number in HubSpot: one that Klaviyo takes, or words that nobody can call.
  | { kind: 'phone'; who: number; right: boolean; mark: number }
  | { kind: 'ask'; what: 'contacts' | 'activity' }
  | { kind: 'wait'; ms: number }
  // What goes wrong at the vendors.
  | { kind: 'vendor'; side: Side; fault: Fault }
  | { kind: 'webhooks'; side: Side; drop: number; duplicates: number; shuffle: boolean; delayMs: number }
  | { kind: 'tokens'; side: Side; how: 'expired' | 'revoked'; forMs: number }
  // The vendors are well again, once enough struck or the time is over.
  | { kind: 'relief'; afterMs: number }
  // What goes wrong with the service. `process` counts round those that run.
  | { kind: 'kill'; process: number; signal: 'SIGKILL' | 'SIGTERM'; downMs: number }
  | { kind: 'kill_at'; side: Side; operation: string; afterMs: number; downMs: number }
  | { kind: 'freeze'; process: number; forMs: number }
  | { kind: 'database'; how: 'connections_cut' | 'restart' | 'crash'; forMs: number };

/** People who are there at the beginning, and people altogether. */
export const seededPeople = 40;
export const peopleInAll = 60;

/** The calls after which a process is killed: each step of both paths begins or ends with one of them. */
export const namedSteps: readonly (readonly [Side, string])[] = [
  ['hubspot', 'contacts.search'],
  ['hubspot', 'contacts.batchRead'],
  ['hubspot', 'contacts.batchCreate'],
  ['hubspot', 'contacts.batchUpdate'],
  ['hubspot', 'communicationPreferences.'],
  ['hubspot', 'associations.batchRead'],
  ['hubspot', 'timeline.batchCreate'],
  ['hubspot', 'oauth.token'],
  ['klaviyo', 'profiles.list'],
  ['klaviyo', 'profiles.u'],
  ['klaviyo', 'imports.create'],
  ['klaviyo', 'imports.get'],
  ['klaviyo', 'lists.add'],
  ['klaviyo', 'subscriptions.subscribe'],
  ['klaviyo', 'subscriptions.unsubscribe'],
  ['klaviyo', 'events.list'],
  ['klaviyo', 'oauth.token'],
];

import type { Applied } from './apply.js';

/** What a batch came to, for the run's counts: each person counts once under `people` and once a kind below. */
export interface OutcomeCounts {
  createdInHubspot: number;
  createdInKlaviyo: number;
  updatedInHubspot: number;
  updatedInKlaviyo: number;
  linked: number;
  unchanged: number;
  skipped: number;
  failed: number;
  postponed: number;
  /** People that a connection works on, in sync or failed: what a staged run's issues are measured by. */
  people: number;
}

/** Counts what became of a batch. Pure. */
export function countOutcomes(applied: readonly Applied[]): OutcomeCounts {
  const counts: OutcomeCounts = {
    createdInHubspot: 0,
    createdInKlaviyo: 0,
    updatedInHubspot: 0,
    updatedInKlaviyo: 0,
    linked: 0,
    unchanged: 0,
    skipped: 0,
    failed: 0,
    postponed: 0,
    people: 0,
  };
  for (const { plan, outcome, refusals, deferred } of applied) {
    if (plan.standings.some(({ state }) => state === 'in_sync' || state === 'failed')) counts.people += 1;
    if (deferred !== null) counts.postponed += 1;
    else if (plan.standings.length > 0 && plan.standings.every((standing) => standing.state === 'skipped'))
      counts.skipped += 1;
    else if (refusals.length > 0 || plan.issues.length > 0) counts.failed += 1;
    if (outcome.hubspot === 'done')
      counts[plan.hubspot?.action === 'create' ? 'createdInHubspot' : 'updatedInHubspot'] += 1;
    if (outcome.klaviyo === 'done')
      counts[plan.klaviyo?.action === 'create' ? 'createdInKlaviyo' : 'updatedInKlaviyo'] += 1;
    const { hubspot, klaviyo, link } = plan.person;
    if (
      hubspot !== null &&
      klaviyo !== null &&
      link === null &&
      plan.standings.some((standing) => standing.state !== 'skipped')
    )
      counts.linked += 1;
    else if (link !== null && plan.hubspot === null && plan.klaviyo === null) counts.unchanged += 1;
  }
  return counts;
}

import { timelineName } from './activity-kind.js';
import type { ActivitySwitches, EngagementSources } from './engagement-config.js';
import type { EmailEvent, Judged, Verdict } from './email-event.js';
import { isHuman } from './judge.js';
import { sourceChosen, type MessageOrigin } from './sources.js';

/** What of a connection decides about an event. */
export interface SelectConfig {
  sources: EngagementSources;
  activities: ActivitySwitches;
  excludeBots: boolean;
  everyOpen: boolean;
  startMs: number;
}

/**
 * Decides about one event of one email to one person (E1–E4, E7, E11, E13). `soFar` are the other events of that email
 * (for an unsubscribe: of that act) which were decided before, in whatever order they happened: what is on the timeline
 * stays, so a late event never replaces it. Pure.
 */
export function select(
  soFar: readonly EmailEvent[],
  event: EmailEvent,
  verdict: Verdict,
  origin: MessageOrigin,
  config: SelectConfig,
): Judged {
  const answer = (decision: Judged['decision'], because: Judged['because'], counted = false): Judged => ({
    verdict,
    decision,
    because,
    counted,
  });
  if (soFar.some((other) => isReplay(other, event))) return answer('repeat', 'replay');
  if (event.kind === 'preferences') {
    const left = soFar.some((other) => other.kind === 'unsubscribed');
    return left ? answer('repeat', 'same_act') : answer('not_chosen', 'preferences_only');
  }
  if (!sourceChosen(config.sources, origin)) return answer('not_chosen', 'source');
  if (event.at < config.startMs) return answer('not_chosen', 'before_start');
  if (verdict !== 'human' && config.excludeBots) return answer('left_out', verdict);

  const firsts = soFar.filter((other) => other.kind === event.kind && standsFirst(other, config));
  const again = repeats(event, firsts, config);
  if (again !== null) return answer('repeat', again);
  if (timelineName(event.kind, config.activities) === null) return answer('not_chosen', 'activity_off', true);
  // Another one of the same stands on the timeline by a verdict that changed since: this one counts, and is not shown twice.
  const shown = soFar.filter((other) => other.kind === event.kind && other.onTimeline);
  if (!event.onTimeline && repeats(event, shown, config) !== null)
    return answer('deliver', 'on_timeline_already', true);
  return answer('deliver', event.kind === 'opened' && config.everyOpen ? 'every_open' : 'first', true);
}

/**
 * The same event once more: a merge copies a profile's events to another profile, and may have moved the first one there as
 * well. Within one profile `$event_id` alone does not tell: not every kind of event is known to have its time in it.
 */
function isReplay(other: EmailEvent, event: EmailEvent): boolean {
  if (other.id === event.id || other.kind !== event.kind) return false;
  const moved = other.profileId === event.profileId;
  // Two repeat each other: one of them is the event.
  if (other.judged?.because === 'replay') return false;
  if (other.urlKey !== event.urlKey) return false;
  if (other.facts.eventKey !== null && event.facts.eventKey !== null)
    return other.facts.eventKey === event.facts.eventKey && (!moved || other.at === event.at);
  return !moved && other.messageKey === event.messageKey && other.at === event.at;
}

/** Whether an event that was decided before makes a later one a repeat: all that a person did, known from whenever. */
function standsFirst({ judged }: EmailEvent, config: SelectConfig): boolean {
  if (judged === null || judged.decision === 'repeat' || judged.decision === 'left_out') return false;
  return isHuman(judged.verdict) || !config.excludeBots;
}

function repeats(
  event: EmailEvent,
  firsts: readonly EmailEvent[],
  config: SelectConfig,
): 'same_message' | 'same_link' | 'same_act' | null {
  if (event.kind === 'unsubscribed') {
    // Another part of the act may come from elsewhere; what no source chose stands for nothing that one did.
    return firsts.some(({ judged }) => judged?.because !== 'source') ? 'same_act' : null;
  }
  const same = firsts.filter((other) => other.messageKey === event.messageKey);
  if (event.kind === 'clicked') return same.some((other) => other.urlKey === event.urlKey) ? 'same_link' : null;
  if (event.kind === 'opened' && config.everyOpen) return null;
  return same.length > 0 ? 'same_message' : null;
}

import type { ActivityKind } from './activity-kind.js';
import type { EventFacts } from './event-facts.js';

/** Who acted: a person, or a machine, and how we know (E13). */
export type Verdict =
  | 'human'
  | 'klaviyo_machine_open'
  | 'klaviyo_bot_click'
  | 'known_scanner'
  | 'all_links_at_once'
  | 'before_delivery';

/** What becomes of an event. */
export type Decision = 'deliver' | 'left_out' | 'repeat' | 'not_chosen' | 'no_contact';

/** Why; every decision can be explained. */
export type DecisionReason =
  | 'first'
  | 'every_open'
  | 'on_timeline_already'
  | 'same_message'
  | 'same_link'
  | 'same_act'
  | 'replay'
  | 'source'
  | 'activity_off'
  | 'before_start'
  | 'preferences_only'
  | 'no_contact'
  | Exclude<Verdict, 'human'>;

export interface Judged {
  verdict: Verdict;
  decision: Decision;
  because: DecisionReason;
  /** Whether totals and roll-ups count it: everything first and human, shown on the timeline or not. */
  counted: boolean;
}

/** One event of one email to one person, with what was decided of it before. */
export interface EmailEvent {
  /** Klaviyo's id. */
  id: string;
  kind: ActivityKind;
  /** Milliseconds. */
  at: number;
  profileId: string | null;
  messageKey: string;
  /** Normalised link of a click, else ''. */
  urlKey: string;
  facts: EventFacts;
  /** Null while nothing was decided. */
  judged: Judged | null;
  /** Whether it went on the timeline, or is on its way there: that can not be taken back. */
  onTimeline: boolean;
}

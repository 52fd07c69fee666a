import type { Verdict } from './email-event.js';

/** Why somebody was taken for a machine, in words. */
export const verdictWords: Record<Verdict, string> = {
  human: 'A person did this.',
  klaviyo_machine_open: 'Klaviyo says that a mail program opened it by itself (Apple Mail Privacy Protection).',
  klaviyo_bot_click: 'Klaviyo says that a program followed the link.',
  known_scanner: 'A known mail scanner did this.',
  all_links_at_once: 'Several links of the email were followed within seconds, as scanners do.',
  before_delivery: 'It happened before the email was delivered, as scanners do.',
};

/** Why an activity is not on a timeline, for the status page. */
export const leftAsideWords: Record<string, string> = {
  same_message: 'It repeats an activity of the same email that is there already.',
  same_link: 'The same link was clicked before.',
  same_act: 'It belongs to an unsubscribe that is there already.',
  replay: 'Klaviyo listed it a second time after a merge of profiles.',
  source: 'Its email is of none of the chosen lists, segments, flows or campaigns.',
  activity_off: 'This kind of activity is switched off; totals count it.',
  before_start: 'It happened before the date from which the connection starts.',
  preferences_only: 'Preferences were changed without unsubscribing.',
  no_contact: 'HubSpot has no contact with this email, and creating contacts is switched off or was not possible.',
  klaviyo_machine_open: verdictWords.klaviyo_machine_open,
  klaviyo_bot_click: verdictWords.klaviyo_bot_click,
  known_scanner: verdictWords.known_scanner,
  all_links_at_once: verdictWords.all_links_at_once,
  before_delivery: verdictWords.before_delivery,
};

import { Text } from '@hubspot/ui-extensions';
import type { EmailActivity } from '../card-types.js';
import { words } from '../words.js';

/** Says why activity is not on the timeline. Draws nothing when it is, or when none is collected. */
export function TimelineNotice({ emailActivity }: { emailActivity: EmailActivity }) {
  const { state, timeline } = emailActivity;
  if (state === 'off' || timeline.approved) return null;
  // No alert: the reader of the card cannot change it, and the card has everything all the same.
  return <Text variant="microcopy">{`${words.timeline}: ${timeline.message}`}</Text>;
}

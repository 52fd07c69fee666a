import { Alert, Text } from '@hubspot/ui-extensions';
import type { EmailActivity } from '../card-types.js';
import { words } from '../words.js';

/** What keeps activity from being complete or from the timeline. Draws nothing when all is well. */
export function ActivityNotice({ emailActivity }: { emailActivity: EmailActivity }) {
  const { state, timeline } = emailActivity;
  if (state === 'paused') return <Alert title={words.paused} variant="warning" testId="paused" />;
  if (state === 'off' || timeline.approved) return null;
  // No alert: the reader of the card cannot change it, and the card has everything all the same.
  return <Text variant="microcopy">{`${words.timeline}: ${timeline.message}`}</Text>;
}

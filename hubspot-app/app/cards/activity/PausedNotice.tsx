import { Alert } from '@hubspot/ui-extensions';
import type { EmailActivity } from '../card-types.js';
import { words } from '../words.js';

/** Says that what happened lately is missing. Draws nothing while activity is collected. */
export function PausedNotice({ emailActivity }: { emailActivity: EmailActivity }) {
  const { state } = emailActivity;
  return state === 'on' ? null : <Alert title={words.missing[state]} variant="warning" testId="paused" />;
}

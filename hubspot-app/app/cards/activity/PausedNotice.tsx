import { Alert } from '@hubspot/ui-extensions';
import type { EmailActivity } from '../card-types.js';
import { words } from '../words.js';

/** Says that what happened lately is missing. Draws nothing while activity is collected. */
export function PausedNotice({ emailActivity }: { emailActivity: EmailActivity }) {
  return emailActivity.state === 'paused' ? <Alert title={words.paused} variant="warning" testId="paused" /> : null;
}

import type { ConfigProblem } from '../check-config.js';
import type { EngagementConfig } from './engagement-config.js';

/** What keeps an engagement connection from being activated, or null. */
export function engagementProblem({ sources, activities, options }: EngagementConfig): ConfigProblem | null {
  const { all, ...chosen } = sources;
  if (!all && Object.values(chosen).every((ids) => ids.length === 0))
    return {
      field: 'sources',
      code: 'source_missing',
      message: 'No source is chosen.',
      fix: 'Choose all email, or lists, segments, flows or campaigns.',
    };
  if (!Object.values(activities).includes(true) && !options.rollups)
    return {
      field: 'activities',
      code: 'activity_missing',
      message: 'Every kind of activity is switched off.',
      fix: 'Switch on what is to be shown, or the roll-ups.',
    };
  return null;
}

import type { EngagementSources } from './engagement-config.js';

/** What is known of where an email came from. */
export interface MessageOrigin {
  flowId: string | null;
  campaignId: string | null;
  /** Lists and segments that the send targeted, or the flow is triggered by. */
  groupIds: readonly string[];
}

/**
 * Whether an email is among the chosen sources (E1). An email of a flow belongs to the flow and to the list or segment
 * that triggers it; one of a campaign to the campaign and its audiences. What belongs to nothing known, e.g. leaving a
 * list on a page, is only chosen by "all" or by its list.
 */
export function sourceChosen(sources: EngagementSources, origin: MessageOrigin): boolean {
  if (sources.all) return true;
  if (origin.flowId !== null && sources.flowIds.includes(origin.flowId)) return true;
  if (origin.campaignId !== null && sources.campaignIds.includes(origin.campaignId)) return true;
  const groups = new Set([...sources.klaviyoListIds, ...sources.klaviyoSegmentIds]);
  return origin.groupIds.some((id) => groups.has(id));
}

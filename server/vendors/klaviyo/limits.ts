import type { RateWindow } from '../../store/rate-limit.js';

/**
 * Klaviyo's tiers, each a burst window of a second and a steady one of a minute, per account and endpoint. Every bucket
 * keeps cap + rate × window within the tier. https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling
 */
const tiers = {
  XS: { burst: [1, 0.9], steady: [3, 0.2] }, //    1/s,   15/min
  S: { burst: [1, 2], steady: [6, 0.9] }, //       3/s,   60/min
  M: { burst: [5, 5], steady: [15, 2.25] }, //    10/s,  150/min
  L: { burst: [38, 37], steady: [75, 11.25] }, // 75/s,  750/min
  XL: { burst: [175, 175], steady: [350, 52.5] }, // 350/s, 3500/min
} as const;

export type Tier = keyof typeof tiers;

/**
 * Endpoints by method and path; the first that fits. What is not listed shares the smallest tier, so that a call that
 * somebody adds without its tier is slow and not refused.
 */
const endpoints: [RegExp, string, Tier][] = [
  [/^GET \/api\/profiles$/, 'profiles.list', 'L'],
  [/^GET \/api\/profiles\/[^/]+$/, 'profiles.get', 'L'],
  [/^POST \/api\/profiles$/, 'profiles.create', 'L'],
  [/^PATCH \/api\/profiles\/[^/]+$/, 'profiles.update', 'L'],
  [/^POST \/api\/profile-import$/, 'profiles.upsert', 'L'],
  [/^POST \/api\/profile-merge$/, 'profiles.merge', 'M'],
  [/^POST \/api\/profile-bulk-import-jobs$/, 'imports.create', 'M'],
  [/^GET \/api\/profile-bulk-import-jobs\/[^/]+\/import-errors$/, 'imports.errors', 'M'],
  [/^GET \/api\/profile-bulk-import-jobs\/[^/]+$/, 'imports.get', 'M'],
  [/^GET \/api\/(lists|segments)$/, '$1.list', 'L'],
  [/^GET \/api\/(lists|segments)\/[^/]+\/profiles$/, '$1.profiles', 'L'],
  [/^GET \/api\/(lists|segments)\/[^/]+\/relationships\/profiles$/, '$1.profileIds', 'L'],
  [/^GET \/api\/(lists|segments)\/[^/]+$/, '$1.get', 'L'],
  [/^POST \/api\/lists\/[^/]+\/relationships\/profiles$/, 'lists.add', 'M'],
  [/^DELETE \/api\/lists\/[^/]+\/relationships\/profiles$/, 'lists.remove', 'M'],
  [/^POST \/api\/profile-subscription-bulk-create-jobs$/, 'subscriptions.subscribe', 'L'],
  [/^POST \/api\/profile-subscription-bulk-delete-jobs$/, 'subscriptions.unsubscribe', 'L'],
  [/^POST \/api\/profile-suppression-bulk-create-jobs$/, 'subscriptions.suppress', 'L'],
  [/^GET \/api\/profile-suppression-bulk-create-jobs\/[^/]+$/, 'subscriptions.suppressJob', 'L'],
  [/^POST \/api\/data-privacy-deletion-jobs$/, 'privacy.deletion', 'S'],
  [/^GET \/api\/events$/, 'events.list', 'XL'],
  [/^GET \/api\/events\/[^/]+$/, 'events.get', 'M'],
  [/^GET \/api\/metrics$/, 'metrics.list', 'M'],
  [/^GET \/api\/accounts$/, 'accounts.list', 'XS'],
  [/^GET \/api\/campaigns$/, 'campaigns.list', 'M'],
  [/^GET \/api\/campaigns\/[^/]+$/, 'campaigns.get', 'M'],
  [/^GET \/api\/campaign-messages\/[^/]+$/, 'campaignMessages.get', 'M'],
  [/^GET \/api\/flows$/, 'flows.list', 'S'],
  [/^GET \/api\/flows\/[^/]+$/, 'flows.get', 'S'],
  [/^GET \/api\/flow-messages\/[^/]+$/, 'flowMessages.get', 'S'],
  [/^GET \/api\/flow-actions\/[^/]+\/flow$/, 'flowActions.flow', 'S'],
  [/^GET \/api\/webhooks$/, 'webhooks.list', 'XS'],
  [/^POST \/api\/webhooks$/, 'webhooks.create', 'XS'],
  [/^PATCH \/api\/webhooks\/[^/]+$/, 'webhooks.update', 'XS'],
  [/^DELETE \/api\/webhooks\/[^/]+$/, 'webhooks.delete', 'XS'],
  [/^GET \/api\/webhook-topics$/, 'webhookTopics.list', 'XS'],
];

/** Name and tier of an endpoint. Pure. */
export function endpointOf(method: string, path: string): { operation: string; tier: Tier } {
  const call = `${method.toUpperCase()} ${path}`;
  for (const [pattern, name, tier] of endpoints) {
    const match = pattern.exec(call);
    if (match !== null) return { operation: name.replace('$1', match[1] ?? ''), tier };
  }
  return { operation: 'other', tier: 'XS' };
}

/** The windows of an endpoint for one account. */
export function klaviyoWindows(accountId: string, operation: string, tier: Tier): RateWindow[] {
  const { burst, steady } = tiers[tier];
  const key = `kl:${accountId}:${operation}`;
  return [
    { key: `${key}:s`, cap: burst[0], perSecond: burst[1] },
    { key: `${key}:m`, cap: steady[0], perSecond: steady[1] },
  ];
}

/** Where a campaign or flow is shown in Klaviyo, or null when it is not known which one it is. */
export function campaignUrl(
  klaviyoAppUrl: string,
  message: { campaignId: string | null; flowId: string | null } | undefined,
): string | null {
  if (message?.flowId != null) return `${klaviyoAppUrl}/flow/${encodeURIComponent(message.flowId)}/edit`;
  if (message?.campaignId == null) return null;
  return `${klaviyoAppUrl}/campaign/${encodeURIComponent(message.campaignId)}/reports/overview`;
}

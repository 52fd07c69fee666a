/** Ids of the contacts that were merged into this one, as HubSpot lists them; its own may be among them. Pure. */
export const mergedIds = ({ properties }: { properties: Record<string, string | null> }): string[] =>
  (properties['hs_merged_object_ids'] ?? '')
    .split(';')
    .map((id) => id.trim())
    .filter((id) => id !== '');

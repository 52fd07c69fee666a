/** HubSpot's dated API version. v1–v4 end in 2027: https://developers.hubspot.com/docs/api-reference/legacy/migration-guide */
export const apiVersion = '2026-09';

/** App events have a date of their own; the documents show none later for them. */
export const timelineVersion = '2026-03';

/** Klaviyo's API revision; it lives to mid-2028. https://developers.klaviyo.com/en/docs/api_versioning_and_deprecation_policy */
export const revision = '2026-07-15';

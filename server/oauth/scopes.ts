/**
 * What the app asks of HubSpot: the same list as `requiredScopes` in hubspot-app/app/app-hsmeta.json (a test compares;
 * HubSpot refuses an install whose scopes differ). docs/scopes.md says which call of `vendors/hubspot` needs each.
 */
export const hubspotScopes = [
  'oauth',
  'crm.objects.contacts.read',
  'crm.objects.contacts.write',
  'crm.objects.companies.read',
  'crm.schemas.contacts.read',
  'crm.schemas.companies.read',
  'crm.lists.read',
  'timeline',
] as const;

/**
 * Asked for and not needed: without the first opt-outs do not cross to HubSpot, without the second the app cannot create
 * a missing option or its roll-up properties, without the third email activity is not put on deals; everything else works.
 */
export const hubspotOptionalScopes = [
  'communication_preferences.read_write',
  'crm.schemas.contacts.write',
  'crm.objects.deals.read',
] as const;

/** What the app asks of Klaviyo. Importing profiles needs lists:write too, even without a list. */
export const klaviyoScopes = [
  'accounts:read',
  'profiles:read',
  'profiles:write',
  'lists:read',
  'lists:write',
  'segments:read',
  'subscriptions:read',
  'subscriptions:write',
  'data-privacy:write',
  'events:read',
  'metrics:read',
  'flows:read',
  'campaigns:read',
  'webhooks:read',
  'webhooks:write',
] as const;

/**
 * What the app asks of HubSpot: the same list as `requiredScopes` in hubspot-app/app/app-hsmeta.json (a test compares;
 * HubSpot refuses an install whose scopes differ). Each is used by a call of `vendors/hubspot`.
 */
export const hubspotScopes = [
  'oauth',
  'crm.objects.contacts.read',
  'crm.objects.contacts.write',
  'crm.objects.companies.read',
  'crm.schemas.contacts.read',
  'crm.schemas.companies.read',
  'crm.lists.read',
] as const;

/**
 * Asked for and not needed: without the first opt-outs do not cross to HubSpot, without the second the app cannot create
 * a missing option or its roll-up properties; everything else works.
 */
export const hubspotOptionalScopes = ['communication_preferences.read_write', 'crm.schemas.contacts.write'] as const;

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

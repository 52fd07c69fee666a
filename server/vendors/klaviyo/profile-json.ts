import { z } from 'zod';
import { pageOf } from './paging.js';
import { klaviyoAttributes, type KlaviyoConsent, type KlaviyoProfile, type KlaviyoProfileWrite } from './types.js';

const suppression = z.object({ reason: z.string(), timestamp: z.string().nullish() }).loose();

export const profileSchema = z.object({
  id: z.string(),
  attributes: z
    .object({
      email: z.string().nullish(),
      phone_number: z.string().nullish(),
      location: z.record(z.string(), z.unknown()).nullish(),
      properties: z.record(z.string(), z.unknown()).nullish(),
      created: z.string().nullish(),
      updated: z.string().nullish(),
      joined_group_at: z.string().nullish(),
      subscriptions: z
        .object({
          email: z
            .object({
              marketing: z
                .object({
                  consent: z.string().nullish(),
                  consent_timestamp: z.string().nullish(),
                  last_updated: z.string().nullish(),
                  suppression: z.array(suppression).nullish(),
                  list_suppressions: z.array(suppression.extend({ list_id: z.string() })).nullish(),
                })
                .loose()
                .nullish(),
            })
            .loose()
            .nullish(),
        })
        .loose()
        .nullish(),
    })
    .loose(),
});

export const profilePageSchema = pageOf(profileSchema);

/** Reads a profile resource of Klaviyo's JSON:API. Custom properties that begin with `$` are Klaviyo's own. */
export function profileOf({ id, attributes }: z.infer<typeof profileSchema>): KlaviyoProfile {
  const values: Record<string, string | number | null> = {};
  for (const name of klaviyoAttributes) {
    const value = name.startsWith('location.')
      ? attributes.location?.[name.slice('location.'.length)]
      : attributes[name];
    values[name] = typeof value === 'string' || typeof value === 'number' ? value : null;
  }
  const marketing = attributes.subscriptions?.email?.marketing;
  return {
    id,
    email: attributes.email ?? null,
    phoneNumber: attributes.phone_number ?? null,
    attributes: values,
    properties: Object.fromEntries(
      Object.entries(attributes.properties ?? {}).filter(([name]) => !name.startsWith('$')),
    ),
    ...(marketing === undefined || marketing === null ? {} : { subscription: consentOf(marketing) }),
    created: attributes.created ?? '',
    updated: attributes.updated ?? '',
    ...(typeof attributes.joined_group_at === 'string' ? { joinedGroupAt: attributes.joined_group_at } : {}),
  };
}

type Marketing = NonNullable<
  NonNullable<NonNullable<z.infer<typeof profileSchema>['attributes']['subscriptions']>['email']>['marketing']
>;

function consentOf(marketing: Marketing): KlaviyoConsent {
  return {
    consent: marketing.consent ?? 'NEVER_SUBSCRIBED',
    consentAt: marketing.consent_timestamp ?? null,
    lastUpdated: marketing.last_updated ?? null,
    suppressions: (marketing.suppression ?? []).map(({ reason, timestamp }) => ({ reason, at: timestamp ?? null })),
    listSuppressions: (marketing.list_suppressions ?? []).map(({ list_id, reason, timestamp }) => ({
      listId: list_id,
      reason,
      at: timestamp ?? null,
    })),
  };
}

/** A profile resource to send. Absent fields stay as they are; null empties an attribute; `unset` removes properties. */
export function profileJson(write: KlaviyoProfileWrite): object {
  const attributes: Record<string, unknown> = write.email === undefined ? {} : { email: write.email };
  const location: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(write.attributes)) {
    if (name.startsWith('location.')) location[name.slice('location.'.length)] = value;
    else attributes[name] = value;
  }
  if (Object.keys(location).length > 0) attributes['location'] = location;
  if (Object.keys(write.properties).length > 0) attributes['properties'] = write.properties;
  return {
    type: 'profile',
    ...(write.id === undefined ? {} : { id: write.id }),
    attributes,
    ...(write.unset.length === 0 ? {} : { meta: { patch_properties: { unset: write.unset } } }),
  };
}

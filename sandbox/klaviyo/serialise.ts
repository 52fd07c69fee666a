import { locationFields, type Profile } from './store.js';

const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, '+00:00');

/** A profile resource as Klaviyo sends it. Times have a grain of one second. */
export function profileJson(
  origin: string,
  profile: Profile,
  options: { subscriptions: boolean; joinedAt?: number; only?: string[] | null },
): Record<string, unknown> {
  const attributes: Record<string, unknown> = {
    email: profile.email,
    phone_number: profile.phone_number,
    external_id: profile.external_id,
    first_name: profile.first_name,
    last_name: profile.last_name,
    organization: profile.organization,
    locale: profile.locale,
    title: profile.title,
    image: profile.image,
    created: time(profile.created),
    updated: time(profile.updated),
    last_event_date: null,
    location: Object.fromEntries(locationFields.map((name) => [name, profile.location[name] ?? null])),
    properties: profile.properties,
  };
  if (options.joinedAt !== undefined) attributes['joined_group_at'] = time(options.joinedAt);
  if (options.subscriptions) attributes['subscriptions'] = subscriptionsJson(profile);
  const shown =
    options.only == null
      ? attributes
      : Object.fromEntries(Object.entries(attributes).filter(([name]) => options.only?.includes(name)));
  return {
    type: 'profile',
    id: profile.id,
    attributes: shown,
    links: { self: `${origin}/api/profiles/${profile.id}/` },
  };
}

function subscriptionsJson(profile: Profile): Record<string, unknown> {
  const at = profile.consentAt === null ? null : time(profile.consentAt);
  return {
    email: {
      marketing: {
        can_receive_email_marketing: profile.suppressions.length === 0,
        consent: profile.consent,
        consent_timestamp: at,
        last_updated: at,
        method: profile.consentAt === null ? null : 'API',
        method_detail: null,
        custom_method_detail: null,
        double_optin: false,
        suppression: profile.suppressions.map(({ reason, at: when }) => ({ reason, timestamp: time(when) })),
        list_suppressions: [],
      },
    },
    sms: null,
    mobile_push: null,
    whatsapp: null,
  };
}

/** A keyset cursor: opaque to whoever reads it. */
export const makeCursor = (position: readonly [number | string, number | string]): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

export function readCursor(text: string | null): [number | string, number | string] | null {
  if (text === null || text === '') return null;
  const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  return Array.isArray(value) ? (value as [number | string, number | string]) : null;
}

/** The links of a page; `next` repeats the request with its cursor. */
export function pageLinks(url: URL, next: string | null): Record<string, string | null> {
  // Brackets are escaped in links, as the vendor does: page%5Bsize%5D.
  url = new URL(`${url.origin}${url.pathname}?${url.searchParams.toString()}`);
  if (next === null) return { self: url.href, next: null, prev: null };
  const target = new URL(url);
  target.searchParams.set('page[cursor]', next);
  return { self: url.href, next: target.href, prev: null };
}

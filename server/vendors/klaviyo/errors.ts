import { z } from 'zod';
import { NeedsPerson, RecordRefused } from '../../errors.js';
import { shortenText } from '../../rules/shorten-text.js';

const errorSchema = z.object({
  errors: z
    .array(
      z.object({
        code: z.string().default(''),
        title: z.string().default(''),
        detail: z.string().default(''),
        source: z
          .object({ pointer: z.string().nullish(), parameter: z.string().nullish() })
          .loose()
          .nullish()
          .catch(undefined),
        meta: z.record(z.string(), z.unknown()).nullish().catch(undefined),
      }),
    )
    .default([]),
});

export type KlaviyoError = z.infer<typeof errorSchema>['errors'][number];

/** The first error of Klaviyo's envelope, if the body is one. */
export function vendorErrorOf(body: unknown): KlaviyoError | undefined {
  return errorSchema.safeParse(body).data?.errors[0];
}

/** The scopes that a 403 names in its words. */
export function scopesNamed(detail: string): string[] {
  return [...new Set(detail.match(/[a-z]+(?:-[a-z]+)*:(?:read|write)\b/g) ?? [])];
}

/** A 403 as something that a person must grant. */
export function missingScope(operation: string, error: KlaviyoError | undefined): NeedsPerson {
  const scopes = scopesNamed(error?.detail ?? '');
  const what = scopes.length === 0 ? error?.detail || 'a permission is missing.' : `it needs ${scopes.join(', ')}.`;
  return new NeedsPerson(
    'missing_scope',
    `Klaviyo denies ${operation}: ${shortenText(what, 300)}`,
    'Connect Klaviyo again with a key or consent that grants this permission.',
    'klaviyo',
  );
}

/** Reads a 4xx: what was refused, which field, and who holds the identity already. */
export function refusalOf(status: number, error: KlaviyoError | undefined): RecordRefused {
  const existing = error?.meta?.['duplicate_profile_id'];
  const field = fieldOf(error?.source?.pointer);
  const words = error?.detail || error?.title || `Klaviyo answers ${status}.`;
  return new RecordRefused(refusalCode(status, error, field), shortenText(words, 500), {
    status,
    ...(field === undefined ? {} : { field }),
    ...(typeof existing === 'string' ? { existingId: existing } : {}),
  });
}

/** `/data/attributes/location/city` → `location.city`; also of one profile among many, and of a custom property. */
export function fieldOf(pointer: string | null | undefined): string | undefined {
  const rest = /\/attributes\/(?:profiles\/data\/\d+\/attributes\/)?([^/].*)$/.exec(pointer ?? '')?.[1];
  if (rest === undefined || /^profiles(\/|$)/.test(rest)) return undefined;
  const custom = /^properties\/(.+)$/.exec(rest)?.[1];
  // The name of a custom property may itself hold a slash.
  return custom ?? rest.replaceAll('/', '.');
}

/** Issue code of a refusal of one profile. */
export function refusalCode(status: number, error: KlaviyoError | undefined, field: string | undefined): string {
  const detail = error?.detail ?? '';
  if (status === 409 || error?.code === 'duplicate_profile') return 'duplicate_profile';
  if (status === 404) return 'not_found';
  if (/region/i.test(detail) && /sms|phone/i.test(detail)) return 'sms_region_unsupported';
  if (field === 'phone_number') return 'invalid_phone';
  if (field === 'email') return 'invalid_email';
  return 'klaviyo_rejected';
}

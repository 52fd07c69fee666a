import { z } from 'zod';
import { RecordRefused } from '../../errors.js';
import { jsonOf } from '../json-of.js';
import { shortenText } from '../../rules/shorten-text.js';

const contextSchema = z.record(z.string(), z.array(z.string())).optional().catch(undefined);

/** HubSpot's error body, as far as it is used. https://developers.hubspot.com/docs/api-reference/error-handling */
const errorSchema = z.object({
  message: z.string().default(''),
  category: z.string().optional(),
  policyName: z.string().optional(),
  errors: z
    .array(z.object({ message: z.string().default(''), code: z.string().optional(), context: contextSchema }))
    .optional()
    .catch(undefined),
  context: contextSchema,
});

export type VendorError = z.infer<typeof errorSchema>;

/** Parses an error body; anything else (a proxy's page, half an answer) becomes an error without words. */
export function vendorErrorOf(body: unknown): VendorError {
  const parsed = errorSchema.safeParse(typeof body === 'string' ? jsonOf(body) : body);
  return parsed.success ? parsed.data : { message: '' };
}

/** The scopes that a 403 names. */
export function scopesNamed(error: VendorError): string[] {
  const contexts = [error.context, ...(error.errors ?? []).map((one) => one.context)];
  return [
    ...new Set(contexts.flatMap((context) => context?.['requiredGranularScopes'] ?? context?.['requiredScopes'] ?? [])),
  ];
}

/** One entry of the list that HubSpot writes into the message of a refused property value. */
const entrySchema = z.object({
  isValid: z.boolean().optional(),
  message: z.string().default(''),
  error: z.string().default(''),
  name: z.string().default(''),
});

const codes: [RegExp, string][] = [
  [/PROPERTY_DOESNT_EXIST/, 'field_missing'],
  [/READ_ONLY_VALUE/, 'field_read_only'],
  [/INVALID_OPTION/, 'option_missing'],
  [/INVALID_EMAIL/, 'invalid_email'],
  [
    /INVALID_(NUMBER|INTEGER|LONG|DOUBLE|DATE|TIMESTAMP|BOOLEAN|BOOL)|NOT_A_NUMBER|LEADING_TRAILING/,
    'value_type_mismatch',
  ],
  [/TOO_LONG|MAX_LENGTH|VALUE_TOO_LARGE/, 'value_too_long'],
];

/** The status that an error inside a 207 stands for. */
export const statusOf = (error: VendorError): number =>
  error.category === 'CONFLICT' ? 409 : error.category === 'OBJECT_NOT_FOUND' ? 404 : 400;

/** Reads a 4xx: what was refused, which property, and who holds the identity already. */
export function refusalOf(status: number, error: VendorError): RecordRefused {
  const existingId = /existing id:?\s*(\d+)/i.exec(error.message)?.[1] ?? error.context?.['existingId']?.[0];
  if (status === 409 || error.category === 'CONFLICT') {
    return new RecordRefused('email_taken_in_hubspot', 'Another HubSpot contact has this email address.', {
      status,
      field: 'email',
      ...(existingId === undefined ? {} : { existingId }),
    });
  }
  const entry = invalidEntries(error.message)[0];
  const named = error.errors?.find((one) => one.context?.['propertyName']?.[0] !== undefined);
  const field = entry?.name ?? named?.context?.['propertyName']?.[0];
  const word = `${entry?.error ?? ''} ${named?.code ?? ''} ${error.category ?? ''}`;
  const fallback = field === undefined || field === '' ? 'hubspot_rejected' : 'hubspot_validation_rule';
  const code = codes.find(([pattern]) => pattern.test(word))?.[1] ?? fallback;
  const words = entry?.message ?? named?.message ?? error.message;
  return new RecordRefused(code, words === '' ? `HubSpot answers ${status}.` : shortenText(words, 500), {
    status,
    ...(field === undefined || field === '' ? {} : { field }),
  });
}

/** `Property values were not valid: [{"isValid":false,…}]` */
function invalidEntries(message: string): z.infer<typeof entrySchema>[] {
  const list = /\[\s*\{[\s\S]*\}\s*\]/.exec(message)?.[0];
  if (list === undefined) return [];
  const parsed = z.array(entrySchema).safeParse(jsonOf(list));
  // Where it is not the list we know, the message itself is shown.
  return parsed.success ? parsed.data.filter((entry) => entry.isValid !== true) : [];
}

import { z } from 'zod';
import { RecordRefused } from '../../errors.js';

/** HubSpot's error body, as far as it is used. https://developers.hubspot.com/docs/api-reference/error-handling */
const errorSchema = z.object({
  message: z.string().default(''),
  category: z.string().optional(),
  subCategory: z.unknown().optional(),
  errors: z.array(z.object({ message: z.string().default(''), code: z.string().optional(), context: z.record(z.string(), z.array(z.string())).optional() })).optional(),
  context: z.record(z.string(), z.array(z.string())).optional(),
});

export type VendorError = z.infer<typeof errorSchema>;

/** Parses an error body; anything else becomes an error without words. */
export function vendorErrorOf(body: unknown): VendorError {
  let value = body;
  if (typeof body === 'string') {
    try {
      value = JSON.parse(body);
    } catch {
      return { message: '' };
    }
  }
  const parsed = errorSchema.safeParse(value);
  return parsed.success ? parsed.data : { message: '' };
}

/** One entry of the list that HubSpot writes into the message of a refused property value. */
const entrySchema = z.object({ isValid: z.boolean().optional(), message: z.string().default(''), error: z.string().default(''), name: z.string().default('') });

const codes: [RegExp, string][] = [
  [/PROPERTY_DOESNT_EXIST/, 'field_missing'],
  [/READ_ONLY_VALUE/, 'field_read_only'],
  [/INVALID_OPTION|INVALID_OPTIONS/, 'option_missing'],
  [/INVALID_EMAIL/, 'invalid_email'],
  [/INVALID_(NUMBER|INTEGER|LONG|DOUBLE|DATE|TIMESTAMP|BOOLEAN|BOOL)|NOT_A_NUMBER|LEADING_TRAILING_WHITESPACE/, 'value_type_mismatch'],
  [/TOO_LONG|MAX_LENGTH|VALUE_TOO_LARGE/, 'value_too_long'],
];

/** Reads a 4xx: what was refused, which property, and who holds the identity already. */
export function refusalOf(status: number, error: VendorError): RecordRefused {
  const existingId = /Existing ID: (\d+)/.exec(error.message)?.[1] ?? error.context?.['existingId']?.[0];
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
  const code = codes.find(([pattern]) => pattern.test(word))?.[1] ?? (field === undefined ? 'hubspot_rejected' : 'hubspot_validation_rule');
  const words = entry?.message ?? named?.message ?? error.message;
  return new RecordRefused(code, words === '' ? `HubSpot answers ${status}.` : words.slice(0, 500), { status, ...(field === undefined || field === '' ? {} : { field }) });
}

/** `Property values were not valid: [{"isValid":false,…}]` */
function invalidEntries(message: string): z.infer<typeof entrySchema>[] {
  const list = /\[\s*\{[\s\S]*\}\s*\]/.exec(message)?.[0];
  if (list === undefined) return [];
  try {
    const parsed = z.array(entrySchema).safeParse(JSON.parse(list));
    return parsed.success ? parsed.data.filter((entry) => entry.isValid !== true) : [];
  } catch {
    // Not the list we know; the message itself is shown instead.
    return [];
  }
}

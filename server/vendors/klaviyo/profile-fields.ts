import type { KlaviyoField } from '../../rules/fields.js';
import { readAll } from './paging.js';
import { profileOf, profilePageSchema } from './profile-json.js';
import type { KlaviyoSession } from './session.js';
import { klaviyoAttributes } from './types.js';

/** Klaviyo has no list of custom properties: the most recently updated profiles tell which there are. */
const samplePages = 5;
const longestSample = 60;

/** The fields of an account: the fixed attributes, and the custom properties found on recent profiles. */
export async function sampleFields(session: KlaviyoSession): Promise<KlaviyoField[]> {
  const query = { 'fields[profile]': 'properties', sort: '-updated', 'page[size]': 100 };
  const rows = await readAll(session, '/api/profiles', query, profilePageSchema, samplePages);
  return [...attributeFields, ...propertyFields(rows.map((row) => profileOf(row).properties))];
}

/** The union of the properties' names, each with a type that fits all its values and the first value as sample. Pure. */
export function propertyFields(samples: readonly Record<string, unknown>[]): KlaviyoField[] {
  const found = new Map<string, { type: KlaviyoField['type']; sample?: string }>();
  for (const [name, value] of samples.flatMap((properties) => Object.entries(properties))) {
    const known = found.get(name);
    const sample = known?.sample ?? sampleOf(value);
    found.set(name, { type: commonType(known?.type, typeOf(value)), ...(sample === undefined ? {} : { sample }) });
  }
  return [...found]
    .map(([name, { type, sample }]): KlaviyoField => ({
      kind: 'property',
      name,
      label: name,
      type,
      readOnly: false,
      ...(sample === undefined ? {} : { sample }),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function sampleOf(value: unknown): string | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  // By characters, so that none is cut in two.
  return [...text].slice(0, longestSample).join('');
}

/** A type that holds both; "unknown" says nothing yet. */
function commonType(known: KlaviyoField['type'] | undefined, next: KlaviyoField['type']): KlaviyoField['type'] {
  if (known === undefined || known === 'unknown' || known === next) return next;
  if (next === 'unknown') return known;
  if (known === 'object' || next === 'object') return 'object';
  return known === 'list' || next === 'list' ? 'list' : 'string';
}

function typeOf(value: unknown): KlaviyoField['type'] {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'object' && value !== null) return 'object';
  if (typeof value !== 'string' || value === '') return 'unknown';
  return /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?.*)?$/.test(value) ? 'date' : 'string';
}

const labels: Record<string, string> = {
  'location.address1': 'Address',
  'location.address2': 'Address 2',
  'location.zip': 'Postal code',
};

function labelOf(name: string): string {
  const words = name.replace('location.', '').replaceAll('_', ' ');
  return labels[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

const fixed = (name: string, label: string, type: KlaviyoField['type'], because: string): KlaviyoField => ({
  kind: 'attribute',
  name,
  label,
  type,
  readOnly: true,
  because,
});

const consentBecause = 'Consent is changed by subscribing and unsubscribing, not by a field.';
const attributeFields: KlaviyoField[] = [
  ...klaviyoAttributes.map((name): KlaviyoField => ({
    kind: 'attribute',
    name,
    label: labelOf(name),
    type: 'string',
    readOnly: false,
  })),
  fixed('subscriptions.email.marketing.consent', 'Email consent', 'string', consentBecause),
  fixed('created', 'Created', 'date', 'Klaviyo sets it.'),
  fixed('updated', 'Updated', 'date', 'Klaviyo sets it.'),
];

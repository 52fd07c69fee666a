import type { HubspotField, KlaviyoField } from './fields.js';
import { toE164 } from './phone.js';
import type { Canonical } from './reconcile.js';
import { shortenText } from './shorten-text.js';

/**
 * Conversions between the two sides (rule D7). Each pair of fields has one kind; each kind has one canonical spelling,
 * in which values are compared and kept as base. Reading a side gives a canonical value or a refusal with its reason;
 * writing a side spells the canonical value as that side takes it.
 *
 * | kind      | canonical            | HubSpot                    | Klaviyo                        |
 * |-----------|----------------------|----------------------------|--------------------------------|
 * | text      | trimmed text         | text                       | string                         |
 * | number    | plain decimal text   | decimal text               | number                         |
 * | boolean   | true, false          | 'true', 'false'            | boolean                        |
 * | date      | YYYY-MM-DD           | YYYY-MM-DD                 | 'YYYY-MM-DD'                   |
 * | datetime  | ISO 8601 UTC with ms | ISO 8601                   | ISO 8601                       |
 * | option    | option value         | option value               | string                         |
 * | options   | sorted option values | values joined by ';'       | list of strings                |
 * | phone     | E.164                | any spelling, left as it is| E.164                          |
 */
export type Kind = 'text' | 'number' | 'boolean' | 'date' | 'datetime' | 'option' | 'options' | 'phone';

export interface FieldPair {
  hubspot: HubspotField;
  klaviyo: KlaviyoField;
}

export type ConversionIssue = 'invalid_phone' | 'option_missing' | 'value_type_mismatch' | 'value_too_long';

export type Reading = { ok: true; value: Canonical } | { ok: false; code: ConversionIssue; shown: string };

export interface ReadingContext {
  /** Region in which national phone numbers are read: the contact's country, else the connection's default. */
  region: string;
}

/** HubSpot's limit for text properties. https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide */
const longestText = 65_536;

/** The kind of a pair: decided by the HubSpot type, except that Klaviyo's phone number is always a phone. */
export function kindOf({ hubspot, klaviyo }: FieldPair): Kind {
  if (klaviyo.kind === 'attribute' && klaviyo.name === 'phone_number') return 'phone';
  switch (hubspot.type) {
    case 'number':
      return 'number';
    case 'bool':
      return 'boolean';
    case 'date':
      return 'date';
    case 'datetime':
      return 'datetime';
    case 'enumeration':
      return hubspot.fieldType === 'checkbox' ? 'options' : 'option';
    default:
      return 'text';
  }
}

/** Reads a HubSpot property value. */
export function readHubspot(pair: FieldPair, raw: string | null | undefined, context: ReadingContext): Reading {
  const text = raw?.trim() ?? '';
  if (text === '') return ok(null);
  switch (kindOf(pair)) {
    case 'number':
      return readNumber(text);
    case 'boolean':
      return readBoolean(text);
    case 'date':
      return readDate(text);
    case 'datetime':
      return readDatetime(text);
    case 'phone':
      return readPhone(text, context.region);
    case 'options':
      return ok(sortedSet(text.split(';')));
    case 'option':
    case 'text':
      return readText(text);
  }
}

/** Reads a Klaviyo attribute or property value (any JSON). Option values are matched with HubSpot's options (D8). */
export function readKlaviyo(pair: FieldPair, raw: unknown, context: ReadingContext): Reading {
  if (raw === null || raw === undefined || (typeof raw === 'string' && raw.trim() === '')) return ok(null);
  const kind = kindOf(pair);
  if (kind === 'options') return readOptions(pair.hubspot, raw);
  const text = scalarText(raw);
  if (text === null) return mismatch(raw);
  switch (kind) {
    case 'number':
      return readNumber(text);
    case 'boolean':
      return readBoolean(text);
    case 'date':
      return readDate(text);
    case 'datetime':
      return readDatetime(text);
    case 'phone':
      return readPhone(text, context.region);
    case 'option':
      return readOption(pair.hubspot, text);
    case 'text':
      return readText(text);
  }
}

/** Spells a canonical value as a HubSpot property value; empty is '' there. */
export function writeHubspot(value: Canonical): string {
  if (value === null) return '';
  return typeof value === 'object' ? value.join(';') : String(value);
}

/** Spells a canonical value as Klaviyo JSON. A property keeps the JSON type it has; attributes are strings. */
export function writeKlaviyo(pair: FieldPair, value: Canonical): string | number | boolean | string[] | null {
  if (value === null) return null;
  if (typeof value === 'object') return pair.klaviyo.kind === 'attribute' ? value.join(';') : [...value];
  if (pair.klaviyo.kind === 'attribute') return String(value);
  const asNumber = kindOf(pair) === 'number' || (kindOf(pair) === 'text' && pair.klaviyo.type === 'number');
  if (asNumber && typeof value === 'string') {
    const read = readNumber(value);
    // Beyond 15 digits a JSON number would change the value; text keeps it.
    if (read.ok && digitsOf(value) <= 15) return Number(read.value);
  }
  return value;
}

function ok(value: Canonical): Reading {
  return { ok: true, value };
}

function mismatch(raw: unknown): Reading {
  const text = typeof raw === 'string' ? raw : JSON.stringify(raw);
  return { ok: false, code: 'value_type_mismatch', shown: shortenText(text, 200) };
}

function readText(text: string): Reading {
  // NUL and half surrogate pairs are no text: neither vendor shows them and PostgreSQL's jsonb refuses them.
  const clean = text
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .trim();
  if (clean === '') return ok(null);
  return clean.length > longestText
    ? { ok: false, code: 'value_too_long', shown: `${shortenText(clean, 60)}…` }
    : ok(clean);
}

function digitsOf(text: string): number {
  return text.replace(/[^0-9]/g, '').length;
}

function readNumber(text: string): Reading {
  if (/^[+-]?\d+$/.test(text)) {
    // Whole numbers of any length stay exact.
    const plain = text.replace(/^([+-]?)0+(?=\d)/, '$1').replace(/^\+/, '');
    return ok(plain === '-0' ? '0' : plain);
  }
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text)) return mismatch(text);
  const number = Number(text);
  if (!Number.isFinite(number)) return mismatch(text);
  const plain = String(number === 0 ? 0 : number);
  return ok(plain);
}

function readBoolean(text: string): Reading {
  const word = text.toLowerCase();
  if (['true', 'yes', '1'].includes(word)) return ok(true);
  if (['false', 'no', '0'].includes(word)) return ok(false);
  return mismatch(text);
}

/** A moment in ms from ISO text, Klaviyo's `YYYY-MM-DD HH:MM:SS` (UTC) or HubSpot's milliseconds; null when none. */
function momentOf(text: string): number | null {
  if (/^-?\d{11,14}$/.test(text)) return Number(text);
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/i.exec(text);
  if (match === null) return null;
  const [, day = '', minutes = '00:00', seconds = ':00', zone = 'Z'] = match;
  const offset = zone.toUpperCase() === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const moment = Date.parse(`${day}T${minutes}${seconds}${offset}`);
  // Date.parse rolls 30 February over; a day that does not exist is no date.
  if (
    Number.isNaN(moment) ||
    Number.isNaN(Date.parse(day)) ||
    new Date(Date.parse(day)).toISOString().slice(0, 10) !== day
  )
    return null;
  return moment;
}

function readDate(text: string): Reading {
  const moment = momentOf(text);
  return moment === null ? mismatch(text) : ok(new Date(moment).toISOString().slice(0, 10));
}

function readDatetime(text: string): Reading {
  const moment = momentOf(text);
  return moment === null ? mismatch(text) : ok(new Date(moment).toISOString());
}

function readPhone(text: string, region: string): Reading {
  const number = toE164(text, region);
  return number === null ? { ok: false, code: 'invalid_phone', shown: shortenText(text, 60) } : ok(number);
}

function sortedSet(items: readonly string[]): string[] | null {
  const set = new Set(items.map((item) => item.trim()).filter((item) => item !== ''));
  return set.size === 0 ? null : [...set].sort();
}

function readOption(field: HubspotField, text: string): Reading {
  const option = optionFor(field, text);
  return option === null ? { ok: false, code: 'option_missing', shown: shortenText(text, 200) } : ok(option);
}

/** The option a text stands for: by value, else by label, case-insensitively; null when HubSpot has no such option. */
function optionFor(field: HubspotField, text: string): string | null {
  const options = field.options ?? [];
  const lower = text.toLowerCase();
  const found =
    options.find((option) => option.value === text) ??
    options.find((option) => option.value.toLowerCase() === lower) ??
    options.find((option) => option.label.toLowerCase() === lower);
  return found?.value ?? null;
}

function readOptions(field: HubspotField, raw: unknown): Reading {
  const items = Array.isArray(raw) ? raw.map(scalarText) : (scalarText(raw)?.split(';') ?? [null]);
  const values: string[] = [];
  for (const item of items) {
    if (item === null) return mismatch(raw);
    if (item.trim() === '') continue;
    const option = optionFor(field, item.trim());
    if (option === null) return { ok: false, code: 'option_missing', shown: shortenText(item.trim(), 200) };
    values.push(option);
  }
  return ok(sortedSet(values));
}

/** Text of a JSON scalar, or of a list of scalars joined by ';'; null for objects, which fit no HubSpot property. */
function scalarText(raw: unknown): string | null {
  if (typeof raw === 'string') return raw.trim();
  if (typeof raw === 'number' || typeof raw === 'boolean') return String(raw);
  if (!Array.isArray(raw)) return null;
  const parts = raw.map((item) => (Array.isArray(item) ? null : scalarText(item)));
  return parts.every((part) => part !== null) ? parts.join(';') : null;
}

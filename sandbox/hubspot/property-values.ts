import type { PropertyDefinition } from './property-definitions.js';
import type { Portal } from './store.js';

export interface Invalid {
  isValid: false;
  message: string;
  error: string;
  name: string;
}

/** Checks and normalises one value as HubSpot does; '' clears. */
function normalise(
  definition: PropertyDefinition,
  value: string,
  old: string,
): string | { error: string; message: string } {
  if (value === '') return '';
  const refuse = (error: string, what: string): { error: string; message: string } => ({
    error,
    message: `${value.slice(0, 80)} was not ${what}.`,
  });
  if (definition.type !== 'string' && value !== value.trim())
    return { error: 'LEADING_TRAILING_WHITESPACE', message: 'The value has leading or trailing whitespace.' };
  switch (definition.type) {
    case 'number':
      return Number.isFinite(Number(value)) ? value : refuse('INVALID_NUMBER', 'a valid number');
    case 'bool':
      return value === 'true' || value === 'false'
        ? value
        : refuse('INVALID_OPTION', 'one of the allowed options: [true, false]');
    case 'date': {
      const ms = /^\d{4}-\d\d-\d\d$/.test(value)
        ? Date.parse(value)
        : /^-?\d+$/.test(value)
          ? Number(value)
          : Number.NaN;
      if (Number.isNaN(ms) || ms % 86_400_000 !== 0) return refuse('INVALID_DATE', 'at midnight UTC');
      return new Date(ms).toISOString().slice(0, 10);
    }
    case 'datetime': {
      const ms = /^-?\d+$/.test(value) ? Number(value) : Date.parse(value);
      return Number.isNaN(ms) ? refuse('INVALID_TIMESTAMP', 'a valid timestamp') : new Date(ms).toISOString();
    }
    case 'enumeration': {
      if (definition.options.length === 0) return value;
      const append = definition.fieldType === 'checkbox' && value.startsWith(';');
      const wanted = definition.fieldType === 'checkbox' ? value.split(';').filter((one) => one !== '') : [value];
      const unknown = wanted.find((one) => !definition.options.some((option) => option.value === one));
      if (unknown !== undefined)
        return {
          error: 'INVALID_OPTION',
          message: `${unknown} was not one of the allowed options: [${definition.options.map((option) => option.value).join(', ')}]`,
        };
      return [...new Set([...(append ? old.split(';').filter((one) => one !== '') : []), ...wanted])].join(';');
    }
    default:
      if (value.length > 65_536)
        return { error: 'PROPERTY_VALUE_TOO_LONG', message: 'The value is longer than 65,536 characters.' };
      if (definition.name === 'email') {
        const email = value.trim().toLowerCase();
        return /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/.test(email)
          ? email
          : { error: 'INVALID_EMAIL', message: `Email address ${email} is invalid` };
      }
      return value;
  }
}

/** Checks all properties of one input: what to store, or the entries HubSpot would list. */
export function checkProperties(
  portal: Portal,
  type: string,
  given: Record<string, unknown>,
  old: Record<string, string>,
): { values: Record<string, string>; invalid: Invalid[] } {
  const definitions = portal.definitions(type);
  const values: Record<string, string> = {};
  const invalid: Invalid[] = [];
  for (const [name, raw] of Object.entries(given)) {
    const definition = definitions.get(name);
    const value = raw === null || raw === undefined ? '' : String(raw);
    if (definition === undefined) {
      if (portal.table(type) === portal.deals) values[name] = value;
      else
        invalid.push({
          isValid: false,
          message: `Property "${name}" does not exist`,
          error: 'PROPERTY_DOESNT_EXIST',
          name,
        });
      continue;
    }
    if (definition.readOnly) {
      invalid.push({
        isValid: false,
        message: `"${name}" is a read only property; its value cannot be set.`,
        error: 'READ_ONLY_VALUE',
        name,
      });
      continue;
    }
    if (definition.rule !== undefined && value !== '' && !definition.rule.test(value)) {
      invalid.push({
        isValid: false,
        message: `The value "${value.slice(0, 80)}" does not meet the validation rule of the property "${name}".`,
        error: 'VALIDATION_RULE_VIOLATION',
        name,
      });
      continue;
    }
    const result = normalise(definition, value, old[name] ?? '');
    if (typeof result === 'string') values[name] = result;
    else invalid.push({ isValid: false, ...result, name });
  }
  return { values, invalid };
}

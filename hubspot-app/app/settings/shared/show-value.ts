import { words } from '../words.js';
import { breakable } from './breakable.js';

const mostCharacters = 120;

/** Any value as people read it: lists with commas, empty as (empty), long ones cut. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined || value === '') return words.common.empty;
  const text = Array.isArray(value)
    ? value.map((one) => showValue(one)).join(', ')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : typeof value === 'boolean'
        ? value
          ? words.common.yes
          : words.common.no
        : String(value);
  return breakable(text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text);
}

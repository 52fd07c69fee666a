import type { RandomField } from './fields.js';

/** A value as both sides would spell it, `null` when empty, or that it fits no field of the kind. */
export type Spelled = { fits: true; value: string | null } | { fits: false };

const colours: Record<string, string> = { 'dark violet': 'dark_violet' };
const knownColours = new Set(['red', 'green', 'blue', 'dark_violet']);

/**
 * Rules D4 and D7 written down once more, from the rules and not from the service: it shares no line with what it
 * judges. Answers what a raw value of either side means.
 */
export function spelled(field: RandomField, raw: unknown): Spelled {
  const fits = (value: string | null): Spelled => ({ fits: true, value });
  if (raw === null || raw === undefined) return fits(null);
  if (field.kind === 'options') return optionsSpelled(raw);
  const text = (Array.isArray(raw) ? raw.join(';') : String(raw)).trim();
  if (text === '') return fits(null);
  switch (field.kind) {
    case 'text':
      return fits(text);
    case 'number':
      return Number.isNaN(Number(text)) ? { fits: false } : fits(numberSpelled(text));
    case 'boolean': {
      const word = text.toLowerCase();
      if (['true', 'yes', '1'].includes(word)) return fits('true');
      return ['false', 'no', '0'].includes(word) ? fits('false') : { fits: false };
    }
    case 'date': {
      const day = /^(\d{4})-(\d\d)-(\d\d)/.exec(text);
      if (day === null) return { fits: false };
      const [, year, month, date] = day;
      const exists = new Date(Date.UTC(Number(year), Number(month) - 1, Number(date))).getUTCDate() === Number(date);
      return exists ? fits(day[0]) : { fits: false };
    }
    case 'option': {
      const option = colour(text);
      return knownColours.has(option) ? fits(option) : { fits: false };
    }
    case 'phone': {
      const digits = text.replace(/\D/g, '');
      if (digits.length < 6) return { fits: false };
      // What a national number means depends on the country: only its digits are compared.
      return fits(text.startsWith('+') ? `+${digits}` : `national ${digits.replace(/^0+/, '')}`);
    }
  }
}

const colour = (text: string): string => colours[text.trim().toLowerCase()] ?? text.trim().toLowerCase();

function optionsSpelled(raw: unknown): Spelled {
  const items = (Array.isArray(raw) ? raw.map(String) : String(raw).split(';')).filter((item) => item.trim() !== '');
  const values = [...new Set(items.map(colour))].sort();
  if (values.some((value) => !knownColours.has(value))) return { fits: false };
  return { fits: true, value: values.length === 0 ? null : values.join(';') };
}

/** 7, 007 and 7.0 are one number; beyond what a JSON number holds the digits themselves count. */
function numberSpelled(text: string): string {
  const whole = /^[+-]?\d+$/.test(text);
  return whole && text.length > 15 ? BigInt(text).toString() : String(Number(text) === 0 ? 0 : Number(text));
}

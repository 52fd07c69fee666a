import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readHubspot, readKlaviyo, writeHubspot, writeKlaviyo, type FieldPair } from '../../../server/rules/convert.js';
import type { HubspotField, KlaviyoField } from '../../../server/rules/fields.js';

const context = { region: 'DE' };
function pair(hubspot: Partial<HubspotField>, klaviyo: Partial<KlaviyoField> = {}): FieldPair {
  return {
    hubspot: {
      object: 'contact',
      name: 'f',
      label: 'F',
      type: 'string',
      fieldType: 'text',
      readOnly: false,
      ...hubspot,
    },
    klaviyo: { kind: 'property', name: 'F', label: 'F', type: 'unknown', readOnly: false, ...klaviyo },
  };
}
const text = pair({});
const number = pair({ type: 'number' });
const boolean = pair({ type: 'bool', fieldType: 'booleancheckbox' });
const date = pair({ type: 'date' });
const datetime = pair({ type: 'datetime' });
const choices = [
  { value: 'red', label: 'Red', hidden: false },
  { value: 'dark_blue', label: 'Dark blue', hidden: false },
];
const option = pair({ type: 'enumeration', fieldType: 'radio', options: choices });
const options = pair({ type: 'enumeration', fieldType: 'checkbox', options: choices });
const phone = pair(
  { type: 'phone_number', fieldType: 'phonenumber' },
  { kind: 'attribute', name: 'phone_number', type: 'string' },
);
const all = { text, number, boolean, date, datetime, option, options, phone };

describe('D7: types are converted and checked', () => {
  const fromHubspot: [string, FieldPair, string | null, unknown][] = [
    ['blanks at the ends do not count', text, '  Ada ', 'Ada'],
    ['blank is empty', text, '   ', null],
    ['zero is a value', number, '0', '0'],
    ['leading zeros', number, '007', '7'],
    ['decimals in one spelling', number, '1.50', '1.5'],
    ['whole numbers beyond double precision stay exact', number, '12345678901234567890', '12345678901234567890'],
    ['false is a value', boolean, 'false', false],
    ['a date', date, '2024-02-29', '2024-02-29'],
    ['a date as milliseconds', date, '1709164800000', '2024-02-29'],
    ['a datetime', datetime, '2024-02-29T10:00:00Z', '2024-02-29T10:00:00.000Z'],
    ['multiple options, order does not count', options, 'red;dark_blue', ['dark_blue', 'red']],
    ['multiple options with a leading semicolon', options, ';red', ['red']],
    ['a national number in the contact’s region', phone, '030 901820', '+4930901820'],
    ['an international number', phone, '+1 (202) 555-0123', '+12025550123'],
  ];
  test.each(fromHubspot)('HubSpot: %s', (_name, which, raw, value) => {
    expect(readHubspot(which, raw, context)).toEqual({ ok: true, value });
  });

  const fromKlaviyo: [string, FieldPair, unknown, unknown][] = [
    ['a number', number, 12.5, '12.5'],
    ['a number written as text', number, '12.50', '12.5'],
    ['zero', number, 0, '0'],
    ['a boolean', boolean, false, false],
    ['yes', boolean, 'Yes', true],
    ['Klaviyo’s own datetime spelling', datetime, '2024-02-29 10:00:00', '2024-02-29T10:00:00.000Z'],
    ['a datetime where a date is wanted', date, '2024-02-29T23:00:00+00:00', '2024-02-29'],
    ['an option by its label, any case', option, 'dark BLUE', 'dark_blue'],
    ['a list of options', options, ['Dark blue', 'red'], ['dark_blue', 'red']],
    ['a list in a text field', text, ['a', 'b'], 'a;b'],
    ['an empty list', options, [], null],
    ['a number in a text field', text, 42, '42'],
    ['null', text, null, null],
    ['a missing key', text, undefined, null],
  ];
  test.each(fromKlaviyo)('Klaviyo: %s', (_name, which, raw, value) => {
    expect(readKlaviyo(which, raw, context)).toEqual({ ok: true, value });
  });

  const refused: [string, FieldPair, unknown, string][] = [
    ['D7: a number that is none', number, 'twelve', 'value_type_mismatch'],
    ['D7: a day that does not exist', date, '2024-02-30', 'value_type_mismatch'],
    ['D7: an object in a text field', text, { a: 1 }, 'value_type_mismatch'],
    ['D8: an option that HubSpot has not', option, 'green', 'option_missing'],
    ['D8: one of several options missing', options, ['red', 'green'], 'option_missing'],
    ['D7: a phone number that cannot be converted', phone, '12', 'invalid_phone'],
    ['D7: a text too long for HubSpot', text, 'x'.repeat(65_537), 'value_too_long'],
  ];
  test.each(refused)('%s is refused and named', (_name, which, raw, code) => {
    expect(readKlaviyo(which, raw, context)).toMatchObject({ ok: false, code });
  });

  test('D8: the missing option is named', () => {
    expect(readKlaviyo(options, ['red', 'green'], context)).toMatchObject({ shown: 'green' });
  });

  test('a text field keeps the JSON type its Klaviyo property has', () => {
    const pairOfNumbers = pair({}, { type: 'number' });
    expect(writeKlaviyo(pairOfNumbers, '42')).toBe(42);
    expect(writeKlaviyo(pairOfNumbers, '12345678901234567890')).toBe('12345678901234567890');
  });

  test('every value survives the way to Klaviyo and back, and to HubSpot and back', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('\0', '\ud800', '0', 'false', ';;', ' \u00a0'),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(all)), hostile, (which, raw) => {
        const read = readHubspot(which, raw, context);
        if (!read.ok) return;
        expect(readHubspot(which, writeHubspot(read.value), context)).toEqual(read);
        if (which.hubspot.type !== 'enumeration')
          expect(readKlaviyo(which, writeKlaviyo(which, read.value), context)).toEqual(read);
      }),
      { numRuns: 3000 },
    );
  });

  test('any JSON from Klaviyo is read or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(all)), fc.jsonValue(), (which, raw) => {
        const read = readKlaviyo(which, raw, context);
        if (read.ok) expect(readHubspot(which, writeHubspot(read.value), context)).toEqual(read);
      }),
      { numRuns: 3000 },
    );
  });

  test('G4: what is shown of a refused value can be kept, whatever stands in it and wherever it is cut', () => {
    const units = fc.oneof(fc.constantFrom(0, 0xd83d, 0xdc4d, 0x41), fc.nat(0xffff));
    const any = fc.array(units, { maxLength: 260 }).map((codes) => String.fromCharCode(...codes));
    // Cut in the middle of a character, at each of the lengths in use.
    const cut = fc.constantFrom(59, 199).map((length) => `${'x'.repeat(length)}👍 and more`);
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(all)), fc.oneof(any, cut), (which, raw) => {
        for (const reading of [readHubspot(which, raw, context), readKlaviyo(which, raw, context)])
          if (!reading.ok) expect(reading.shown).not.toMatch(/[\0\p{Surrogate}]/u);
      }),
    );
  });

  test('numbers: equal numbers have one spelling', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => {
        const one = readKlaviyo(number, n, context);
        expect(readKlaviyo(number, String(n), context)).toEqual(one);
      }),
    );
  });
});

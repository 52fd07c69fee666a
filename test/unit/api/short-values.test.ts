import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shortValues } from '../../../server/api/short-values.js';

test('what is short stays as it is, empty and false too', () => {
  for (const value of ['', 'x', 0, false, null, ['a', null], { a: { b: [1] } }])
    expect(shortValues(value)).toEqual(value);
});

test('a long text and a long list are cut, and say so', () => {
  expect(shortValues('x'.repeat(501))).toBe(`${'x'.repeat(500)}…`);
  expect(shortValues(Array.from({ length: 101 }, () => 'y'))).toEqual([...Array.from({ length: 100 }, () => 'y'), '…']);
});

test('whatever a value holds, no text in it is longer than a page shows', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 2_000 }), (value, length) => {
      const texts = JSON.stringify(shortValues([value, { deep: ['x'.repeat(length)] }]))
        .split('"')
        .filter((text) => /^x+…?$/.test(text));
      return texts.every((text) => text.length <= 501);
    }),
  );
});

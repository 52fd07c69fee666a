import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Refusal } from '../../../sandbox/core/server.js';
import type { SandboxRequest } from '../../../sandbox/core/router.js';
import { clausesOf, stretchOf, within } from '../../../sandbox/klaviyo/filter.js';

const allowed = {
  email: 'string any equals',
  updated: 'datetime greater-than greater-or-equal less-than less-or-equal',
  archived: 'boolean equals',
  profile: 'none has',
};

/** A request that carries nothing but a filter. */
function asking(filter: string): SandboxRequest {
  const url = new URL('http://127.0.0.1/api/profiles');
  url.searchParams.set('filter', filter);
  return {
    method: 'GET',
    url,
    path: url.pathname,
    params: {},
    query: url.searchParams,
    headers: {},
    rawBody: Buffer.alloc(0),
    json: undefined,
    form: new URLSearchParams(),
    partial: false,
  };
}
const parse = (filter: string): unknown => clausesOf(asking(filter), allowed);

test('G3: any text survives quoting, whatever is in it', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (values) => {
      const list = values.map((value) => JSON.stringify(value)).join(',');
      expect(parse(`any(email,[${list}])`)).toEqual([{ operator: 'any', field: 'email', values }]);
      expect(parse(`equals(email,${JSON.stringify(values[0])})`)).toMatchObject([{ values: [values[0]] }]);
    }),
  );
});

test('G3: whatever is no filter is refused, and nothing else is thrown', () => {
  const pieces = fc.constantFrom(
    'any',
    '(',
    ')',
    '[',
    ']',
    ',',
    '"',
    "'",
    'email',
    'updated',
    'and(',
    '2026-01-01',
    '\\',
    ' ',
    'true',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 14 }), (parts) => {
      try {
        parse(parts.join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
    }),
    { numRuns: 1000 },
  );
});

test('clauses stand side by side or inside of and()', () => {
  const clauses = [
    { operator: 'has', field: 'profile', values: [] },
    { operator: 'equals', field: 'archived', values: ['true'] },
    { operator: 'equals', field: 'email', values: ["o'neil)@example.com"] },
  ];
  expect(parse(`has(profile),equals(archived,true),equals(email,"o'neil)@example.com")`)).toEqual(clauses);
  expect(parse(`and(has(profile),and(equals(archived,true)),equals(email,"o'neil)@example.com"))`)).toEqual(clauses);
  expect(parse('')).toEqual([]);
});

test('times count by the second: the stretch holds exactly the moments whose second fits', () => {
  const base = Date.parse('2026-01-01T00:00:00Z');
  const fits: Record<string, (second: number, bound: number) => boolean> = {
    'greater-than': (second, bound) => second > bound,
    'greater-or-equal': (second, bound) => second >= bound,
    'less-than': (second, bound) => second < bound,
    'less-or-equal': (second, bound) => second <= bound,
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(fits)),
      fc.nat({ max: 5000 }),
      fc.nat({ max: 5000 }),
      (operator, boundMs, momentMs) => {
        const [bound, moment] = [base + boundMs, base + momentMs];
        const filter = `${operator}(updated,${new Date(bound).toISOString()})`;
        const stretch = stretchOf(clausesOf(asking(filter), allowed), 'updated');
        expect(within(stretch, moment)).toBe(fits[operator]?.(Math.floor(moment / 1000) * 1000, bound));
      },
    ),
  );
});

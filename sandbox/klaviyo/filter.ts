import type { SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalidParameter } from './answers.js';

/** One clause of Klaviyo's filter language: `any(email,["a","b"])`, `greater-than(updated,2026-01-01T00:00:00Z)`. */
export interface Clause {
  operator: string;
  field: string;
  values: string[];
}

interface Value {
  text: string;
  quoted: boolean;
}

class FilterError extends Error {}

/** What may be filtered: a kind of value, then the operators. `{ email: 'string any equals', profile: 'none has' }` */
export type Filterable = Readonly<Record<string, string>>;

/** The clauses of a request's filter, all of which must hold; refuses what the operation does not know. */
export function clausesOf(request: SandboxRequest, allowed: Filterable): Clause[] {
  const text = request.query.get('filter') ?? '';
  try {
    return parse(text).map(({ operator, field, values }) => {
      const [kind = '', ...operators] = (allowed[field] ?? '').split(' ');
      if (kind === '') throw new FilterError(`'${field}' is not a valid field to filter on`);
      if (!operators.includes(operator)) {
        throw new FilterError(`'${operator}' is not a valid operator for the field '${field}'`);
      }
      for (const value of values) check(value, kind, field);
      return { operator, field, values: values.map((value) => value.text) };
    });
  } catch (error) {
    if (error instanceof FilterError)
      throw new Refusal(invalidParameter('filter', `Invalid filter: ${error.message}.`));
    throw error;
  }
}

function check({ text, quoted }: Value, kind: string, field: string): void {
  const wrong =
    kind === 'string'
      ? !quoted
      : quoted ||
        (kind === 'datetime' && Number.isNaN(Date.parse(text))) ||
        (kind === 'number' && !Number.isFinite(Number(text))) ||
        (kind === 'boolean' && text !== 'true' && text !== 'false');
  // Times stand without quotes; with them Klaviyo refuses the filter.
  if (wrong) throw new FilterError(`'${text}' is not a valid ${kind} value for '${field}'${quoted ? ' (quoted)' : ''}`);
}

/** Clauses joined by commas or inside `and(…)`. There is no "or". */
function parse(text: string): { operator: string; field: string; values: Value[] }[] {
  const clauses: { operator: string; field: string; values: Value[] }[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const and = /^and\s*\(/.exec(rest);
    if (and !== null) {
      const inner = enclosed(rest.slice(and[0].length));
      clauses.push(...parse(inner.inside));
      rest = nextClause(inner.after);
      continue;
    }
    const head = /^([a-z-]+)\(\s*([\w.]+)\s*/.exec(rest);
    if (head === null) throw new FilterError(`cannot be read near "${rest.slice(0, 40)}"`);
    const [opening, operator = '', field = ''] = head;
    rest = rest.slice(opening.length);
    let values: Value[] = [];
    if (rest.startsWith(',')) {
      rest = rest.slice(1).trimStart();
      [values, rest] = rest.startsWith('[') ? list(rest) : single(rest);
    } else if (operator !== 'has') {
      throw new FilterError(`"${operator}" needs a value`);
    }
    rest = rest.trimStart();
    if (!rest.startsWith(')')) throw new FilterError('a ")" is missing');
    rest = nextClause(rest.slice(1));
    clauses.push({ operator, field, values });
  }
  return clauses;
}

function nextClause(text: string): string {
  const rest = text.trimStart();
  if (rest === '') return '';
  if (!rest.startsWith(',')) throw new FilterError(`a "," is missing before "${rest.slice(0, 20)}"`);
  return rest.slice(1).trimStart();
}

function enclosed(text: string): { inside: string; after: string } {
  let depth = 1;
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quote !== '') {
      if (character === '\\') index += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '(') depth += 1;
    else if (character === ')') {
      depth -= 1;
      if (depth === 0) return { inside: text.slice(0, index), after: text.slice(index + 1) };
    }
  }
  throw new FilterError('a ")" is missing');
}

function single(text: string): [Value[], string] {
  const quoted = /^("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/s.exec(text)?.[0];
  if (quoted !== undefined) return [[{ text: unquote(quoted), quoted: true }], text.slice(quoted.length)];
  const bare = /^[^,()[\]"']+/.exec(text)?.[0] ?? '';
  if (bare.trim() === '') throw new FilterError('a value is missing');
  return [[{ text: bare.trim(), quoted: false }], text.slice(bare.length)];
}

function list(text: string): [Value[], string] {
  const values: Value[] = [];
  let rest = text.slice(1).trimStart();
  while (!rest.startsWith(']')) {
    if (rest === '') throw new FilterError('a "]" is missing');
    const [found, after] = single(rest);
    values.push(...found);
    rest = after.trimStart().replace(/^,\s*/, '');
  }
  return [values, rest.slice(1)];
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text.slice(1, -1).replace(/\\(.)/gs, '$1');
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new FilterError(`${text.slice(0, 40)} is not a valid string`);
  }
}

/** Whether a text is among a clause's values. */
export const isAmong = (clause: Clause, value: string | null): boolean => clause.values.includes(value ?? '');

/** How close to now a time may come before Klaviyo refuses it. */
const tooCloseMs = 5000;

/**
 * The stretch of time that a field's clauses ask for, in milliseconds: `from` inclusive, `to` exclusive. Times have a grain
 * of a second: what happened at 12:00:00.7 counts as 12:00:00. Klaviyo refuses times less than five seconds ago, and
 * future ones.
 */
export function stretchOf(
  clauses: readonly Clause[],
  field: string,
  unit: 'date' | 'seconds' = 'date',
): { from?: number; to?: number } {
  const stretch: { from?: number; to?: number } = {};
  for (const { operator, field: name, values } of clauses) {
    if (name !== field) continue;
    const text = values[0] ?? '';
    const bound = unit === 'seconds' ? Number(text) * 1000 : Date.parse(text);
    if (bound > Date.now() - tooCloseMs) {
      throw new Refusal(
        invalidParameter('filter', `The ${field} ${text} is too close to the present or in the future.`),
      );
    }
    const at = Math.ceil(bound / 1000) * 1000;
    const afterwards = (Math.floor(bound / 1000) + 1) * 1000;
    const from = operator === 'greater-than' ? afterwards : operator === 'greater-or-equal' ? at : undefined;
    const to = operator === 'less-than' ? at : operator === 'less-or-equal' ? afterwards : undefined;
    if (from !== undefined) stretch.from = Math.max(stretch.from ?? from, from);
    if (to !== undefined) stretch.to = Math.min(stretch.to ?? to, to);
  }
  return stretch;
}

/** Whether a moment lies in a stretch. */
export const within = ({ from, to }: { from?: number; to?: number }, at: number): boolean =>
  (from === undefined || at >= from) && (to === undefined || at < to);

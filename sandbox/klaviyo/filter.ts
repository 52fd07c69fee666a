/** One clause of Klaviyo's filter language: `any(email,["a","b"])`, `greater-than(updated,2026-01-01T00:00:00Z)`. */
export interface Clause {
  operator: string;
  field: string;
  values: string[];
}

export class FilterError extends Error {}

/** Parses a filter: clauses joined by commas, meaning "and". Strings in double quotes, times without. */
export function parseFilter(text: string): Clause[] {
  const clauses: Clause[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const head = /^([a-z-]+)\(([\w.]+)\s*,\s*/.exec(rest);
    if (head === null) throw new FilterError(`Invalid filter near ${rest.slice(0, 40)}`);
    rest = rest.slice(head[0].length);
    const [values, after] = rest.startsWith('[') ? list(rest) : single(rest);
    rest = after.trimStart();
    if (!rest.startsWith(')')) throw new FilterError('Missing ) in filter');
    rest = rest.slice(1).replace(/^\s*,\s*/, '');
    clauses.push({ operator: head[1] ?? '', field: head[2] ?? '', values });
  }
  return clauses;
}

function single(text: string): [string[], string] {
  const quoted = /^("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/.exec(text)?.[0];
  if (quoted !== undefined) return [[unquote(quoted)], text.slice(quoted.length)];
  const bare = /^[^,)\]]+/.exec(text)?.[0] ?? '';
  return [[bare.trim()], text.slice(bare.length)];
}

function list(text: string): [string[], string] {
  const values: string[] = [];
  let rest = text.slice(1).trimStart();
  while (!rest.startsWith(']')) {
    if (rest === '') throw new FilterError('Missing ] in filter');
    const [[value = ''], after] = single(rest);
    values.push(value);
    rest = after.trimStart().replace(/^,\s*/, '');
  }
  return [values, rest.slice(1)];
}

function unquote(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text.slice(1, -1);
}

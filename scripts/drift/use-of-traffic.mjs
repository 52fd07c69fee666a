import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * What we use of the vendors' APIs, read out of recorded traffic: each operation with the parameters and fields that were
 * sent, and the fields of answers that our adapters name. Keys that customers choose (properties) count as `*`.
 *
 * @typedef {{ query: string[], chosen: Record<string, string[]>, filters: string[], sends: string[], reads: string[] }} Use
 */

/** Below these, keys are the customer's. */
const maps = new Set(['properties', 'event_properties', 'propertiesWithHistory', 'extraData']);
/** Parameters whose values are names of the vendor's: what is sorted by, included, asked for. */
const isChoice = (name) => /^(sort|include|fields\[.+\]|additional-fields\[.+\])$/.test(name);

/** Every field of a JSON value as a path; entries of lists are `[]`. */
export function fieldsOf(value, at = '', found = new Set()) {
  if (Array.isArray(value)) {
    if (value.length > 0) found.add(`${at}[]`);
    for (const entry of value.slice(0, 50)) fieldsOf(entry, `${at}[]`, found);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inside] of Object.entries(value)) {
      const path = at === '' ? key : `${at}.${key}`;
      found.add(path);
      const isMap = maps.has(key) && typeof inside === 'object' && inside !== null && !Array.isArray(inside);
      if (isMap) found.add(`${path}.*`);
      else fieldsOf(inside, path, found);
    }
  }
  return found;
}

const bodyOf = (text, type) => {
  if (typeof text !== 'string' || text === '') return undefined;
  if (/x-www-form-urlencoded/.test(type ?? '')) return Object.fromEntries(new URLSearchParams(text));
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A segment of a path that is the vendor's word, not an id. */
const isWord = (segment) => /^([a-z][a-z-]*|\d{4}-\d{2})$/.test(segment);

/** Operators and fields of a filter of Klaviyo's: `greater-than(updated,…)`. */
const filtersIn = (text) =>
  [...text.matchAll(/([a-z-]+)\(([A-Za-z_][\w.]*)/g)].map(([, operator, field]) => `${operator}(${field})`);

/**
 * Reads recorded traffic. `words` tells by vendor which names its adapters know: a field of an answer that no adapter
 * names is not used.
 */
export async function useOfTraffic(folder, words) {
  const operations = new Map();
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.jsonl'))) {
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
      if (line === '') continue;
      const exchange = JSON.parse(line);
      // What was refused shows what a test does wrong on purpose, not what we use.
      if (exchange.status >= 300) continue;
      const url = new URL(exchange.url, 'http://vendor');
      const segments = url.pathname.split('/').filter((segment) => segment !== '');
      const path = `/${segments.map((segment) => (isWord(segment) ? segment : '{id}')).join('/')}`;
      const key = `${exchange.vendor} ${exchange.method} ${path}`;
      const known = operations.get(key) ?? {
        vendor: exchange.vendor,
        call: `${exchange.method} ${path}`,
        query: new Set(),
        chosen: {},
        filters: new Set(),
        sends: new Set(),
        reads: new Set(),
      };
      operations.set(key, known);
      for (const [parameter, value] of url.searchParams) {
        known.query.add(parameter);
        if (isChoice(parameter))
          for (const one of value.split(',')) (known.chosen[parameter] ??= new Set()).add(one.replace(/^-/, ''));
        if (parameter === 'filter') for (const one of filtersIn(value)) known.filters.add(one);
      }
      fieldsOf(bodyOf(exchange.body, exchange.headers?.['content-type']) ?? {}, '', known.sends);
      for (const field of fieldsOf(bodyOf(exchange.responseBody, exchange.responseHeaders?.['content-type']) ?? {})) {
        const last = field.split('.').at(-1).replaceAll('[]', '');
        if (last === '*' || words[exchange.vendor].has(last)) known.reads.add(field);
      }
    }
  }
  const use = { hubspot: {}, klaviyo: {} };
  for (const { vendor, call, query, chosen, filters, sends, reads } of operations.values()) {
    const choices = Object.entries(chosen).map(([name, values]) => [name, [...values].sort()]);
    use[vendor][call] = {
      query: [...query].sort(),
      chosen: Object.fromEntries(choices.sort(([a], [b]) => (a < b ? -1 : 1))),
      filters: [...filters].sort(),
      sends: [...sends].sort(),
      reads: [...reads].sort(),
    };
  }
  const sorted = (all) => Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { hubspot: sorted(use.hubspot), klaviyo: sorted(use.klaviyo) };
}

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * OpenAPI documents of one vendor: one file, or a folder in which every JSON file that holds paths counts (HubSpot
 * publishes one document per API and version).
 */
export async function openDocuments(path) {
  const files = (await stat(path)).isDirectory()
    ? (await readdir(path, { recursive: true }))
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map((name) => join(path, name))
    : [path];
  const documents = [];
  for (const file of files) {
    const document = JSON.parse(await readFile(file, 'utf8'));
    if (typeof document?.paths === 'object' && document.paths !== null) documents.push(document);
  }
  if (documents.length === 0) throw new Error(`${path} holds no OpenAPI document.`);
  return { version: documents[0].info?.version ?? '', find: (method, at) => find(documents, method, at) };
}

/** The operation that answers a path, with what is needed to read it; null when there is none. The most literal wins. */
function find(documents, method, at) {
  const segments = at.split('/').filter((segment) => segment !== '');
  let best = null;
  for (const document of documents) {
    for (const [template, item] of Object.entries(document.paths)) {
      const operation = item[method.toLowerCase()];
      if (operation === undefined) continue;
      const parts = template.split('/').filter((part) => part !== '');
      if (parts.length !== segments.length) continue;
      const literal = parts.filter((part, n) => part === segments[n]).length;
      const fits = parts.every((part, n) => part === segments[n] || /^\{.+\}$/.test(part));
      if (fits && literal >= (best?.literal ?? 0)) best = { literal, template, document, item, operation };
    }
  }
  return best === null ? null : read(best);
}

const deepest = 9;

function read({ document, item, operation, template }) {
  const resolve = (thing) => {
    let now = thing;
    while (typeof now?.$ref === 'string')
      now = now.$ref
        .replace(/^#\//, '')
        .split('/')
        .reduce((inside, key) => inside?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
    return now;
  };
  /** Schemas of one thing, with their alternatives, as one: what any of them allows. Fields keep all that is said of them. */
  const facts = (schemas) => {
    const merged = { types: new Set(), values: new Set(), isChoice: false, required: new Set(), fields: new Map() };
    // Alternatives name each other in circles, and the same schema from many places: each counts once.
    const seen = new Set();
    const take = (one, mandatory) => {
      const known = resolve(one) ?? {};
      if (seen.has(known)) return;
      seen.add(known);
      for (const type of [known.type].flat()) if (type !== undefined) merged.types.add(type);
      if (known.nullable === true) merged.types.add('null');
      if (Array.isArray(known.enum)) {
        merged.isChoice = true;
        for (const value of known.enum) merged.values.add(String(value));
      }
      for (const limit of ['maxItems', 'minItems', 'maximum', 'minimum', 'maxLength', 'pattern', 'format'])
        if (known[limit] !== undefined) merged[limit] = known[limit];
      if (known.deprecated === true) merged.deprecated = true;
      if (mandatory) for (const name of known.required ?? []) merged.required.add(name);
      for (const [name, field] of Object.entries(known.properties ?? {}))
        merged.fields.set(name, (merged.fields.get(name) ?? new Set()).add(resolve(field)));
      if (known.items !== undefined) merged.items = (merged.items ?? new Set()).add(resolve(known.items));
      if (known.additionalProperties !== undefined) merged.others = known.additionalProperties;
      for (const part of known.allOf ?? []) take(part, mandatory);
      for (const part of [...(known.oneOf ?? []), ...(known.anyOf ?? [])]) take(part, false);
    };
    for (const schema of schemas) take(schema, true);
    return merged;
  };
  /** Every field below a schema by its path, with what is said of it. */
  const fields = (schema) => {
    const found = new Map();
    const walk = (schemas, path, depth) => {
      if (depth > deepest) return;
      const known = facts(schemas);
      for (const [name, field] of known.fields) {
        const inside = path === '' ? name : `${path}.${name}`;
        found.set(inside, { ...facts(field), mandatory: known.required.has(name) });
        walk(field, inside, depth + 1);
      }
      // Free to hold anything, or one kind of thing.
      if (
        known.others === true ||
        typeof known.others === 'object' ||
        (known.fields.size === 0 && known.items === undefined)
      )
        found.set(path === '' ? '*' : `${path}.*`, facts(typeof known.others === 'object' ? [known.others] : []));
      if (typeof known.others === 'object') walk([known.others], path === '' ? '*' : `${path}.*`, depth + 1);
      if (known.items !== undefined) {
        found.set(`${path}[]`, facts(known.items));
        walk(known.items, `${path}[]`, depth + 1);
      }
    };
    if (schema !== undefined) walk([schema], '', 0);
    return found;
  };
  const schemaOf = (content) => Object.values(content ?? {})[0]?.schema;
  const answers = new Map();
  const success = Object.entries(operation.responses ?? {}).filter(([status]) => /^2/.test(status));
  for (const [, response] of success)
    for (const [path, field] of fields(schemaOf(resolve(response)?.content)))
      if (!answers.has(path)) answers.set(path, field);
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
  const alternatives = operation.security ?? [];
  return {
    template,
    deprecated: operation.deprecated === true,
    parameters: new Map(
      parameters
        .filter((parameter) => parameter.in === 'query')
        .map((parameter) => {
          const known = facts([parameter.schema]);
          const values = known.items === undefined ? known : facts(known.items);
          return [
            parameter.name,
            { ...known, values: values.values, isChoice: values.isChoice, mandatory: parameter.required === true },
          ];
        }),
    ),
    sends: fields(schemaOf(resolve(operation.requestBody)?.content)),
    reads: answers,
    filters: operation['x-klaviyo-filters'] ?? null,
    limit: operation['x-klaviyo-ratelimit'] ?? null,
    // Klaviyo wants all of its list; of HubSpot's alternatives one is enough.
    scopes: Array.isArray(operation['x-klaviyo-scopes'])
      ? [operation['x-klaviyo-scopes']]
      : alternatives.map((one) => Object.values(one).flat()).filter((scopes) => scopes.length > 0),
  };
}

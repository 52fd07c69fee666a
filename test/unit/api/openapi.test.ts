import { describe, expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { openApi } from '../../../server/api/openapi.js';
import { operations } from '../../../server/api/operations.js';

/** Routes as the sources declare them: `router.get('/path'`. */
async function declared(): Promise<string[]> {
  const files = (await readdir('server/api')).filter(
    (name) =>
      !(
        // The download is not HubSpot's to fetch: it has a door of its own outside /api/v1.
        ['app.ts', 'issue-download.ts', 'openapi.ts', 'operations.ts'].includes(name)
      ),
  );
  const found: string[] = [];
  for (const file of files) {
    const text = await readFile(`server/api/${file}`, 'utf8');
    for (const [, method = '', path = ''] of text.matchAll(/router\.(get|post|patch|delete)\(\s*['`]([^'`]+)['`]/g)) {
      const kinds = path.includes('${kind}')
        ? [...text.matchAll(/klaviyoPicker\('(\w+)'/g)].map((match) => path.replace('${kind}', match[1] ?? ''))
        : [path];
      found.push(...kinds.map((one) => `${method} ${one.replace(/:(\w+)/g, '{$1}')}`));
    }
  }
  return found.sort();
}

describe('the published interface', () => {
  test('names every route that there is, and no other', async () => {
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(await declared());
  });

  test('is OpenAPI 3.1 with a schema for every body, made from what checks it', () => {
    const document = openApi('https://tandem.test') as {
      openapi: string;
      paths: Record<
        string,
        Record<
          string,
          {
            requestBody?: {
              content: Record<
                string,
                { schema: { anyOf?: { properties?: Record<string, unknown>; additionalProperties?: boolean }[] } }
              >;
            };
          }
        >
      >;
    };
    expect(document.openapi).toBe('3.1.0');
    const body = document.paths['/connections']?.['post']?.requestBody?.content['application/json']?.schema.anyOf?.[0];
    expect(Object.keys(body?.properties ?? {})).toEqual([
      'type',
      'name',
      'klaviyoAccountId',
      'direction',
      'rules',
      'mappings',
      'options',
      'unsaved',
    ]);
    expect(body?.additionalProperties).toBe(false);
    expect(() => JSON.stringify(document)).not.toThrow();
  });
});

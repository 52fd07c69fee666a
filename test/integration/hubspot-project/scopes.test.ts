import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';

const folder = 'server/vendors/hubspot';
interface Line {
  scope: string;
  asked: string;
  operations: string[];
  why: string;
}

/** The table of docs/scopes.md. */
async function table(): Promise<Line[]> {
  const rows = (await readFile('docs/scopes.md', 'utf8')).split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) => {
    const [, scope = '', asked = '', operations = '', why = ''] = row.split('|').map((cell) => cell.trim());
    return {
      scope: scope.replaceAll('`', ''),
      asked,
      operations: [...operations.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
      why,
    };
  });
}

/** Every operation that the HubSpot adapter can ask for, read out of its source. */
async function operations(): Promise<Set<string>> {
  const sources = await Promise.all((await readdir(folder)).map(async (name) => readFile(join(folder, name), 'utf8')));
  const found = new Set<string>();
  for (const text of sources) {
    for (const [, line = ''] of text.matchAll(/\boperation: (.+)/g))
      for (const [, name = ''] of line.matchAll(/'([a-zA-Z]+\.[a-zA-Z]+)'/g)) found.add(name);
    // The operations that are named after what they read.
    for (const [, object = ''] of text.matchAll(/batchRead\(\s*session,\s*'(\w+)'/g)) found.add(`${object}.batchRead`);
    for (const [, names = ''] of text.matchAll(/object\?: ((?:'\w+'(?: \| )?)+);/g))
      for (const [, object = ''] of names.matchAll(/'(\w+)'/g)) found.add(`${object}.search`);
  }
  return found;
}

describe('HubSpot scopes: no more than needed, each for a reason that is written down', () => {
  let lines: Line[];
  let auth: { requiredScopes: string[]; optionalScopes: string[]; conditionallyRequiredScopes: string[] };
  beforeAll(async () => {
    lines = await table();
    const scopes = z.array(z.string());
    ({ auth } = z
      .object({
        config: z.object({
          auth: z.object({ requiredScopes: scopes, optionalScopes: scopes, conditionallyRequiredScopes: scopes }),
        }),
      })
      .parse(JSON.parse(await readFile('hubspot-app/app/app-hsmeta.json', 'utf8')) as unknown).config);
  });

  test('the app asks for exactly the scopes of docs/scopes.md', () => {
    const of = (asked: string): string[] => lines.filter((line) => line.asked === asked).map(({ scope }) => scope);
    expect(of('required').sort()).toEqual([...auth.requiredScopes].sort());
    expect(of('optional').sort()).toEqual([...auth.optionalScopes].sort());
    expect(auth.conditionallyRequiredScopes).toEqual([]);
    expect(lines).toHaveLength(auth.requiredScopes.length + auth.optionalScopes.length);
  });

  test('each is needed by an operation, and says why', () => {
    for (const { scope, operations: needing, why } of lines) {
      expect([scope, needing.length]).not.toEqual([scope, 0]);
      expect(why.length).toBeGreaterThan(20);
    }
  });

  test('each operation of the HubSpot adapter stands in the table, and no other', async () => {
    const known = await operations();
    expect([...new Set(lines.flatMap((line) => line.operations))].sort()).toEqual([...known].sort());
  });

  test('timelines: event types ask for `timeline`, as HubSpot wants it', async () => {
    expect((await readdir('hubspot-app/app/app-events')).length).toBeGreaterThan(0);
    expect(auth.requiredScopes).toContain('timeline');
  });

  test('webhooks watch only what a required scope lets the app read', async () => {
    const text = await readFile('hubspot-app/app/webhooks/webhooks-hsmeta.json', 'utf8');
    const objects = new Set([...text.matchAll(/"objectType": "(\w+)"/g)].map(([, object = '']) => object));
    const plural: Record<string, string> = { contact: 'contacts', company: 'companies', deal: 'deals' };
    for (const object of objects) expect(auth.requiredScopes).toContain(`crm.objects.${plural[object]}.read`);
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectHubspotProject } from '../../../server/operator/inspect-hubspot-project.js';

let folder = '';
const url = 'https://tandem.example.net';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-project-'));
  await cp('hubspot-app', folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));
const profile = (name: string, address: string): Promise<void> =>
  writeFile(
    join(folder, `hsprofile.${name}.json`),
    JSON.stringify({ accountId: 1, variables: { SERVICE_URL: address } }),
  );

test('a project whose profile leads here is well; one without such a profile is pointed out', async () => {
  // The example is nobody's address.
  expect(await inspectHubspotProject(folder, 'https://tandem.example.com')).toMatchObject({ state: 'attention' });
  await profile('dev', 'https://tunnel.example.net');
  expect(await inspectHubspotProject(folder, url)).toMatchObject({
    state: 'attention',
    detail: `no profile leads to ${url}`,
    fix: expect.stringContaining('SERVICE_URL'),
  });
  await profile('prod', `${url}/`);
  expect(await inspectHubspotProject(folder, url)).toMatchObject({ state: 'well' });
  expect(await inspectHubspotProject(join(folder, 'elsewhere'), url)).toMatchObject({ state: 'well' });
});

test('other scopes than this version asks for are broken; a file that cannot be read is an error', async () => {
  const path = join(folder, 'app/app-hsmeta.json');
  const before = await readFile(path, 'utf8');
  await writeFile(path, before.replace('"timeline"', '"timeline", "e-commerce"'));
  expect(await inspectHubspotProject(folder, url)).toMatchObject({
    state: 'broken',
    fix: expect.stringContaining('Upload'),
  });
  await writeFile(path, before.slice(10));
  await expect(inspectHubspotProject(folder, url)).rejects.toThrow(SyntaxError);
});

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataFolder } from '../../../server/data-folder.js';
import { keptKeys } from '../../../server/oauth/kept-keys.js';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tandem-folder-'));
  await chmod(root, 0o711);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const silent = (): void => undefined;

test('DATA_DIR is taken as it is; without it, .data in the working folder', async () => {
  expect(await dataFolder(join(root, 'chosen'), root, silent)).toBe(join(root, 'chosen'));
  expect(await dataFolder(undefined, root, silent)).toBe(join(root, '.data'));
  expect((await stat(join(root, '.data'))).isDirectory()).toBe(true);
});

test('where PostgreSQL’s account may not go, data goes elsewhere, and says so', async () => {
  const home = join(root, 'home');
  await mkdir(join(home, 'app'), { recursive: true });
  await chmod(home, 0o700);
  const said: string[] = [];
  const folder = await dataFolder(
    undefined,
    join(home, 'app'),
    (message) => said.push(message),
    join(root, 'fallback'),
  );
  if (process.getuid?.() === 0) {
    expect(folder).toBe(join(root, 'fallback'));
    expect(said.join()).toContain(`data goes to ${folder}`);
  } else {
    expect(folder).toBe(join(home, 'app', '.data'));
  }
});

test('A4: keys are made once, kept for this account alone, and the same for all that start at once', async () => {
  const keys = (await Promise.all([1, 2, 3].map(() => keptKeys(root)))).flat();
  expect(keys).toHaveLength(3);
  expect(new Set(keys.map(({ id, key }) => `${id} ${key.toString('hex')}`)).size).toBe(1);
  expect((await stat(join(root, 'encryption-keys'))).mode & 0o777).toBe(0o600);
});

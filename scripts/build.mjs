/**
 * Turns the TypeScript of server/, sandbox/ and bench/ into build/, file by file and only where the source is newer.
 * Types are checked by `npm run lint`; this step only strips them, so a warm start costs milliseconds.
 */
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'build');
const sources = ['server', 'sandbox', 'bench'];

async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

const modified = async (path) => (await stat(path).catch(() => null))?.mtimeMs ?? 0;

const configStamp = await modified(fileURLToPath(import.meta.url));
const stale = [];
const wanted = new Set();
for (const source of sources) {
  for (const path of await filesBelow(join(root, source))) {
    if (!/\.ts$/.test(path) || path.endsWith('.d.ts')) continue;
    // What runs in a browser is bundled by extensions.mjs.
    if (relative(root, path).startsWith(join('sandbox', 'preview', 'browser'))) continue;
    const target = join(out, relative(root, path)).replace(/\.ts$/, '.js');
    wanted.add(target);
    const built = await modified(target);
    if (built < (await modified(path)) || built < configStamp) stale.push([path, target]);
  }
}
// A deleted source must not live on as a built file that something still imports. Other folders are others' work.
for (const path of (await Promise.all(sources.map((source) => filesBelow(join(out, source))))).flat()) {
  if (path.endsWith('.js') && !wanted.has(path)) await rm(path);
}
if (stale.length > 0) {
  const { transformFile } = await import('@swc/core');
  await Promise.all(
    stale.map(async ([path, target]) => {
      const { code } = await transformFile(path, {
        sourceMaps: 'inline',
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
      });
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, code);
    }),
  );
}

/**
 * Bundles the settings page and the cards with HubSpot's own builder into build/extensions, and the browser side of the
 * preview into build/preview. Skips what is newer than its sources.
 */
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { remoteBuild } from '@hubspot/ui-extensions-dev-server/build';
import { build } from 'vite';

// Tests set another one, and the builders would make a bundle for development of it.
process.env.NODE_ENV = 'production';

const root = fileURLToPath(new URL('..', import.meta.url));
const app = join(root, 'hubspot-app/app');
const out = join(root, 'build');

const newest = async (folder) => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const times = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath ?? entry.path, entry.name))).mtimeMs);
  return Math.max(0, ...(await Promise.all(times)));
};
const made = async (path) => (await stat(path).catch(() => null))?.mtimeMs ?? 0;
const self = await made(fileURLToPath(import.meta.url));

/** Every extension: where it stands and what it is built from. */
async function extensions() {
  const found = [];
  for (const folder of ['settings', 'cards']) {
    const files = await readdir(join(app, folder)).catch(() => []);
    for (const file of files.filter((name) => name.endsWith('-hsmeta.json'))) {
      const { uid, type, config } = JSON.parse(await readFile(join(app, folder, file), 'utf8'));
      const entryPoint = basename(config.entrypoint);
      found.push({
        uid,
        folder,
        entryPoint,
        bundle: `${entryPoint.replace(/\.tsx?$/, '')}.js`,
        location: type === 'settings' ? 'settings' : config.location,
        objectTypes: config.objectTypes ?? [],
        name: config.name ?? 'Settings',
      });
    }
  }
  return found;
}

const all = await extensions();
await mkdir(join(out, 'extensions'), { recursive: true });
for (const { folder, entryPoint, bundle } of all) {
  const since = await made(join(out, 'extensions', bundle));
  if (since > self && since > (await newest(join(app, folder)))) continue;
  // The builder empties the folder it writes to, so each has one of its own.
  const outputDir = join(out, 'bundles', bundle.replace(/\.js$/, ''));
  await remoteBuild({ root: join(app, folder), entryPoint, outputDir, logLevel: 'warn' });
  await copyFile(join(outputDir, bundle), join(out, 'extensions', bundle));
}
await writeFile(join(out, 'extensions/extensions.json'), JSON.stringify(all, null, 2));

const browser = join(root, 'sandbox/preview/browser');
const changed = await newest(browser);
for (const [entry, name] of [
  ['worker.ts', 'worker'],
  ['host.tsx', 'host'],
]) {
  const since = await made(join(out, 'preview', `${name}.js`));
  if (since > self && since > changed) continue;
  await build({
    configFile: false,
    root: browser,
    logLevel: 'warn',
    publicDir: false,
    define: { 'process.env.NODE_ENV': '"production"' },
    esbuild: { jsx: 'automatic' },
    build: {
      outDir: join(out, 'preview'),
      emptyOutDir: false,
      cssCodeSplit: false,
      lib: {
        entry: join(browser, entry),
        formats: ['iife'],
        name: 'preview',
        fileName: () => `${name}.js`,
        cssFileName: 'preview',
      },
    },
  });
}

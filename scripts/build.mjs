/**
 * Turns the TypeScript of server/, sandbox/ and bench/ into build/. Types are checked by `npm run lint`; this step only
 * strips them, so a warm start costs milliseconds. The service is bundled with the packages it uses: read from a handful
 * of files instead of two thousand it starts in half the time (docs/decisions/0002). Stand-ins and bench are stripped
 * file by file, only where the source is newer.
 */
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'build');
const stripped = ['sandbox', 'bench'];
/** What is started, and what tests and scripts import. */
const entries = [
  'main',
  'operator',
  'config',
  'oauth/scopes',
  'vendors/klaviyo/limits',
  'vendors/send-request',
  'oauth/seal',
  'store/migrate',
  'store/embedded/embedded-postgres',
  'store/embedded/postmaster',
];

async function filesBelow(folder) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

const modified = async (path) => (await stat(path).catch(() => null))?.mtimeMs ?? 0;
const newest = async (paths) => Math.max(0, ...(await Promise.all(paths.map(modified))));

const isSource = (path) => /\.ts$/.test(path) && !path.endsWith('.d.ts');
const configStamp = await newest([fileURLToPath(import.meta.url), join(root, 'package-lock.json')]);
const common = {
  absWorkingDir: root,
  outbase: '.',
  outdir: 'build',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcesContent: false,
  logLevel: 'warning',
};

const stale = [];
const wanted = new Set();
for (const source of stripped) {
  for (const path of (await filesBelow(join(root, source))).filter(isSource)) {
    // What runs in a browser is bundled by extensions.mjs.
    if (relative(root, path).startsWith(join('sandbox', 'preview', 'browser'))) continue;
    const target = join(out, relative(root, path)).replace(/\.ts$/, '.js');
    wanted.add(target);
    const built = await modified(target);
    if (built < (await modified(path)) || built < configStamp) stale.push(path);
  }
}
// A deleted source must not live on as a built file that something still imports. Other folders are others' work.
for (const path of (await Promise.all(stripped.map((source) => filesBelow(join(out, source))))).flat())
  if (path.endsWith('.js') && !wanted.has(path)) await rm(path);

const service = (await filesBelow(join(root, 'server'))).filter(isSource);
const oldest = Math.min(...(await Promise.all(entries.map((entry) => modified(join(out, 'server', `${entry}.js`))))));
const isServiceStale = oldest < Math.max(configStamp, await newest([join(root, 'server'), ...service]));

if (stale.length > 0 || isServiceStale) {
  const { build } = await import('esbuild');
  if (stale.length > 0) await build({ ...common, entryPoints: stale, sourcemap: 'inline' });
  if (isServiceStale) {
    const { metafile } = await build({
      ...common,
      entryPoints: entries.map((entry) => `server/${entry}.ts`),
      bundle: true,
      splitting: true,
      chunkNames: 'server/chunks/[name]-[hash]',
      sourcemap: 'linked',
      metafile: true,
      external: ['pg-native'],
      // Packages in CommonJS ask for others at run time.
      banner: {
        js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
      },
    });
    // The first error whose stack is shown loads the maps of all that is loaded: with those of the vendors' SDKs it took
    // 170 MB and a second. Pieces that are all but packages go without.
    for (const [path, { inputs, bytes }] of Object.entries(metafile.outputs)) {
      const ours = Object.entries(inputs).filter(([input]) => !input.startsWith('node_modules/'));
      const share = ours.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0) / bytes;
      if (!path.endsWith('.js') || share > 0.01) continue;
      const piece = await readFile(join(root, path), 'utf8');
      await writeFile(join(root, path), piece.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n'));
    }
    // Pieces of former builds go after a day: a process that runs from them loads the vendors' SDKs late.
    const made = new Set(Object.keys(metafile.outputs).map((path) => join(root, path)));
    for (const path of await filesBelow(join(out, 'server')))
      if (!made.has(path) && (await modified(path)) < Date.now() - 86_400_000) await rm(path);
  }
}

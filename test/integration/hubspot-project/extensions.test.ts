import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';

const run = promisify(execFile);
const app = 'hubspot-app/app';
const built = z.array(
  z.object({ uid: z.string(), folder: z.string(), entryPoint: z.string(), bundle: z.string(), location: z.string() }),
);

/** All sources of the extensions. */
async function sources(): Promise<{ path: string; text: string }[]> {
  const paths = await Promise.all(
    ['cards', 'settings'].map(async (folder) =>
      (await readdir(join(app, folder), { recursive: true }))
        .filter((name) => /\.tsx?$/.test(name))
        .map((name) => join(app, folder, name)),
    ),
  );
  return Promise.all(paths.flat().map(async (path) => ({ path, text: await readFile(path, 'utf8') })));
}

describe('the extensions', () => {
  let extensions: z.infer<typeof built>;
  beforeAll(async () => {
    await run(process.execPath, [join('scripts', 'extensions.mjs')]);
    extensions = built.parse(JSON.parse(await readFile('build/extensions/extensions.json', 'utf8')) as unknown);
  }, 60_000);

  test('HubSpot’s bundler makes one bundle of each, as a classic script', async () => {
    expect(extensions.map(({ uid }) => uid).sort()).toEqual([
      'tandem_company',
      'tandem_contact_sidebar',
      'tandem_contact_tab',
      'tandem_deal',
      'tandem_settings',
    ]);
    for (const { bundle, entryPoint } of extensions) {
      const text = await readFile(join('build/extensions', bundle), 'utf8');
      expect(text).toContain(`this.${entryPoint.replace('.tsx', '')}=`);
      expect(text).not.toMatch(/^\s*(import|export)\s/m);
      // HubSpot loads it with every record that is opened.
      expect((await stat(join('build/extensions', bundle))).size).toBeLessThan(200_000);
    }
  });

  test('each is extended at the place that its component names', async () => {
    for (const { folder, entryPoint, location } of extensions)
      expect(await readFile(join(app, folder, entryPoint), 'utf8')).toContain(`hubspot.extend<'${location}'>(`);
  });

  test('they ask one address only, that of the profile, which is the permitted one', async () => {
    const all = await sources();
    const asking = all.filter(({ text }) => /hubspot\.fetch\(/.test(text)).map(({ path }) => path);
    expect(asking.sort()).toEqual([
      join(app, 'cards/shared/create-platform.ts'),
      join(app, 'settings/create-platform.ts'),
    ]);
    for (const path of asking) expect(await readFile(path, 'utf8')).toContain("context.variables?.['SERVICE_URL']");
    // The other addresses are links that people follow.
    for (const { text } of all)
      for (const [, before = ''] of text.matchAll(/(.{0,12})[`'"]https?:\/\/(?!www\.example\.com)/g))
        expect(before).toMatch(/url: $/);
    const { config } = z
      .object({ config: z.object({ permittedUrls: z.object({ fetch: z.array(z.string()) }) }) })
      .parse(JSON.parse(await readFile(join(app, 'app-hsmeta.json'), 'utf8')) as unknown);
    expect(config.permittedUrls.fetch).toEqual(['${SERVICE_URL}']);
  });

  test('each folder has its own package with the versions that are tested here', async () => {
    const manifest = z.object({ name: z.string(), dependencies: z.record(z.string(), z.string()) }).loose();
    const read = async (path: string): Promise<z.infer<typeof manifest>> =>
      manifest.parse(JSON.parse(await readFile(path, 'utf8')) as unknown);
    const own = z
      .object({ devDependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(await readFile('package.json', 'utf8')) as unknown);
    const packages = await Promise.all(['cards', 'settings'].map((folder) => read(join(app, folder, 'package.json'))));
    expect(new Set(packages.map(({ name }) => name)).size).toBe(2);
    for (const { dependencies } of packages)
      for (const [name, version] of Object.entries(dependencies)) expect(own.devDependencies[name]).toBe(version);
  });
});

describe('HubSpot’s lint', () => {
  const bad = `import { SettingsPage } from '../settings/SettingsPage.js';
    import { PageTitle } from '@hubspot/ui-extensions/pages';
    export const Bad = () => <div onClick={() => void fetch('https://example.com')}>{document.title}</div>;
    localStorage.setItem('a', String(SettingsPage) + String(PageTitle));
    alert('b');`;
  const findings = z.array(
    z.object({ filePath: z.string(), messages: z.array(z.object({ ruleId: z.string().nullable() })) }),
  );

  /** What ESLint finds, by file: the names of the rules. */
  async function lint(folder: string, options: string[]): Promise<Map<string, Set<string>>> {
    const eslint = join(process.cwd(), 'node_modules/eslint/bin/eslint.js');
    // It ends with 1 when it finds something.
    const { stdout } = await run(process.execPath, [eslint, '--format', 'json', ...options], { cwd: folder }).catch(
      (error: unknown) => z.object({ stdout: z.string() }).parse(error),
    );
    return new Map(
      findings
        .parse(JSON.parse(stdout) as unknown)
        .filter(({ messages }) => messages.length > 0)
        .map(({ filePath, messages }) => [
          basename(filePath),
          new Set(messages.map(({ ruleId }) => ruleId ?? 'syntax')),
        ]),
    );
  }

  test('passes over the extensions where HubSpot looks for them, and finds what it forbids', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lint-'));
    try {
      const from = (name: string): string => pathToFileURL(join(process.cwd(), 'node_modules', name)).href;
      // Its rules on imports apply below src/app only.
      await cp(app, join(folder, 'src', 'app'), { recursive: true });
      await writeFile(join(folder, 'src', 'app', 'cards', 'BadCard.tsx'), bad);
      await writeFile(
        join(folder, 'eslint.config.mjs'),
        `import { config } from '${from('@hubspot/eslint-config-ui-extensions/dist/index.js')}';
         import parser from '${from('@typescript-eslint/parser/dist/index.js')}';
         export default [...config, { files: ['**/*.{ts,tsx}'], languageOptions: { parser } }];`,
      );
      const rules = [
        'no-parent-imports',
        'no-invalid-extension-point-imports',
        'no-html-elements',
        'no-native-http',
        'no-dom-access',
        'no-browser-storage',
        'no-browser-dialogs',
      ];
      expect(await lint(folder, ['.'])).toEqual(
        new Map([['BadCard.tsx', new Set(rules.map((rule) => `@hubspot/ui-extensions/${rule}`))]]),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('is part of this project’s lint', async () => {
    const { stdout } = await run(process.execPath, [
      'node_modules/eslint/bin/eslint.js',
      '--print-config',
      join(app, 'cards/words.ts'),
    ]);
    const { rules } = z
      .object({ rules: z.record(z.string(), z.array(z.unknown())) })
      .parse(JSON.parse(stdout) as unknown);
    const ours = Object.entries(rules).filter(([name]) => name.startsWith('@hubspot/ui-extensions/'));
    expect(ours).toHaveLength(12);
    for (const [name, [severity]] of ours) expect([name, severity]).not.toEqual([name, 0]);
  });
});

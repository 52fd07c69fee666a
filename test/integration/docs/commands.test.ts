import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import pg from 'pg';
import { operations } from '../../../server/api/operations.js';
import { loadConfig } from '../../../server/config.js';
import { openTestDatabase } from '../../helpers/test-database.js';

/** The documentation, word for word: its commands are run, its SQL too, and what it names is there. */
interface How {
  here?: string;
  by?: string;
  proof?: string;
  long?: string[];
  cannot?: string;
}
interface Page {
  path: string;
  text: string;
}
let pages: Page[] = [];
let how: [pattern: RegExp, how: How][] = [];
let read: {
  pages(): Promise<Page[]>;
  commandsOf(text: string): string[];
  blocks(text: string, language: string): string[];
  pieces(text: string): string[];
};
let folder = '';
beforeAll(async () => {
  read = (await import(resolve('scripts/docs/read-documentation.mjs'))) as typeof read;
  ({ how } = (await import(resolve('scripts/docs/how-commands-run.mjs'))) as { how: typeof how });
  [pages, folder] = await Promise.all([read.pages(), mkdtemp(join(tmpdir(), 'tandem-docs-'))]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const commands = (): string[] => [...new Set(pages.flatMap(({ text }) => read.commandsOf(text)))];
const howOf = (command: string): How | undefined => how.find(([pattern]) => pattern.test(command))?.[1];
const run = (
  file: string,
  parameters: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<{ code: number; out: string; err: string }> =>
  new Promise((done) => {
    execFile(file, parameters, options, (error, out, err) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('commands', () => {
  test('each is run by a test, or it is said why it cannot be; no rule is left over', async () => {
    expect(commands().filter((command) => howOf(command) === undefined)).toEqual([]);
    expect(how.filter(([pattern]) => !commands().some((command) => pattern.test(command))).map(String)).toEqual([]);
    for (const [, { by, proof, cannot, here, long }] of how) {
      if (by !== undefined) expect([by, (await readFile(by, 'utf8')).includes(proof ?? '')]).toEqual([by, true]);
      else expect([here, long, cannot].filter((one) => one !== undefined)).toHaveLength(1);
      if (cannot !== undefined) expect(cannot.length).toBeGreaterThan(20);
    }
  });

  test('each npm script that is named is one, and each one is named', async () => {
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
    const text = pages.map((page) => page.text).join('\n');
    const named = new Set([...text.matchAll(/\bnpm (?:run )?([a-z][a-z:]*)/g)].map(([, name = '']) => name));
    expect([...named].filter((name) => !(name in scripts) && !['ci', 'install'].includes(name))).toEqual([]);
    expect(Object.keys(scripts).filter((name) => !named.has(name) && name !== 'format:check')).toEqual([]);
    // What `npm start` starts is what the unit starts.
    const unit = await readFile('deploy/tandem@.service', 'utf8');
    const [, command = ''] = /^ExecStart=\/usr\/bin\/(.+)$/m.exec(unit) ?? [];
    expect(scripts['start']).toBe(`${scripts['build']} && ${command}`);
  });

  test('paths of tests lead to tests', async () => {
    const files = (await readdir('test', { recursive: true })).filter((name) => /\.test\.tsx?$/.test(name));
    const paths = commands().flatMap((command) => /^npm run test:jest -- (\S+)$/.exec(command)?.[1] ?? []);
    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) expect([path, files.some((name) => `test/${name}`.includes(path))]).toEqual([path, true]);
  });

  test('timeline events are left out for the first upload and written again, the same', async () => {
    const types = 'hubspot-app/app/app-events';
    await cp(types, join(folder, types), { recursive: true });
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    const script = resolve('scripts/app-events.mjs');
    for (const command of commands().filter((one) => howOf(one)?.here === 'app-events')) {
      const given = command.includes('--leave-out') ? ['--leave-out'] : [];
      expect((await run(process.execPath, [script, ...given], { cwd: folder })).code).toBe(0);
      expect(await exists(join(folder, types))).toBe(given.length === 0);
    }
    await run(process.execPath, [script], { cwd: folder });
    const names = (await readdir(types)).sort();
    expect((await readdir(join(folder, types))).sort()).toEqual(names);
    for (const name of names)
      expect(await readFile(join(folder, types, name), 'utf8')).toBe(await readFile(join(types, name), 'utf8'));
  });

  test('the machine of the guide: its settings are made, filled in, taken by the service, and judged by doctor', async () => {
    const root = join(folder, 'machine');
    await Promise.all(['etc/systemd/system', 'opt'].map((path) => mkdir(join(root, path), { recursive: true })));
    const here = (command: string): string =>
      command.replaceAll('sudo ', '').replace(/(?<=[ =])\/(etc|opt)\//g, `${root}/$1/`);
    let key = '';
    for (const command of commands().filter((one) => howOf(one)?.here === 'machine')) {
      const { code, out } = await run('bash', ['-euo', 'pipefail', '-c', here(command)]);
      expect([command, code]).toEqual([command, 0]);
      if (command.includes('openssl')) key = out.trim();
    }
    expect(await exists(join(root, 'etc/systemd/system/tandem@.service'))).toBe(true);
    expect((await stat(join(root, 'etc/tandem.env'))).mode & 0o777).toBe(0o600);
    const filled = {
      HUBSPOT_APP_ID: '1',
      HUBSPOT_CLIENT_ID: 'id',
      HUBSPOT_CLIENT_SECRET: 'secret',
      DATABASE_URL: 'postgresql://tandem:pw@127.0.0.1:1/tandem',
      ENCRYPTION_KEYS: key,
      PUBLIC_URL: 'https://tandem.example.com',
      HOST: '127.0.0.1',
      // Nobody's vendors: doctor is to find them away.
      HUBSPOT_API_URL: 'http://127.0.0.1:1',
      KLAVIYO_API_URL: 'http://127.0.0.1:1',
    };
    const example = await readFile(join(root, 'etc/tandem.env'), 'utf8');
    const lines = example
      .split('\n')
      .filter((line) => !/^(HUBSPOT_APP_ID|HUBSPOT_CLIENT_ID|HUBSPOT_CLIENT_SECRET)=/.test(line));
    const settings = [...lines, ...Object.entries(filled).map(([name, value]) => `${name}=${value}`)].join('\n');
    await writeFile(join(root, 'etc/tandem.env'), settings);
    const roles: [string, number | null][] = [];
    for (const instance of ['web', 'worker1', 'worker2']) {
      const own = await readFile(join(root, `etc/tandem-${instance}.env`), 'utf8');
      const config = loadConfig({ ...parseEnv(settings), ...parseEnv(own) });
      roles.push([config.role, config.metricsPort]);
    }
    expect(roles).toEqual([
      ['web', 9464],
      ['worker', 9465],
      ['worker', 9466],
    ]);
    const doctor = commands().find((one) => howOf(one)?.here === 'env-file' && one.endsWith(' doctor')) ?? '';
    const { code, out } = await run('bash', ['-c', here(doctor)], {
      env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
    });
    expect([code, out]).toEqual([1, expect.stringMatching(/database +broken +cannot be used: .*ECONNREFUSED/)]);
    expect(out).toMatch(/HubSpot +broken/);
  });
});

test('the SQL of the guide does what it says, on a server of ours', async () => {
  const database = await openTestDatabase();
  const admin = new pg.Client({ connectionString: process.env['TANDEM_TEST_DATABASE'] ?? '' });
  await admin.connect();
  // Names of the guide belong to the whole server: here they get others.
  const own = `docs_${randomBytes(4).toString('hex')}`;
  const statements = pages
    .flatMap(({ text }) => read.blocks(text, 'sql'))
    .flatMap((block) => block.replace(/--.*$/gm, '').split(';'))
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  expect(statements.length).toBeGreaterThan(3);
  for (const statement of statements) await admin.query(statement.replace(/\btandem(?=\b|_)/g, own));
  const { rows } = await admin.query<{ may: boolean }>(
    `select pg_has_role($1::name, $2::name, 'member') as may from pg_database where datname = $1`,
    [own, `${own}_portal`],
  );
  expect(rows).toEqual([{ may: true }]);
  await admin.query(`drop database ${own}`);
  await admin.query(`drop role ${own}`);
  await admin.query(`drop role ${own}_portal`);
  await admin.end();
  const asked = pages.flatMap(({ text }) => read.pieces(text)).filter((code) => /^select .+ from /.test(code));
  expect(asked.length).toBeGreaterThan(0);
  for (const query of asked.filter((one) => !one.includes('…'))) await database.db.query(query);
  await database.close();
});

describe('what is named is there', () => {
  /** As a forge makes an address of a heading. */
  const anchors = (text: string): string[] =>
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-'),
    );

  test('links lead to files, and to headings in them', async () => {
    for (const { path, text } of pages)
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target)) {
          expect([path, URL.canParse(target)]).toEqual([path, true]);
          continue;
        }
        const [file = '', anchor] = target.split('#');
        const led = file === '' ? path : normalize(join(dirname(path), file));
        expect([path, target, await exists(led)]).toEqual([path, target, true]);
        if (anchor !== undefined) expect(anchors(await readFile(led, 'utf8'))).toContain(anchor);
      }
  });

  test('files and folders, and tests by their short names', async () => {
    const roots = /^(server|docs|deploy|scripts|test|sandbox|hubspot-app|migrations|bench|\.github|\.ci)\//;
    const short =
      /^(journeys|browser|integration|store|queue|logs|docs|hubspot-project|api|oauth)\/[a-z-]+(\/[a-z-]+)?$/;
    // Made by who reads it, and a name with a blank.
    const yours = ['hubspot-app/hsprofile.prod.json', 'docs/decisions/NNNN-title.md'];
    const decisions = await readdir('docs/decisions');
    const missing: string[] = [];
    for (const { path, text } of pages)
      for (const code of read.pieces(text).filter((one) => !yours.includes(one))) {
        const file = code.replace(/\/$/, '');
        const [, decision] = /^docs\/decisions\/(\d{4})$/.exec(code) ?? [];
        if (decision !== undefined && decisions.some((name) => name.startsWith(decision))) continue;
        if (roots.test(code) && /^[\w@./-]+$/.test(code) && !short.test(code)) {
          if (!(await exists(file))) missing.push(`${path}: ${code}`);
        } else if (short.test(code)) {
          const places = [
            `test/${code}.test.ts`,
            `test/integration/${code}.test.ts`,
            `server/${code}.ts`,
            code,
            `server/${code}`,
          ];
          const there = await Promise.all(places.map(exists));
          if (!there.includes(true)) missing.push(`${path}: ${code}`);
        }
      }
    expect(missing).toEqual([]);
  });

  test('addresses of the service, settings', async () => {
    const text = pages.map((page) => page.text).join('\n');
    for (const [, method = '', path = ''] of text.matchAll(/`(GET|POST|PATCH|DELETE) \/api\/v1(\/[^`?\s]*)/g)) {
      if (path === '/openapi.json') continue;
      const known = operations.some((one) => one.method === method.toLowerCase() && one.path === path);
      expect([method, path, known]).toEqual([method, path, true]);
    }
    const settings = [...(await readFile('docs/settings.md', 'utf8')).matchAll(/^\| `([A-Z_]+)`/gm)].map(
      ([, name]) => name!,
    );
    const others =
      /^(OTEL_\w+|POSTGRES_PASSWORD|SERVICE_URL|SUPPORT_EMAIL|SUPPORT_PHONE|SUPPORT_URL|DOCUMENTATION_URL|TANDEM_TEST_TRAFFIC|TEST_DATABASE_URL)$/;
    const shouted = pages
      .flatMap(({ text: page }) => read.pieces(page))
      .filter((code) => /^[A-Z]+(_[A-Z]+)+$/.test(code));
    expect([...new Set(shouted)].filter((name) => !settings.includes(name) && !others.test(name))).toEqual([]);
  });
});

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { parseProject, type Component } from './parse-project.js';

/** A copy of the project that a test may break. */
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'project-'));
  await cp('hsproject.json', join(folder, 'hsproject.json'));
  await cp('hubspot-app', join(folder, 'hubspot-app'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const app = (...path: string[]): string => join(folder, 'hubspot-app', 'app', ...path);
const parsed = (): Promise<Component[]> => parseProject(folder, 'example');
const typesOf = (components: readonly Component[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { type } of components) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
};
async function change(file: string, part: (config: Record<string, unknown>) => void): Promise<void> {
  const meta = z
    .object({ config: z.record(z.string(), z.unknown()) })
    .loose()
    .parse(JSON.parse(await readFile(app(file), 'utf8')) as unknown);
  part(meta.config);
  await writeFile(app(file), JSON.stringify(meta));
}

describe('HubSpot’s own parser takes the project', () => {
  test('with every component, none skipped', async () => {
    expect(typesOf(await parsed())).toEqual({ APPLICATION: 1, CARD: 4, SETTINGS: 1, WEBHOOKS: 1, APP_EVENT: 21 });
  });

  test('for the first upload, which HubSpot takes without timeline events only', async () => {
    const script = join(process.cwd(), 'scripts', 'app-events.mjs');
    await promisify(execFile)(process.execPath, [script, '--leave-out'], { cwd: folder });
    expect(typesOf(await parsed())).toEqual({ APPLICATION: 1, CARD: 4, SETTINGS: 1, WEBHOOKS: 1 });
    await promisify(execFile)(process.execPath, [script], { cwd: folder });
    expect(typesOf(await parsed())).toMatchObject({ APP_EVENT: 21 });
    for (const name of await readdir(app('app-events')))
      expect(await readFile(app('app-events', name), 'utf8')).toBe(
        await readFile(join('hubspot-app/app/app-events', name), 'utf8'),
      );
  });

  test('with addresses of the profile, over https', async () => {
    const profile = z
      .object({ variables: z.object({ SERVICE_URL: z.string() }).loose() })
      .parse(JSON.parse(await readFile('hubspot-app/hsprofile.example.json', 'utf8')) as unknown);
    const { SERVICE_URL: service } = profile.variables;
    const components = await parsed();
    const configOf = (type: string): unknown => components.find((one) => one.type === type)?.config;
    expect(configOf('APPLICATION')).toMatchObject({
      auth: { redirectUrls: [`${service}/oauth/hubspot/callback`] },
      permittedUrls: { fetch: [service], iframe: [], img: [] },
    });
    expect(configOf('WEBHOOKS')).toMatchObject({ settings: { targetUrl: `${service}/webhooks/hubspot` } });
  });

  test('and every entry point exists', async () => {
    for (const { config } of await parsed()) {
      if (typeof config['entrypoint'] !== 'string') continue;
      await expect(readFile(join(folder, 'hubspot-app', config['entrypoint']), 'utf8')).resolves.toContain(
        'hubspot.extend',
      );
    }
  });

  test('event types: sentence case, past tense, one for each activity and object, templates of their own properties', async () => {
    const types = (await parsed()).filter(({ type }) => type === 'APP_EVENT').map(({ config }) => config);
    for (const config of types) {
      const names = z.array(z.object({ name: z.string() })).parse(config['properties']);
      const known = new Set(names.map(({ name }) => name));
      const templates = `${String(config['headerTemplate'])} ${String(config['detailTemplate'])}`;
      for (const [, name = ''] of templates.matchAll(/\{\{(?:#if )?(\w+)\}\}/g)) expect(known).toContain(name);
      expect(config['name']).toMatch(/^Klaviyo [a-z ]+ed( as spam)? \((contact|company|deal)\)$|^Klaviyo email sent /);
    }
    expect(new Set(types.map(({ name }) => name)).size).toBe(types.length);
  });
});

describe('it refuses', () => {
  test.each<[string, RegExp, () => Promise<void>]>([
    [
      'a card in a folder one too deep, instead of leaving it out in silence',
      /skipped/,
      async () => {
        await mkdir(app('cards/deep'));
        await cp(app('cards/deal-card-hsmeta.json'), app('cards/deep/other-hsmeta.json'));
      },
    ],
    [
      'two components of one name',
      /[Dd]uplicate/,
      () => cp(app('cards/deal-card-hsmeta.json'), app('cards/twin-hsmeta.json')),
    ],
    [
      'a card at a place that does not exist',
      /location/,
      () => change('cards/deal-card-hsmeta.json', (config) => (config['location'] = 'crm.record.middle')),
    ],
    [
      'a field that nobody looked up',
      /additional|colour/,
      () => change('cards/deal-card-hsmeta.json', (config) => (config['colour'] = 'red')),
    ],
    [
      'a service over plain http',
      /pattern|fetch/,
      () =>
        change('app-hsmeta.json', (config) => {
          config['permittedUrls'] = { fetch: ['http://tandem.example.com'], iframe: [], img: [] };
        }),
    ],
    [
      'a watched property without a name',
      /propertyName|then/,
      () =>
        change('webhooks/webhooks-hsmeta.json', (config) => {
          config['subscriptions'] = {
            crmObjects: [{ subscriptionType: 'object.propertyChange', objectType: 'contact', active: true }],
            legacyCrmObjects: [],
            hubEvents: [],
          };
        }),
    ],
    [
      'an event name of more than 50 characters',
      /50|name/,
      () => change('app-events/email_sent-deal-hsmeta.json', (config) => (config['name'] = 'x'.repeat(51))),
    ],
  ])('%s', async (_, said, spoil) => {
    await spoil();
    const refusal = await parsed().then(
      () => 'taken',
      (error: unknown) => (error instanceof Error ? `${error.message}\n${String(error)}` : String(error)),
    );
    expect(refusal).toMatch(said);
  });
});

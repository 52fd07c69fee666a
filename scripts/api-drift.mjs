/**
 * What a newer copy of the vendors' OpenAPI documents changes in what we use of them (docs/deadlines.md says when to look).
 *
 *   npm run drift -- --hubspot <file or folder> --klaviyo <file or folder>
 *       [--hubspot-before <…>] [--klaviyo-before <…>]   an older copy: only what is new is told
 *       [--hubspot-version 2027-03]                     looks for our calls under that version of HubSpot's
 *       [--json]
 *   npm run drift -- --record <folder with recorded traffic>   writes docs/api-use.json anew
 *
 * Exit status 1 when something that we use breaks, 2 when it was asked wrongly.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hubspotOptionalScopes, hubspotScopes, klaviyoScopes } from '../build/server/oauth/scopes.js';
import { endpointOf, klaviyoWindows } from '../build/server/vendors/klaviyo/limits.js';
import { compareUse } from './drift/compare-use.mjs';
import { openDocuments } from './drift/open-documents.mjs';
import { useOfTraffic } from './drift/use-of-traffic.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const record = join(root, 'docs/api-use.json');
const text = { type: 'string' };
const options = {
  hubspot: text,
  'hubspot-before': text,
  'hubspot-version': text,
  klaviyo: text,
  'klaviyo-before': text,
  record: text,
  use: text,
  json: { type: 'boolean', default: false },
};
const say = (line) => process.stdout.write(`${line}\n`);

/** Every word in the code that speaks to a vendor: fields it reads, values it sends. */
async function wordsOf(vendor) {
  const folder = join(root, 'server/vendors', vendor);
  const sources = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
  return new Set(sources.flatMap((source) => source.match(/[A-Za-z_][\w-]*/g) ?? []));
}

/** The buckets that our calls of an endpoint of Klaviyo's go through. */
function paceOf(method, path) {
  const { operation, tier } = endpointOf(method, path.replaceAll('{id}', 'x'));
  const [burst, steady] = klaviyoWindows('any', operation, tier);
  return { burst, steady };
}

const asked = (() => {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return process.exit(2);
  }
})();
const words = { hubspot: await wordsOf('hubspot'), klaviyo: await wordsOf('klaviyo') };
if (asked.record !== undefined) {
  const use = await useOfTraffic(asked.record, words);
  const { format } = await import('oxfmt');
  await writeFile(record, (await format('api-use.json', JSON.stringify(use), { printWidth: 120 })).code);
  say(
    `docs/api-use.json: ${Object.keys(use.hubspot).length} calls of HubSpot, ${Object.keys(use.klaviyo).length} of Klaviyo`,
  );
  process.exit(0);
}
if (asked.hubspot === undefined && asked.klaviyo === undefined) {
  process.stderr.write('Name a newer copy: --hubspot <file or folder>, --klaviyo <file or folder>, or both.\n');
  process.exit(2);
}

const use = JSON.parse(await readFile(asked.use ?? record, 'utf8'));
const vendors = [
  {
    vendor: 'hubspot',
    name: 'HubSpot',
    scopes: [...hubspotScopes, ...hubspotOptionalScopes],
    moved: (path) =>
      asked['hubspot-version'] === undefined
        ? path
        : path.replace(/\/\d{4}-\d{2}(?=\/|$)/, `/${asked['hubspot-version']}`),
  },
  { vendor: 'klaviyo', name: 'Klaviyo', scopes: [...klaviyoScopes], limits: paceOf },
].filter(({ vendor }) => asked[vendor] !== undefined);
const told = [];
for (const { vendor, name, ...facts } of vendors) {
  try {
    const newer = await openDocuments(asked[vendor]);
    const before = asked[`${vendor}-before`];
    const older = before === undefined ? null : await openDocuments(before);
    const compared = compareUse({ ...facts, use: use[vendor], newer, older, names: words[vendor] });
    told.push({
      vendor: name,
      calls: Object.keys(use[vendor]).length,
      newer: newer.version,
      older: older?.version ?? null,
      ...compared,
    });
  } catch (error) {
    process.stderr.write(`The documents of ${name} cannot be read: ${error.message}\n`);
    process.exit(2);
  }
}

const order = ['breaks', 'look', 'news'];
const breaking = told.flatMap(({ findings }) => findings).filter(({ weight }) => weight === 'breaks');
if (breaking.length > 0) process.exitCode = 1;
if (asked.json) say(JSON.stringify(told, null, 2));
else
  for (const { vendor, calls, newer, older, findings, unknown } of told) {
    say(`${vendor}: ${calls} calls that we use, against ${newer}${older === null ? '' : ` and, before it, ${older}`}`);
    for (const weight of order) {
      const lines = findings.filter((finding) => finding.weight === weight);
      if (lines.length > 0) say(`\n  ${weight}`);
      for (const { call, what } of lines) say(`    ${call}: ${what}`);
    }
    if (findings.length === 0) say('  nothing of what we use has changed');
    if (unknown.length > 0) say(`\n  in neither copy, so not judged: ${unknown.join(', ')}`);
    say('');
  }
